"""Whole shapes grown, shrunk and smoothed."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonShape, Shape
from segstudio.ops import rle
from segstudio.ops.booleans import from_shapely, to_shapely

Mask = NDArray[np.bool_]


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
