"""A brush stroke on its way, on the label raster or on one object: each stretch is written as it arrives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Points, Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ops.brush import stroke_path
from segstudio.ops.contours import polygon_of_mask
from segstudio.ops.rle import mask_shape
from segstudio.ops.shapes import mask_of
from segstudio.session.stroke import Stroke
from segstudio.session.view import View
from segstudio.ui.canvas.tools.painting import fill_mask


class RasterGesture:
    """Gives the pixels under the tip to one segment."""

    def __init__(self, stroke: Stroke, segment_id: int, view: View) -> None:
        self._stroke = stroke
        self._segment_id = segment_id
        self._view = view

    def add(self, path_xy: Points, radius: float, *, square: bool) -> None:
        """The tip went along `path_xy`, float64 `[N, 2]`."""
        rect, mask_hw = stroke_path(path_xy, radius, self._stroke.layer.raster.bounds, square=square)
        if not rect.is_empty:
            self.add_pixels(rect, mask_hw)

    def add_pixels(self, rect: Rect, mask_hw: NDArray[np.bool_]) -> None:
        """The pixels of a mask of the size of `rect`, which is not empty."""
        fill_mask(self._stroke, rect, mask_hw, self._segment_id, self._view)

    def finish(self) -> None:
        """Make the stroke one undo step."""
        self._stroke.commit()

    def cancel(self) -> None:
        """Take everything back; nothing happens where the stroke has ended otherwise."""
        if self._stroke.is_open:
            self._stroke.cancel()


class ObjectGesture:
    """Adds the pixels under the tip to an object, or takes them away; without an object it makes one.

    Meanwhile the object is a mask; in the end one that was a polygon is a polygon again, along the pixels' edges.
    """

    def __init__(self, stroke: Stroke, target: SegObject | None, class_id: int, *, subtracts: bool) -> None:
        self._stroke = stroke
        self._subtracts = subtracts
        self._is_polygon = target is not None and isinstance(target.shape, PolygonShape)
        size_hw = stroke.layer.size_hw
        self._rect: Rect = EMPTY
        self._mask_hw: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        if target is not None:
            self._rect = target.bounds().grown(1).intersect(Rect.of_size(*size_hw))
            self._mask_hw = mask_of(target.shape, self._rect, size_hw)
            self._item = target
        else:
            table = stroke.layer.objects
            nothing = mask_shape(self._mask_hw, size_hw=size_hw, at=EMPTY)
            self._item = SegObject(table.free_id(), class_id, nothing, z=table.top_z())

    @property
    def object_id(self) -> int:
        return self._item.id

    def add(self, path_xy: Points, radius: float, *, square: bool) -> None:
        """The tip went along `path_xy`, float64 `[N, 2]`."""
        self.add_pixels(*stroke_path(path_xy, radius, self._stroke.layer.raster.bounds, square=square))

    def add_pixels(self, rect: Rect, mask_hw: NDArray[np.bool_]) -> None:
        """The pixels of a mask of the size of `rect`."""
        layer = self._stroke.layer
        if self._subtracts:
            rect, mask_hw = _cut(rect, mask_hw, self._rect)
        if rect.is_empty:
            return
        self._grow_to(rect)
        target = self._mask_hw[rect.moved(-self._rect.x0, -self._rect.y0).slices]
        if self._subtracts:
            target &= ~mask_hw
        else:
            target |= mask_hw
        self._item = self._item.with_shape(mask_shape(self._mask_hw, size_hw=layer.size_hw, at=self._rect))
        self._stroke.put_object(self._item)

    def finish(self) -> None:
        """Make the stroke one undo step; an object of which nothing is left goes."""
        if not self._mask_hw.any():
            self._stroke.remove_object(self._item.id)
        elif self._is_polygon and self._stroke.layer.objects.get(self._item.id) is self._item:
            outline = polygon_of_mask(self._mask_hw, offset_xy=(self._rect.x0, self._rect.y0))
            self._stroke.put_object(self._item.with_shape(outline))
        self._stroke.commit()

    def cancel(self) -> None:
        """Take everything back; nothing happens where the stroke has ended otherwise."""
        if self._stroke.is_open:
            self._stroke.cancel()

    def _grow_to(self, rect: Rect) -> None:
        if self._rect.contains(rect):
            return
        # Half as much again on every side, so that a long stroke does not copy the mask for every point.
        reach = max(rect.width, rect.height, self._rect.width // 2, self._rect.height // 2)
        wide = self._rect.union(rect).grown(reach).intersect(self._stroke.layer.raster.bounds)
        mask_hw = np.zeros((wide.height, wide.width), np.bool_)
        if not self._rect.is_empty:
            mask_hw[self._rect.moved(-wide.x0, -wide.y0).slices] = self._mask_hw
        self._rect, self._mask_hw = wide, mask_hw


def _cut(rect: Rect, mask_hw: NDArray[np.bool_], limit: Rect) -> tuple[Rect, NDArray[np.bool_]]:
    inside = rect.intersect(limit)
    if inside.is_empty:
        return EMPTY, mask_hw[:0, :0]
    return inside, mask_hw[inside.moved(-rect.x0, -rect.y0).slices]
