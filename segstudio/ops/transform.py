"""Whole shapes moved, scaled and put onto other images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from segstudio.core.geometry import Points, Rect
from segstudio.core.objects import PolygonPart, PolygonShape, Shape
from segstudio.ops import rle


def map_points(shape: PolygonShape, mapped: Callable[[Points], Points]) -> PolygonShape:
    """The polygon with every ring put through `mapped`."""
    return PolygonShape(
        tuple(PolygonPart(mapped(part.exterior_xy), tuple(map(mapped, part.holes_xy))) for part in shape.parts)
    )


def move(shape: Shape, dx: float, dy: float) -> Shape:
    """The shape elsewhere. A mask moves by whole pixels, and what leaves the image is lost."""
    if isinstance(shape, PolygonShape):
        return map_points(shape, lambda ring_xy: ring_xy + (dx, dy))
    size_hw = shape.height, shape.width
    target = shape.box.moved(round(dx), round(dy))
    kept = target.intersect(Rect.of_size(*size_hw))
    if kept.is_empty:
        return rle.mask_shape(np.zeros((0, 0), np.bool_), size_hw=size_hw, at=Rect(0, 0, 0, 0))
    return rle.mask_shape(rle.decode(shape, kept.moved(-round(dx), -round(dy))), size_hw=size_hw, at=kept)


def scale(shape: Shape, factor_x: float, factor_y: float, *, around_xy: tuple[float, float]) -> Shape:
    """The shape stretched from a fixed point by positive factors; masks sample their nearest pixel."""
    fixed = np.asarray(around_xy, np.float64)
    factor = np.array((factor_x, factor_y))
    if isinstance(shape, PolygonShape):
        return map_points(shape, lambda ring_xy: fixed + (ring_xy - fixed) * factor)
    size_hw = shape.height, shape.width
    corners = np.array(((shape.box.x0, shape.box.y0), (shape.box.x1, shape.box.y1)), np.float64)
    target = Rect.around(fixed + (corners - fixed) * factor).intersect(Rect.of_size(*size_hw))
    if target.is_empty or shape.box.is_empty:
        return rle.mask_shape(np.zeros((0, 0), np.bool_), size_hw=size_hw, at=Rect(0, 0, 0, 0))
    columns = np.floor(fixed[0] + (np.arange(target.x0, target.x1) + 0.5 - fixed[0]) / factor_x).astype(np.int64)
    rows = np.floor(fixed[1] + (np.arange(target.y0, target.y1) + 0.5 - fixed[1]) / factor_y).astype(np.int64)
    source = np.pad(rle.decode(shape, shape.box), 1)
    row = np.clip(rows - shape.box.y0 + 1, 0, shape.box.height + 1)
    column = np.clip(columns - shape.box.x0 + 1, 0, shape.box.width + 1)
    return rle.mask_shape(source[np.ix_(row, column)], size_hw=size_hw, at=target)


def onto(shape: Shape, size_hw: tuple[int, int]) -> Shape:
    """The shape at the same place of an image of another size; the pixels of a mask that do not fit are lost."""
    if isinstance(shape, PolygonShape):
        return shape
    kept = shape.box.intersect(Rect.of_size(*size_hw))
    return rle.mask_shape(rle.decode(shape, kept), size_hw=size_hw, at=kept)
