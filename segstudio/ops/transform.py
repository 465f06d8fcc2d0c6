"""Whole shapes moved, scaled, grown, shrunk and smoothed."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from segstudio.core.geometry import Points, Rect
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, Shape
from segstudio.ops import rle
from segstudio.ops.booleans import from_shapely, to_shapely

Mask = NDArray[np.bool_]


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


def grow(shape: Shape, pixels: float) -> Shape:
    """The shape grown by `pixels` on every side, shrunk where negative; corners become round where it grows."""
    if isinstance(shape, PolygonShape):
        return from_shapely(shapely.buffer(to_shapely(shape), pixels, quad_segs=8))
    return _on_mask(shape, lambda mask_hw: grow_mask(mask_hw, pixels), ceil(abs(pixels)) + 1)


def smooth(shape: Shape, radius: float) -> Shape:
    """The shape with details of about `radius` pixels evened out: bays filled and spikes cut alike.

    A polygon is closed and opened by buffers with round corners; a mask is blurred and cut at one half.
    """
    if radius <= 0:
        return shape
    if isinstance(shape, PolygonShape):
        closed = shapely.buffer(shapely.buffer(to_shapely(shape), radius, quad_segs=4), -2 * radius, quad_segs=4)
        opened = from_shapely(shapely.simplify(shapely.buffer(closed, radius, quad_segs=4), radius / 20))
        return opened if opened.parts else shape
    return _on_mask(shape, lambda mask_hw: smooth_mask(mask_hw, radius), ceil(3 * radius) + 1)


def grow_mask(mask_hw: NDArray[Any], pixels: float) -> Mask:
    """The pixels within `pixels` of the mask, or, where negative, those farther than that from every other pixel.

    Distances are Euclidean between pixel middles and exact; the array's border does not count as background.
    """
    inside = np.ascontiguousarray(mask_hw != 0)
    source = inside.view(np.uint8) ^ 1 if pixels >= 0 else inside.view(np.uint8)
    if not source.any() or source.all():
        return inside.copy()
    distance = cv2.distanceTransform(source, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    limit = abs(pixels) + 1e-4
    return np.asarray(distance <= limit if pixels >= 0 else distance > limit)


def smooth_mask(mask_hw: NDArray[Any], radius: float) -> Mask:
    """The mask blurred by a Gaussian of standard deviation `radius` and cut at one half."""
    blurred = cv2.GaussianBlur((mask_hw != 0).astype(np.float32), (0, 0), radius, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred > 0.5)


def _on_mask(shape: MaskShape, change: Callable[[Mask], Mask], margin: int) -> MaskShape:
    size_hw = shape.height, shape.width
    if shape.box.is_empty:
        return shape
    window = shape.box.grown(margin).intersect(Rect.of_size(*size_hw))
    return rle.mask_shape(change(rle.decode(shape, window)), size_hw=size_hw, at=window)
