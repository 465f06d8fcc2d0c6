"""The lasso: fill or select what a hand-drawn line goes round; and the simple figures drawn by dragging."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Points, Rect
from segstudio.core.objects import MaskShape, PolygonShape, SegObject
from segstudio.ops import polygon, rle
from segstudio.ops.shapes import ObjectIndex

Mask = NDArray[np.bool_]


def lasso_fill(path_xy: Points, size_hw: tuple[int, int]) -> tuple[Rect, Mask]:
    """The pixels of an image of `size_hw` inside a closed line `[N, 2]`: smallest rectangle and mask of its size."""
    at = Rect.around(path_xy, 1).intersect(Rect.of_size(*size_hw))
    mask = polygon.fill_mask(PolygonShape.of(path_xy), at, size_hw)
    held = Rect.of_mask(mask)
    return (held.moved(at.x0, at.y0), mask[held.slices]) if not held.is_empty else (EMPTY, np.zeros((0, 0), np.bool_))


def lasso_select(index: ObjectIndex, path_xy: Points) -> list[SegObject]:
    """The objects that lie wholly inside a closed line, the front one first."""
    if len(path_xy) < 3:
        return []
    lasso = PolygonShape.of(path_xy)
    return [item for item in index.inside(Rect.around(path_xy)) if _holds(lasso, item)]


def _holds(lasso: PolygonShape, item: SegObject) -> bool:
    if isinstance(item.shape, MaskShape):
        box = item.shape.box
        size_hw = item.shape.height, item.shape.width
        return not (rle.decode(item.shape, box) & ~polygon.fill_mask(lasso, box, size_hw)).any()
    points = [point for part in item.shape.parts for point in part.exterior_xy]
    return all(polygon.point_in_shape(lasso, (float(x), float(y))) for x, y in points)


def thinned(path_xy: Points, spacing: float) -> Points:
    """A hand-drawn path without the points closer than `spacing` pixels to the one kept before; the ends stay."""
    if len(path_xy) < 3 or spacing <= 0:
        return path_xy
    kept = [0]
    for index in range(1, len(path_xy) - 1):
        step = path_xy[index] - path_xy[kept[-1]]
        if step @ step >= spacing * spacing:
            kept.append(index)
    return path_xy[[*kept, len(path_xy) - 1]]


def rectangle(p0_xy: tuple[float, float], p1_xy: tuple[float, float]) -> PolygonShape:
    """The upright rectangle between two corners, clockwise from the upper left."""
    (ax, ay), (bx, by) = p0_xy, p1_xy
    left, right, top, bottom = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
    return PolygonShape.of(np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64))


def ellipse(p0_xy: tuple[float, float], p1_xy: tuple[float, float], *, error: float = 0.25) -> PolygonShape:
    """The ellipse in the rectangle between two corners, as a polygon nowhere farther than `error` pixels from it."""
    (ax, ay), (bx, by) = p0_xy, p1_xy
    radius = np.abs((bx - ax, by - ay)) / 2
    sagitta = min(0.5, error / max(float(radius.max()), error))
    count = max(8, int(np.ceil(np.pi / np.arccos(1 - sagitta))))
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    middle = np.array(((ax + bx) / 2, (ay + by) / 2))
    return PolygonShape.of(middle + radius * np.stack((np.cos(angle), np.sin(angle)), axis=1))
