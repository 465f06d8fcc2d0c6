"""Painting on a single object: pixels added to a shape or taken from it, whatever form the shape has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonShape, Shape
from segstudio.ops import booleans, rle
from segstudio.ops.contours import polygon_of_mask


def paint_shape(shape: Shape, rect: Rect, mask_hw: NDArray[Any], *, erase: bool = False) -> Shape:
    """The shape with the non-zero pixels of `mask_hw`, which lies at `rect`, added, or taken away with `erase`.

    A mask takes exactly these pixels (those outside its image are ignored). A polygon is joined with the outline of
    the pixels, so that its vertices elsewhere stay where they were drawn.
    """
    if isinstance(shape, PolygonShape):
        painted = polygon_of_mask(mask_hw, offset_xy=(rect.x0, rect.y0))
        if not painted.parts:
            return shape
        return booleans.subtract(shape, painted) if erase else booleans.union(shape, painted)
    return _paint_mask(shape, rect, mask_hw, erase)


def _paint_mask(shape: MaskShape, rect: Rect, mask_hw: NDArray[Any], erase: bool) -> MaskShape:
    size_hw = shape.height, shape.width
    inside = rect.intersect(Rect.of_size(*size_hw))
    if inside.is_empty:
        return shape
    whole = shape.box if erase else shape.box.union(inside)
    touched = inside.intersect(whole)
    pixels = rle.decode(shape, whole)
    target = pixels[touched.moved(-whole.x0, -whole.y0).slices]
    stroke = np.asarray(mask_hw[touched.moved(-rect.x0, -rect.y0).slices] != 0)
    if erase:
        target &= ~stroke
    else:
        target |= stroke
    return rle.mask_shape(pixels, size_hw=size_hw, at=whole)
