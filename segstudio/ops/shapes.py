"""Any shape to pixels and back, many objects to one raster, and which object lies under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonShape, SegObject, Shape
from segstudio.ops import polygon, rle
from segstudio.ops.contours import polygon_of_mask


def mask_of(shape: Shape, rect: Rect, size_hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels of `rect` a shape of an image of `size_hw` covers; bool `[rect.height, rect.width]`.

    The cost follows `rect` and the shape's outline, not the image.
    """
    if isinstance(shape, MaskShape):
        return rle.decode(shape, rect)
    return polygon.fill_mask(shape, rect, size_hw)


def area_of(shape: Shape, size_hw: tuple[int, int]) -> int:
    """How many pixels of the image the shape covers."""
    if isinstance(shape, MaskShape):
        return rle.area(shape)
    return int(np.count_nonzero(mask_of(shape, shape.bounds().intersect(Rect.of_size(*size_hw)), size_hw)))


def as_mask(shape: Shape, size_hw: tuple[int, int]) -> MaskShape:
    """The shape as run lengths that cover the same pixels."""
    if isinstance(shape, MaskShape):
        return shape
    at = shape.bounds().grown(1).intersect(Rect.of_size(*size_hw))
    return rle.mask_shape(mask_of(shape, at, size_hw), size_hw=size_hw, at=at)


def as_polygon(shape: Shape) -> PolygonShape:
    """The shape as outlines that cover the same pixels (along pixel edges where it was a mask)."""
    if isinstance(shape, PolygonShape):
        return shape
    box = shape.box
    return polygon_of_mask(rle.decode(shape, box), offset_xy=(box.x0, box.y0))


def paint_objects(
    objects: Iterable[SegObject],
    size_hw: tuple[int, int],
    value_of: Callable[[SegObject], int],
    *,
    rect: Rect | None = None,
) -> NDArray[np.uint16]:
    """Draw objects over each other from the back to the front (by `z`, then by id).

    Returns uint16 `[H, W]` (of `rect` where given, inside the image) with `value_of(object)` where an object is on
    top, 0 elsewhere.
    """
    rect = Rect.of_size(*size_hw) if rect is None else rect
    raster = np.zeros((rect.height, rect.width), np.uint16)
    for item, box, mask_hw in _masks(objects, size_hw, rect):
        np.copyto(raster[box.moved(-rect.x0, -rect.y0).slices], np.uint16(value_of(item)), where=mask_hw)
    return raster


def object_id_raster(
    objects: Iterable[SegObject], size_hw: tuple[int, int], *, rect: Rect | None = None
) -> NDArray[np.int32]:
    """As `paint_objects`, with the id of the object on top; int32 `[H, W]`, −1 where there is none."""
    rect = Rect.of_size(*size_hw) if rect is None else rect
    raster = np.full((rect.height, rect.width), -1, np.int32)
    for item, box, mask_hw in _masks(objects, size_hw, rect):
        np.copyto(raster[box.moved(-rect.x0, -rect.y0).slices], np.int32(item.id), where=mask_hw)
    return raster


def _masks(
    objects: Iterable[SegObject], size_hw: tuple[int, int], rect: Rect
) -> Iterator[tuple[SegObject, Rect, NDArray[np.bool_]]]:
    for item in sorted(objects, key=lambda item: (item.z, item.id)):
        box = item.bounds().grown(1).intersect(rect)
        if not box.is_empty:
            yield item, box, mask_of(item.shape, box, size_hw)


def covers(shape: Shape, point_xy: tuple[float, float]) -> bool:
    """Whether the point lies in the shape: in its outlines, or on one of its pixels."""
    x, y = point_xy
    if isinstance(shape, PolygonShape):
        return polygon.point_in_shape(shape, point_xy)
    if not shape.box.holds(x, y):
        return False
    column, row = int(x), int(y)
    return bool(rle.decode(shape, Rect(column, row, column + 1, row + 1))[0, 0])


def objects_at(objects: Iterable[SegObject], point_xy: tuple[float, float]) -> list[SegObject]:
    """The objects under a point, the front one first; keep an `ObjectIndex` where this is asked often."""
    return ObjectIndex(objects).at(point_xy)


class ObjectIndex:
    """Bounding boxes of many objects as arrays, so that a look-up among 10,000 takes microseconds.

    Kept up to date by `put` and `remove`; looks at the exact shape only of the few boxes that match.
    """

    __slots__ = ("_boxes", "_count", "_items", "_place")

    def __init__(self, objects: Iterable[SegObject] = ()) -> None:
        items = list(objects)
        self._items: list[SegObject] = items
        self._count = len(items)
        self._place = {item.id: place for place, item in enumerate(items)}
        self._boxes = np.zeros((4, max(16, len(items))), np.int64)
        for place, item in enumerate(items):
            self._boxes[:, place] = _box(item)

    def __len__(self) -> int:
        return self._count

    def put(self, item: SegObject) -> None:
        """Add an object or replace the one with its id."""
        place = self._place.get(item.id)
        if place is None:
            place = self._count
            if place == self._boxes.shape[1]:
                self._boxes = np.concatenate((self._boxes, np.zeros_like(self._boxes)), axis=1)
            self._place[item.id] = place
            self._items.append(item)
            self._count += 1
        self._items[place] = item
        self._boxes[:, place] = _box(item)

    def remove(self, object_id: int) -> None:
        """Forget an object; unknown ids are ignored."""
        place = self._place.pop(object_id, None)
        if place is None:
            return
        self._count -= 1
        last = self._items.pop()
        if place < self._count:
            self._items[place] = last
            self._place[last.id] = place
            self._boxes[:, place] = self._boxes[:, self._count]

    def get(self, object_id: int) -> SegObject | None:
        place = self._place.get(object_id)
        return self._items[place] if place is not None else None

    def at(self, point_xy: tuple[float, float]) -> list[SegObject]:
        """The objects that cover the point, the front one first."""
        x, y = point_xy
        x0, y0, x1, y1 = self._boxes[:, : self._count]
        found = [self._items[i] for i in np.flatnonzero((x0 <= x) & (y0 <= y) & (x <= x1) & (y <= y1))]
        return _front_first([item for item in found if covers(item.shape, point_xy)])

    def near(self, point_xy: tuple[float, float], distance: float) -> list[SegObject]:
        """The objects whose bounding box is within `distance` pixels of the point, the front one first."""
        x, y = point_xy
        x0, y0, x1, y1 = self._boxes[:, : self._count]
        hit = (x0 <= x + distance) & (y0 <= y + distance) & (x - distance <= x1) & (y - distance <= y1)
        return _front_first([self._items[i] for i in np.flatnonzero(hit)])

    def touching(self, rect: Rect) -> list[SegObject]:
        """The objects whose bounding box shares a pixel with `rect`, the front one first."""
        x0, y0, x1, y1 = self._boxes[:, : self._count]
        hit = (x0 < rect.x1) & (y0 < rect.y1) & (rect.x0 < x1) & (rect.y0 < y1)
        return _front_first([self._items[i] for i in np.flatnonzero(hit)])

    def inside(self, rect: Rect) -> list[SegObject]:
        """The objects whose bounding box lies in `rect`, the front one first."""
        x0, y0, x1, y1 = self._boxes[:, : self._count]
        hit = (rect.x0 <= x0) & (rect.y0 <= y0) & (x1 <= rect.x1) & (y1 <= rect.y1) & (x0 < x1) & (y0 < y1)
        return _front_first([self._items[i] for i in np.flatnonzero(hit)])


def _box(item: SegObject) -> tuple[int, int, int, int]:
    box = item.bounds()
    return box.x0, box.y0, box.x1, box.y1


def _front_first(items: list[SegObject]) -> list[SegObject]:
    return sorted(items, key=lambda item: (item.z, item.id), reverse=True)
