"""What the commands on objects do in semantic mode: to the selected regions, else to the one under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.raster import UNLABELLED
from segstudio.ui.canvas.tools.asking import work_out
from segstudio.ui.canvas.tools.finding import outlined, with_region_at
from segstudio.ui.canvas.tools.painting import begin, fill_mask
from segstudio.ui.canvas.tools.region import Region, is_labelled_at
from segstudio.ui.canvas.tools.region_edits import meanwhile

if TYPE_CHECKING:
    from segstudio.ops.pieces import Piece
    from segstudio.session.document import Document
    from segstudio.session.edits.landing import Write
    from segstudio.session.edits.raster_specks import Speck
    from segstudio.ui.canvas.tools.painting import Mask
    from segstudio.ui.canvas.tools.region_edits import CopiedRegion
    from segstudio.ui.canvas.tools.region_selection import RegionSelection
    from segstudio.ui.shell.main_window import MainWindow

Changed = tuple[Rect, "Mask", "Mask"]
Regions = tuple[Region, ...]


def _itself(region: Region) -> Region:
    return region


class RegionCommands:
    """Holds what was copied; it can be pasted into other images too."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self._copied: Sequence[CopiedRegion] = ()
        self._copied_from = ""

    @property
    def has_copies(self) -> bool:
        """Whether there is something to paste."""
        return bool(self._copied)

    # ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def reshape(self, name: str, change: Callable[[Mask], Mask], margin: int) -> None:
        """Change the shape of each region, as one edit; in a worker where it takes long."""
        from segstudio.session.edits.reshape import changed_region

        def begin_with(document: Document, regions: Regions) -> None:
            bounds, state = document.labels.raster.bounds, document.history.next_undo()

            def put(changed: list[Changed]) -> None:
                if document is self._session.document:
                    same = document.history.next_undo() is state
                    pairs = zip(regions, changed, strict=True)
                    self._put([(r, at) for r, at in pairs if same or r.is_current(document.labels)], regions, name)

            work_out(
                self._session,
                lambda: [changed_region(bounds, region.rect, region.mask_hw, change, margin) for region in regions],
                put,
                weight=sum(region.rect.area for region in regions),
                title=name,
            )

        self._with_wanted(begin_with)

    def remove_specks(self) -> None:
        """Give pieces of a few pixels to what lies round them: those of the selected regions' classes."""
        from segstudio.session.edits.raster_specks import specks_of
        from segstudio.session.edits.reshape import SPECK

        def begin_with(document: Document, regions: Regions) -> None:
            ids_hw = document.labels.raster.ids_hw
            segment_ids = dict.fromkeys(region.segment_id for region in regions)

            def put(found: list[tuple[int, Speck]]) -> None:
                if document is self._session.document:
                    self._put_specks(document, found)

            work_out(
                self._session,
                lambda: [(key, speck) for key in segment_ids for speck in specks_of(ids_hw, key, smaller_than=SPECK)],
                put,
                weight=ids_hw.size * len(segment_ids),
                title="remove specks",
            )

        self._with_wanted(begin_with)

    def split(self) -> None:
        """Make an instance of every connected piece of the instances."""
        from segstudio.session.edits.combining import split_segment

        def put(document: Document, regions: Regions) -> None:
            rect, first_row = regions[-1].rect, regions[-1].mask_hw[0]
            self._session.live.mark()
            split_segment(document, (rect.x0 + float(np.argmax(first_row)), float(rect.y0)))

        self._with_wanted(put)

    def merge(self) -> None:
        """Give all of the selected regions to the segment of the largest."""
        from segstudio.ui.canvas.tools.region_edits import merge_regions

        self._selected()
        self._selection.edit(lambda regions, done: merge_regions(self._session, regions, done))

    def to_objects(self) -> None:
        """Make objects along the outlines of the regions, and select those; the labels stay."""
        self._with_wanted(lambda _, regions: self._make_objects(regions), make=outlined)

    def _make_objects(self, regions: Regions) -> None:
        from segstudio.core.objects import SegObject

        stroke = begin(self._session, "make objects of regions", "convert")
        if stroke is None:
            return
        made = []
        with stroke:
            for region in regions:
                table, segment = stroke.layer.objects, stroke.layer.segments.get(region.segment_id)
                if segment is not None:
                    made.append(table.free_id())
                    stroke.put_object(SegObject(made[-1], segment.class_id, region.outline, z=table.top_z()))
        self._session.view.set(mode="objects", selection=frozenset(made))
        self._session.notify.info(f"{len(made)} object{'s' if len(made) != 1 else ''} made")

    # ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def copy(self) -> None:
        """Keep the regions to paste them."""
        self._with_copies(lambda: None)

    def _with_copies(self, then: Callable[[], None]) -> None:
        """Keep the regions, then do something with the copies."""
        from segstudio.ui.canvas.tools.region_edits import copies_of

        def put(document: Document, regions: Regions) -> None:
            self._copied, self._copied_from = copies_of(self._session, regions), document.key
            count = len(self._copied)
            self._session.notify.info(f"{count} region{'s' if count != 1 else ''} copied")
            then()

        self._with_wanted(put)

    def forget_copies(self) -> None:
        """Something else was copied."""
        self._copied = ()

    def paste(self, aside: int) -> None:
        """Paint what was copied, `aside` pixels to the right and down where it was copied from this image."""
        document = self._session.document
        if document is None:
            raise UserError("no image is open")
        self._paste(aside if document.key == self._copied_from else 0, "paste")

    def duplicate(self, aside: int) -> None:
        """Paint the regions again, `aside` pixels to the right and down."""
        self._with_copies(lambda: self._paste(aside, "duplicate"))

    def copy_next(self) -> None:
        """Paint the regions into the next image, and show that."""
        self._with_copies(self._paste_into_next)

    def _paste_into_next(self) -> None:
        session = self._session
        index = session.index
        if index is None or index + 1 >= len(session.images):
            raise UserError("there is no next image")
        key = session.images[index + 1].key

        def on_document(document: Document | None) -> None:
            if document is None:
                return
            session.document_changed.disconnect(on_document)
            if document.key == key:
                try:
                    self._paste(0, "copy from before")
                except UserError as error:
                    session.notify.fault(error)

        session.document_changed.connect(on_document)
        session.next_image()

    def _paste(self, aside: int, name: str) -> None:
        from segstudio.ui.canvas.tools.region_edits import paste_regions

        self._session.view.set(mode="semantic")

        def put(made: list[Region]) -> None:
            if made:
                self._session.view.set(tool="select")
                self._selection.choose(made)
            else:
                self._session.notify.fault(UserError("nothing of what was copied could be painted on this image"))

        paste_regions(self._session, self._copied, (aside, aside), name, put)

    # ── what they work on ────────────────────────────────────────────────────────────────────────────────────────────

    def select_all(self) -> None:
        """Select every connected piece of the labels; found in a worker where the image is large."""
        from segstudio.ops.pieces import pieces_inside

        document = self._session.document
        if document is None:
            return
        raster = document.labels.raster
        self._session.view.set(tool="select")

        def put(found: list[Piece]) -> None:
            if document is self._session.document and self._session.view.now.mode == "semantic":
                self._selection.choose(Region(*piece) for piece in found)

        work_out(
            self._session, lambda: list(pieces_inside(raster.ids_hw, raster.bounds)), put, weight=raster.bounds.area
        )

    @property
    def _selection(self) -> RegionSelection:
        return self._window.canvas.regions

    def _selected(self) -> tuple[Region, ...]:
        if not self._selection.now:
            raise UserError("no region is selected", hint="click regions with the select tool (V), Shift adds")
        return self._selection.now

    def _with_wanted(
        self, then: Callable[[Document, Regions], None], *, make: Callable[[Region], Region] = _itself
    ) -> None:
        """Hand on the document, and `make` of the selected regions or of the one under the cursor, which is found in a
        worker where it is large; raises `UserError` without any.
        """
        document, chosen = self._session.document, self._selection.now
        if document is None:
            raise UserError("no image is open")
        if chosen:
            weight = sum(region.rect.area for region in chosen) if make is not _itself else 0
            made = partial(map, make, chosen)
            meanwhile(self._session, lambda: tuple(made()), lambda regions: then(document, regions), weight=weight)
            return
        point = self._window.canvas.cursor_image_point()
        if point is None or not is_labelled_at(document.labels, *point):
            raise UserError("there is no labelled region under the cursor", hint="point at one, or select some with V")
        with_region_at(self._session, *point, make, lambda region: then(document, (region,)))

    def _put(self, current: Sequence[tuple[Region, Changed]], regions: Sequence[Region], name: str) -> None:
        """Paint what changed; what two of the regions would both take stays with the one that has it."""
        from segstudio.ui.canvas.tools.region_edits import Painting

        stroke = begin(self._session, name, name) if current else None
        if stroke is None:
            return
        view = self._session.view.now

        def freeing(at: Rect, before: Mask, after: Mask) -> Write:
            def write(part: Rect) -> None:
                of_part = part.moved(-at.x0, -at.y0).slices
                fill_mask(stroke, part, before[of_part] & ~after[of_part], UNLABELLED, view)

            return write

        def taking(region: Region, at: Rect, before: Mask, after: Mask) -> Write:
            def write(part: Rect) -> None:
                of_part = part.moved(-at.x0, -at.y0).slices
                new_hw = after[of_part] & ~before[of_part]
                for other in regions:
                    if other is not region:
                        _leave_out(new_hw, part, other)
                fill_mask(stroke, part, new_hw, region.segment_id, view)

            return write

        painting = Painting(self._session, stroke)
        for region, (at, _, after) in current:
            painting.add(region.segment_id, at, after)
        writes = [(at, freeing(at, before, after)) for _, (at, before, after) in current]
        writes += [(at, taking(region, at, before, after)) for region, (at, before, after) in current]
        if self._selection.now:
            self._selection.edit(lambda _, done: painting.land(done, instead=writes))
        else:
            painting.land(lambda _: None, instead=writes)

    def _put_specks(self, document: Document, found: Sequence[tuple[int, Speck]]) -> None:
        if not found:
            self._session.notify.info("there are no specks of this class")
            return
        view = self._session.view.now
        stroke = begin(self._session, "remove specks", "remove specks")
        if stroke is None:
            return
        with stroke:
            for segment_id, speck in found:
                still_hw = speck.mask_hw & (document.labels.raster.view(speck.rect) == segment_id)
                for heir in np.unique(speck.heirs_hw[still_hw]).tolist():
                    fill_mask(stroke, speck.rect, still_hw & (speck.heirs_hw == heir), heir, view)
        count = len(found)
        self._session.notify.info(f"{count} speck{'s' if count != 1 else ''} given to what lies round them")


def _leave_out(mask_hw: Mask, at: Rect, region: Region) -> None:
    both = at.intersect(region.rect)
    if not both.is_empty:
        mine, other = both.moved(-at.x0, -at.y0), both.moved(-region.rect.x0, -region.rect.y0)
        mask_hw[mine.slices] &= ~region.mask_hw[other.slices]
