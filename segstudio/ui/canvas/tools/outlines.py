"""Outlines that can be edited vertex by vertex: an object's, or that of a region of the label raster."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.core.raster import UNLABELLED
from segstudio.ops import polygon
from segstudio.ops.shapes import as_polygon
from segstudio.ops.shared_borders import heirs_of
from segstudio.ops.transform import move
from segstudio.session.session import Session
from segstudio.session.stroke import Stroke
from segstudio.ui.canvas.tools.painting import begin, fill_mask
from segstudio.ui.canvas.tools.region import Region

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

    def commit(self) -> None:
        """Paint the difference as one undo step."""
        document = self._session.document
        stroke = begin(self._session, "move outline", "vertex") if self._open and document is not None else None
        self._open = False
        if stroke is None or document is None:
            return
        size_hw = document.size_hw
        rect = self._before.bounds().union(self.shape.bounds()).grown(1).intersect(Rect.of_size(*size_hw))
        before = polygon.fill_mask(self._before, rect, size_hw)
        after = polygon.fill_mask(self.shape, rect, size_hw)
        view = self._session.view.now
        with stroke:
            ids_hw = stroke.layer.raster.view(rect)
            freed = before & ~after & (ids_hw == self.region.segment_id)
            heirs_hw = heirs_of(ids_hw, freed) if view.shared_borders and freed.any() else None
            fill_mask(stroke, rect, freed, UNLABELLED, view)
            for heir in np.unique(heirs_hw[freed]).tolist() if heirs_hw is not None else ():
                if heir != UNLABELLED:
                    fill_mask(stroke, rect, freed & (heirs_hw == heir), heir, view)
            fill_mask(stroke, rect, after & ~before, self.region.segment_id, view)
        self._before = self.shape

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
