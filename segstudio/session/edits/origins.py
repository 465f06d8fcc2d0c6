"""Who made each pixel of the open image, as of now: read in a worker, kept up stroke by stroke."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.event import Event
from segstudio.core.geometry import Rect
from segstudio.core.layer import LABELS
from segstudio.core.raster import UNLABELLED, RasterDelta
from segstudio.core.transaction import Edit
from segstudio.session.document import Document, Recorded
from segstudio.session.jobs import Job
from segstudio.store.origin_replay import UNKNOWN, Origin, OriginRaster
from segstudio.store.origins import origin_of, restored_by
from segstudio.store.records import AUTOMATIC_KINDS, ORIGIN_KINDS, RunRow

if TYPE_CHECKING:
    from segstudio.session.session import Session

KIND_CODE: Mapping[str, int] = {kind: code for code, kind in enumerate(ORIGIN_KINDS, 1)}
"""Codes of the kinds of origins in `Document.origin_kinds`; 0 is unlabelled."""
_KEY = "origins"
_PATCHES_AT_ONCE = 64
"""Edits of more tiles are looked up in the store, in a worker, like those that undo took back."""

Mask = NDArray[np.bool_]
Made = tuple[Rect, Mask, Origin]
"""What one edit made: a rectangle, its pixels that changed, and their origin from now on."""


class Sparing:
    """A `Spare` of `accept`: leaves out what people drew; `pixels` counts what would have changed of it."""

    def __init__(self, by_people: Callable[[Rect], Mask]) -> None:
        self._by_people = by_people
        self.pixels = 0

    def __call__(self, rect: Rect, chosen_hw: Mask) -> Mask:
        """The pixels of `chosen_hw`, `[rect.height, rect.width]`, that no person drew."""
        drawn = chosen_hw & self._by_people(rect)
        self.pixels += int(np.count_nonzero(drawn))
        return chosen_hw & ~drawn

    @property
    def text(self) -> str:
        """What was kept, for a message; "" where that is nothing."""
        return f"kept {self.pixels:,} pixels that people drew".replace(",", "\u202f") if self.pixels else ""


class LiveOrigins:
    """Asks for nothing until somebody wants to know; `changed` is emitted when the answer is there or another.

    All methods belong to the home thread.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self._session = session
        self._document: Document | None = None
        self._raster: OriginRaster | None = None
        self._runs: Mapping[str, RunRow] = {}
        self._kinds_of: NDArray[np.uint8] = np.zeros(1, np.uint8)
        self._since: list[Made] = []
        self._busy = self._again = False
        self._waiting: list[Callable[[], None]] = []
        session.document_changed.connect(self._on_document)
        session.view.changed.connect(self._on_view)

    @property
    def raster(self) -> OriginRaster | None:
        """Who made each pixel; None until it is known (see `need`)."""
        return self._raster

    @property
    def is_current(self) -> bool:
        """Whether `raster` is there and no edit is being looked up."""
        return self._raster is not None and not self._busy

    def need(self, then: Callable[[], None] | None = None) -> None:
        """Find out who made the open image's labels, and keep it up; `then` is called once it is known, or now."""
        if self._document is not self._session.document:
            self._follow(self._session.document)
        if self._document is None:
            return
        if self.is_current:
            if then is not None:
                then()
            return
        if then is not None:
            self._waiting.append(then)
        if not self._busy:
            self._ask()

    def at(self, x: int, y: int) -> Origin | None:
        """Who made a pixel; None where nobody touched it or that is not known yet, which it soon is."""
        self.need()
        return (self._raster.at(x, y) or None) if self._raster is not None else None

    def by_people(self, rect: Rect) -> Mask:
        """The labelled pixels of `rect` that a person drew, brought or looked through, `[rect.height, rect.width]`.

        Those of which it is not known count as a person's, and so does all of an image that was reviewed.
        """
        document = self._document
        assert document is not None
        labelled = np.asarray(document.labels.raster.view(rect) != UNLABELLED)
        if self._raster is None or self._is_reviewed(document):
            return labelled
        return labelled & ~self._automatic()[self._raster.index_hw[rect.slices]]

    def automatic(self) -> Callable[[], Mask | None]:
        """A call, for a worker, that gives bool `[H, W]`: what no person drew, brought or looked through.

        It gives None where there is no such pixel.
        """
        document, raster, lut = self._document, self._raster, self._automatic()
        if document is None or raster is None or self._is_reviewed(document) or not lut.any():
            return lambda: None
        return lambda: np.asarray(lut[raster.index_hw])

    def sparing(self, take: Callable[[Sparing | None], None]) -> None:
        """Call `take`, once it is known who drew what, with what leaves the pixels of people out of an edit.

        At once and with None where the view says that they need not be kept. What people drew survives all that a
        program does over a whole image; where a person points, that place is meant and changes.
        """
        if self._session.view.now.keep_human:
            self.need(lambda: take(Sparing(self.by_people)))
        else:
            take(None)

    def counts(self) -> list[tuple[Origin, int]]:
        """Labelled pixels of the open image by author, most first; empty until that is known."""
        if self._raster is None or self._document is None:
            return []
        return self._raster.counts(self._document.labels.raster.ids_hw)

    def kind_pixels(self) -> dict[str, int]:
        """Labelled pixels of the open image by kind; empty while they are not shown."""
        kinds_hw = self._document.origin_kinds if self._document is not None else None
        if kinds_hw is None:
            return {}
        found = np.bincount(kinds_hw.reshape(-1), minlength=len(ORIGIN_KINDS) + 1)
        return {kind: int(found[code]) for kind, code in KIND_CODE.items()}

    def _automatic(self) -> Mask:
        codes = [KIND_CODE[kind] for kind in AUTOMATIC_KINDS]
        return np.asarray(np.isin(self._kinds_of, codes))

    def _is_reviewed(self, document: Document) -> bool:
        index = self._session.images.index_of(document.key)
        return index is not None and self._session.images.badge(index).status == "reviewed"

    # ── following the session ────────────────────────────────────────────────────────────────────────────────────────

    def _on_document(self, document: Document | None) -> None:
        self._follow(None)
        if document is not None and self._session.view.now.origins:
            self.need()

    def _on_view(self, names: frozenset[str]) -> None:
        if "origins" not in names or self._session.document is None:
            return
        if self._session.view.now.origins:
            self.need(self._draw)
        elif self._document is not None:
            self._document.origin_kinds = None

    def _follow(self, document: Document | None) -> None:
        if self._document is not None:
            self._document.recorded.disconnect(self._on_recorded)
            self._document.pixels_changed.disconnect(self._on_pixels)
            self._document.origin_kinds = None
        self._session.jobs.cancel(_KEY)
        self._document, self._raster, self._since = document, None, []
        self._busy = self._again = False
        self._waiting.clear()
        if document is not None:
            document.recorded.connect(self._on_recorded)
            document.pixels_changed.connect(self._on_pixels)

    def _on_pixels(self, delta: RasterDelta) -> None:
        kinds_hw = self._document.origin_kinds if self._document is not None else None
        if kinds_hw is not None and not delta.rect.is_empty:
            # Whatever is written is a person's until the edit says whose it is.
            part = kinds_hw[delta.rect.slices]
            part[delta.before_hw != delta.after_hw] = KIND_CODE["human"]
            part[delta.after_hw == UNLABELLED] = 0

    def _on_recorded(self, recorded: Recorded) -> None:
        edit = recorded.edit
        if edit.layer != LABELS or not edit.patches or (self._raster is None and not self._busy):
            return
        goes_back = recorded.is_undo or restored_by(edit.provenance) is not None
        if self._session.read_only:
            # The store has none of these edits to look them up in.
            self._take_in(edit, UNKNOWN if goes_back else self._origin(edit))
        elif goes_back or len(edit.patches) > _PATCHES_AT_ONCE:
            if self._busy:
                self._again = True
            else:
                self._ask()
        else:
            self._take_in(edit, self._origin(edit))

    def _origin(self, edit: Edit) -> Origin:
        told = edit.provenance
        person, tool = str(told.get("person", "")), str(told.get("tool", ""))
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        return origin_of(told, self._runs, person=person, tool=tool, when=when)

    def _take_in(self, edit: Edit, origin: Origin) -> None:
        assert self._document is not None
        for patch in edit.patches:
            made = patch.rect, patch.unpack() != self._document.labels.raster.view(patch.rect), origin
            if self._busy:
                self._since.append(made)
            self._put(made)
        if self._raster is not None:
            self.changed.emit(None)

    def _put(self, made: Made) -> None:
        raster, document = self._raster, self._document
        if raster is None or document is None:
            return
        rect, changed, origin = made
        if raster.origins[-1] is not origin:
            if len(raster.origins) > 65535:
                self._again = True
                return
            raster = self._raster = OriginRaster(raster.index_hw, (*raster.origins, origin), raster.edit_id)
            self._kinds_of = np.append(self._kinds_of, np.uint8(KIND_CODE[origin["kind"]]))
        raster.index_hw[rect.slices][changed] = len(raster.origins) - 1
        if document.origin_kinds is not None:
            self._draw_part(document, rect)

    # ── the answer ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _ask(self) -> None:
        document, project = self._document, self._session.project
        assert document is not None
        self._busy, self._again, self._since = True, False, []

        def work(job: Job) -> tuple[OriginRaster | None, dict[str, RunRow]]:
            if project is None:
                return None, {}
            runs = {row.name: row for row in project.runs()}
            return project.authors.raster(document.key, LABELS, cancel=job.cancel_token), runs

        def done(answer: tuple[OriginRaster | None, dict[str, RunRow]]) -> None:
            if document is self._document:
                self._arrive(document, *answer)

        def failed(error: BaseException) -> None:
            self._session.notify.fault(error)
            if document is self._document:
                # Told once; what nobody knows counts as a person's.
                self._again = False
                self._arrive(document, None, {})

        # Who accepts a whole large image waits for it, and may want to know for what.
        title = "looking up who drew what" if self._waiting else ""
        self._session.jobs.submit(work, done=done, failed=failed, key=_KEY, title=title)

    def _arrive(self, document: Document, found: OriginRaster | None, runs: Mapping[str, RunRow]) -> None:
        if self._again:
            self._ask()
            return
        if found is None or found.index_hw.shape != document.size_hw:
            found = OriginRaster(np.zeros(document.size_hw, np.uint16), ({},))
        self._raster, self._runs = found, runs
        kinds = [KIND_CODE.get(origin.get("kind", ""), 0) for origin in found.origins]
        self._kinds_of = np.array(kinds, np.uint8)
        # An edit that the worker has seen already is taken in once more, which changes nothing.
        for made in self._since:
            self._put(made)
        self._busy, self._since = False, []
        if self._session.view.now.origins:
            self._draw()
        self.changed.emit(None)
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()

    def _draw(self) -> None:
        """Have the view show it."""
        document = self._document
        if document is None or self._raster is None:
            return
        if document.origin_kinds is None:
            document.origin_kinds = np.zeros(document.size_hw, np.uint8)
        self._draw_part(document, document.labels.raster.bounds)
        document.layers_changed.emit(LABELS)

    def _draw_part(self, document: Document, rect: Rect) -> None:
        assert self._raster is not None
        assert document.origin_kinds is not None
        labelled = document.labels.raster.view(rect) != UNLABELLED
        kinds = self._kinds_of.take(self._raster.index_hw[rect.slices])
        kinds[kinds == 0] = KIND_CODE["unknown"]
        document.origin_kinds[rect.slices] = np.where(labelled, kinds, np.uint8(0))
