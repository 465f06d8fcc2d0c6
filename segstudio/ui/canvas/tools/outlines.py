"""Outlines that can be edited vertex by vertex: an object's, or that of a region of the label raster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import cv2
import numpy as np

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.core.raster import UNLABELLED, SegmentIds
from segstudio.ops import polygon
from segstudio.ops.shapes import as_polygon
from segstudio.ops.shared_borders import heirs_of
from segstudio.ops.transform import move
from segstudio.session.edits.landing import land
from segstudio.session.session import Session
from segstudio.session.stroke import Stroke
from segstudio.ui.canvas.tools.painting import Mask, begin, fill_mask
from segstudio.ui.canvas.tools.region import Region
from segstudio.ui.canvas.tools.region_edits import meanwhile

_TOLERANCE = 1.0
"""How far, in pixels, an outline made from pixels may leave them: without any slack it is all corners."""
_SLACK = 2
"""Pixels that an outline may run beside the region's border and still be its outline."""

_ALONE: Mapping[int, PolygonShape] = {}


class ObjectOutline:
    """The outline of an object; every change shows at once, and with it that of neighbours that share its border."""

    def __init__(self, session: Session, item: SegObject) -> None:
        self._session = session
        self._item = item
        self._stroke: Stroke | None = None
        self.shape = as_polygon(item.shape)

    def shows(self, item: SegObject) -> bool:
        """Whether this is the outline of that very state of an object."""
        return self._item is item

    @property
    def key(self) -> int:
        """The id of the object."""
        return self._item.id

    def begin(self, name: str) -> bool:
        """Open an edit; whether that could be."""
        self._stroke = begin(self._session, name, "vertex")
        return self._stroke is not None

    def change(self, shape: PolygonShape, neighbours: Mapping[int, PolygonShape] = _ALONE) -> None:
        """Show another shape, and other shapes of neighbours by id; one without parts removes the neighbour."""
        self.shape = shape
        if self._stroke is None:
            return
        if shape.parts:
            self._stroke.put_object(self._item.with_shape(shape))
        for key, other in neighbours.items():
            item = self._stroke.layer.objects.get(key)
            if item is not None and other.parts:
                self._stroke.put_object(item.with_shape(other))
            elif item is not None:
                self._stroke.remove_object(key)

    def commit(self) -> None:
        """Make what was shown last one undo step; a shape without parts removes the object."""
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            if not self.shape.parts:
                stroke.remove_object(self._item.id)
            stroke.commit()

    def cancel(self) -> None:
        """Show the object as it was."""
        stroke, self._stroke = self._stroke, None
        self.shape = as_polygon(self._item.shape)
        if stroke is not None and stroke.is_open:
            stroke.cancel()


class Difference(NamedTuple):
    """What a region loses and gains, all of the size of `rect`: each lost pixel goes to its heir, 0 for none."""

    rect: Rect
    freed_hw: Mask
    heirs_hw: SegmentIds
    taken_hw: Mask


class RegionOutline:
    """The outline of a region; the pixels follow when it is committed.

    The outline is simplified, so only what a change adds to it or takes from it is painted: pixels that the
    simplification rounds off stay as they are. Where borders are shared, pixels that it gives up go to the
    region beside them.
    """

    def __init__(self, session: Session, region: Region, drawn: PolygonShape | None = None) -> None:
        """`drawn` is the outline that a person gave the region: kept where it runs along the region, so that vertices
        stay where they were put.
        """
        # Shapely takes its time to load and is needed only here.
        from segstudio.ops.simplify import simplify

        self._session = session
        self.region = region
        follows = drawn is not None and _runs_along(drawn, region)
        self._before = self.shape = drawn if drawn is not None and follows else simplify(region.outline, _TOLERANCE)
        self._open = False

    def begin(self, name: str) -> bool:
        """Open an edit; whether that could be."""
        self._open = self._session.document is not None
        return self._open

    @property
    def key(self) -> int:
        """Of no object."""
        return 0

    def change(self, shape: PolygonShape, neighbours: Mapping[int, PolygonShape] = _ALONE) -> None:
        """Show another shape; a region has no neighbours."""
        self.shape = shape

    def commit(self, done: Callable[[], None]) -> None:
        """Paint the difference as one undo step, then call `done`; a large one is worked out in a worker."""
        document, shared = self._session.document, self._session.view.now.shared_borders
        was_open, self._open = self._open, False
        if document is None or not was_open:
            return
        before, after, segment_id = self._before, self.shape, self.region.segment_id
        raster, size_hw = document.labels.raster, document.size_hw
        rect = before.bounds().union(after.bounds()).grown(1).intersect(Rect.of_size(*size_hw))
        self._before = after

        def work() -> Difference:
            was_hw, is_hw = polygon.fill_mask(before, rect, size_hw), polygon.fill_mask(after, rect, size_hw)
            ids_hw = raster.view(rect)
            freed_hw = was_hw & ~is_hw & (ids_hw == segment_id)
            heirs_hw = heirs_of(ids_hw, freed_hw) if shared and freed_hw.any() else np.zeros_like(ids_hw)
            taken_hw = is_hw & ~was_hw
            box = Rect.of_mask(freed_hw | taken_hw)
            masks = (freed_hw[box.slices], heirs_hw[box.slices], taken_hw[box.slices])
            return Difference(box.moved(rect.x0, rect.y0), *masks)

        def put(found: Difference) -> None:
            self._land(found, done)

        meanwhile(self._session, work, put, weight=rect.area)

    def _land(self, found: Difference, done: Callable[[], None]) -> None:
        """Paint what the outline gave up and what it took."""
        session, view, segment_id = self._session, self._session.view.now, self.region.segment_id
        stroke = begin(session, "move outline", "vertex")
        if stroke is None:
            return

        def write(part: Rect) -> None:
            at = part.moved(-found.rect.x0, -found.rect.y0).slices
            freed_hw, heirs_hw = found.freed_hw[at], found.heirs_hw[at]
            # Freed first: a pixel that nothing has may be painted under every paint mode.
            fill_mask(stroke, part, freed_hw, UNLABELLED, view)
            for heir in np.unique(heirs_hw[freed_hw]).tolist():
                if heir != UNLABELLED:
                    fill_mask(stroke, part, freed_hw & (heirs_hw == heir), heir, view)
            fill_mask(stroke, part, found.taken_hw[at], segment_id, view)

        land(session, stroke, [(found.rect, write)], done=lambda _: done())

    def cancel(self) -> None:
        """Show the outline as it was."""
        self._open = False
        self.shape = self._before


def _runs_along(shape: PolygonShape, region: Region) -> bool:
    """Whether an outline leaves the region's border nowhere by more than simplifying does."""
    rect = shape.bounds().union(region.rect).grown(_SLACK)
    region_hw = np.zeros((rect.height, rect.width), np.uint8)
    region_hw[region.rect.moved(-rect.x0, -rect.y0).slices] = region.mask_hw
    # The rectangle may reach beyond the image: what is compared is moved to its own corner.
    moved = move(shape, -rect.x0, -rect.y0)
    assert isinstance(moved, PolygonShape)
    inside = polygon.fill_mask(moved, Rect.of_size(*region_hw.shape), (rect.height, rect.width))
    kernel = np.ones((2 * _SLACK + 1,) * 2, np.uint8)
    surely, perhaps = cv2.erode(region_hw, kernel), cv2.dilate(region_hw, kernel)
    return bool(inside[surely > 0].all() and not inside[perhaps == 0].any())
