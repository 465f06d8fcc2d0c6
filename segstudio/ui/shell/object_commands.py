"""What a person can do to the selected objects; in semantic mode the same commands work on regions of the labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from segstudio.core.errors import UserError
from segstudio.session.document import Document
from segstudio.ui.canvas.tools.asking import work_out
from segstudio.ui.shell.commands import Command
from segstudio.ui.shell.region_commands import RegionCommands

if TYPE_CHECKING:
    from segstudio.core.objects import SegObject, Shape
    from segstudio.ui.canvas.tools.painting import Mask
    from segstudio.ui.shell.main_window import MainWindow

Answer = TypeVar("Answer")

_STEP = 1.0
"""Pixels by which one call grows or shrinks."""
_SMOOTH = 2.0
_ASIDE = 12.0
"""How far aside, in logical pixels, a copy lies that would hide what it was copied from."""


_COMBINING = (
    ("union", "&Union", "Join the selected objects into one"),
    ("subtract", "Subtract the last selected", "Take the object that was selected last out of the others; it stays"),
    ("intersect", "Intersect with the last selected", "Keep what the others have in common with the last selected"),
    ("xor", "Exclusive or", "Keep what exactly one of them covers: the others, or the one that was selected last"),
)


class ObjectCommands:
    """Holds what was copied; it can be pasted into other images too."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self._copied: Sequence[SegObject] = ()
        self._copied_from = ""
        self._regions = RegionCommands(window)

    def rows(self) -> list[Command]:
        """The rows of the window's table."""

        def row(name: str, title: str, call: Callable[[], object], *keys: str, tip: str = "") -> Command:
            return Command(f"object.{name}", title, lambda: self._try(call), keys, tip=tip)

        return [
            row("copy", "&Copy", self._copy, "Ctrl+C"),
            row("paste", "&Paste", self._paste, "Ctrl+V"),
            row("duplicate", "&Duplicate", self._duplicate, "Ctrl+D"),
            row("forward", "Bring &forward", lambda: self._order("bring_forward"), "Ctrl+]"),
            row("back", "Send &back", lambda: self._order("send_back"), "Ctrl+["),
            row("merge", "&Merge the selected", self._merge, "Ctrl+J"),
            *(row(name, title, partial(self._combine, name), tip=tip) for name, title, tip in _COMBINING),
            row("split", "Split into connected pieces", self._split),
            row("convert", "Con&vert polygon ↔ mask", self._convert),
            row("fill_holes", "Fill &holes", self._fill_holes, "Ctrl+H"),
            row("remove_specks", "Remove spec&ks", self._remove_specks),
            row("grow", "&Grow by a pixel", lambda: self._grow(_STEP), "Alt+]"),
            row("shrink", "&Shrink by a pixel", lambda: self._grow(-_STEP), "Alt+["),
            row("smooth", "Smoo&th", self._smooth, "Ctrl+M"),
            row("simplify", "S&implify…", self._simplify, tip="Fewer points, with the count before and after"),
        ]

    def checks(self) -> dict[str, bool]:
        return {}

    # ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _fill_holes(self) -> None:
        from segstudio.ops import cleanup, components

        self._reshape("fill holes", cleanup.without_holes, components.fill_holes)

    def _remove_specks(self) -> None:
        from segstudio.ops.cleanup import without_specks
        from segstudio.session.edits.reshape import SPECK

        if not self._in_objects:
            self._regions.remove_specks()
            return
        self._reshape("remove specks", lambda shape: without_specks(shape, smaller_than=SPECK))

    def _grow(self, pixels: float) -> None:
        from segstudio.ops import smoothing

        self._reshape(
            "grow" if pixels > 0 else "shrink",
            lambda shape: smoothing.grow(shape, pixels),
            lambda mask_hw: smoothing.grow_mask(mask_hw, pixels),
            margin=2,
        )

    def _smooth(self) -> None:
        from segstudio.ops import smoothing

        self._reshape(
            "smooth",
            lambda shape: smoothing.smooth(shape, _SMOOTH),
            lambda mask_hw: smoothing.smooth_mask(mask_hw, _SMOOTH),
            margin=8,
        )

    def _simplify(self) -> None:
        document, ids = self._selected()
        from segstudio.ui.shell.simplify_bar import open_simplify_bar

        open_simplify_bar(self._window, document, ids)

    def _convert(self) -> None:
        if not self._in_objects:
            self._regions.to_objects()
            return
        from segstudio.session.edits import reshape

        self._reshape(*reshape.conversion(*self._selected()))

    def _merge(self) -> None:
        if not self._in_objects:
            self._regions.merge()
            return
        from segstudio.session.edits import reshape

        document, ids = self._selected()
        items = reshape.mergeable(document, ids)
        self._work(
            document,
            lambda: reshape.merged(items, document.size_hw),
            lambda made: [reshape.put_merged(document, items, made)],
            reshape.weight_of(items),
            "merge",
        )

    def _combine(self, operation: str) -> None:
        from segstudio.session.edits import combining, reshape

        document, ids = self._selected()
        last = self._session.view.now.last_selected
        operand = last if last is not None and last in ids else max(ids)
        wanted = combining.combination(document, ids, operation, operand=operand)
        weight = reshape.weight_of((*wanted.items, wanted.other))
        self._work(document, wanted.shapes, lambda shapes: wanted.put(document, shapes), weight, operation)

    def _work(
        self,
        document: Document,
        work: Callable[[], Answer],
        put: Callable[[Answer], list[int]],
        weight: int,
        title: str,
    ) -> None:
        """Work something out, in a worker where it takes long, put it into the labels, and select what was made."""

        def done(answer: Answer) -> None:
            if document is self._session.document:
                self._try(lambda: self._session.view.set(selection=frozenset(put(answer))))

        work_out(self._session, work, done, weight=weight, title=title)

    def _split(self) -> None:
        if not self._in_objects:
            self._regions.split()
            return
        from segstudio.session.edits import combining, reshape

        document, ids = self._selected()
        items = reshape.editable(document, ids)
        weight = reshape.weight_of(items)
        self._work(
            document, lambda: combining.pieces_of(items), partial(combining.put_pieces, document), weight, "split"
        )

    def _reshape(
        self,
        name: str,
        change: Callable[[Shape], Shape],
        change_region: Callable[[Mask], Mask] | None = None,
        *,
        margin: int = 0,
    ) -> None:
        """Change the selected objects, or the regions; in a worker where it takes long."""
        if not self._in_objects and change_region is not None:
            self._regions.reshape(name, change_region, margin)
            return
        from segstudio.session.edits import reshape

        document, ids = self._selected()
        items = reshape.editable(document, ids)

        def put(shapes: list[tuple[SegObject, Shape]]) -> None:
            if document is self._session.document and not reshape.put_shapes(document, shapes, name) and shapes:
                self._session.notify.tell("warning", "the objects were changed meanwhile", hint="try again")

        work_out(
            self._session,
            lambda: reshape.reshaped(items, change),
            put,
            weight=reshape.weight_of(items),
            title=f"{name}: {len(items)} objects",
        )

    # ── order and copies ─────────────────────────────────────────────────────────────────────────────────────────────

    def _order(self, name: str) -> None:
        from segstudio.session.edits import reshape

        if not getattr(reshape, name)(*self._selected()):
            self._session.notify.info("no other object overlaps it on that side")

    def _copy(self) -> None:
        if not self._in_objects:
            self._regions.copy()
            return
        self._regions.forget_copies()
        document, ids = self._selected()
        self._copied = [item for item in document.labels.objects.in_order() if item.id in ids]
        self._copied_from = document.key
        count = len(self._copied)
        self._session.notify.info(f"{count} object{'s' if count != 1 else ''} copied")

    def _paste(self) -> None:
        if self._regions.has_copies:
            self._regions.paste(round(self._aside()[0]))
            return
        from segstudio.session.edits import reshape

        document = self._session.document
        if document is None or not self._copied:
            raise UserError("nothing was copied", hint="select objects or regions with V and press Ctrl+C")
        aside = self._aside() if document.key == self._copied_from else (0.0, 0.0)

        def put(copies: list[SegObject]) -> None:
            if not copies:
                raise UserError("nothing of what was copied lies on this image")
            self._put_copies(document, copies, "paste")

        items, size_hw = self._copied, document.size_hw
        weight = reshape.weight_of(items)
        work_out(self._session, lambda: reshape.copies_of(items, size_hw, aside), put, weight=weight, title="paste")

    def _duplicate(self) -> None:
        if not self._in_objects:
            self._regions.duplicate(round(self._aside()[0]))
            return
        from segstudio.session.edits import reshape

        document, ids = self._selected()
        items, aside, size_hw = reshape.known(document, ids), self._aside(), document.size_hw
        work_out(
            self._session,
            lambda: reshape.copies_of(items, size_hw, aside),
            lambda copies: self._put_copies(document, copies, "duplicate"),
            weight=reshape.weight_of(items),
            title=f"duplicate: {len(items)} objects",
        )

    def _put_copies(self, document: Document, copies: list[SegObject], name: str) -> None:
        from segstudio.session.edits import reshape

        if document is self._session.document:
            added = reshape.put_copies(document, copies, name)
            self._session.view.set(mode="objects", selection=frozenset(added))

    # ── what they work on ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _in_objects(self) -> bool:
        return self._session.view.now.mode == "objects"

    def _selected(self) -> tuple[Document, frozenset[int]]:
        """The document and the selection; raises `UserError` where there is none."""
        document, view = self._session.document, self._session.view.now
        if document is None:
            raise UserError("no image is open")
        if view.mode != "objects":
            raise UserError("this works on objects", hint="press M for object mode, then select with V")
        ids = frozenset(key for key in view.selection if key in document.labels.objects)
        if not ids:
            raise UserError("nothing is selected", hint="select objects with the select tool (V)")
        return document, ids

    def _aside(self) -> tuple[float, float]:
        canvas = self._window.canvas
        aside = float(max(1, round(_ASIDE * canvas.devicePixelRatioF() / canvas.viewport_now.scale)))
        return aside, aside

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except UserError as error:
            self._session.notify.fault(error)
