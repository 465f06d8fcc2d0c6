"""One object from several, and several from one."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Points, Rect, union_all
from segstudio.core.objects import MaskShape, PolygonShape, Shape
from segstudio.ops import booleans, rle
from segstudio.ops.brush import stroke_path
from segstudio.ops.contours import polygon_of_mask
from segstudio.ops.shapes import mask_of

Mask = NDArray[np.bool_]


def split_shape(shape: Shape, line_xy: Points) -> list[Shape]:
    """The pieces into which an open line cuts a shape, largest first; the shape alone where it does not cut through.

    A polygon is cut exactly; the pieces of a mask share its pixels without loss.
    """
    if isinstance(shape, PolygonShape):
        return list(booleans.cut(shape, line_xy))
    size_hw = shape.height, shape.width
    pieces = split_mask(rle.decode(shape, shape.box), line_xy - (shape.box.x0, shape.box.y0))
    if len(pieces) < 2:
        return [shape]
    return [rle.mask_shape(piece, size_hw=size_hw, at=shape.box) for piece in pieces]


def split_mask(mask_hw: Mask, line_xy: Points) -> list[Mask]:
    """The parts of a mask on both sides of an open line `[N, 2]`, largest first; the mask alone where it is not cut.

    Together they are the mask; the pixels under the line go to the nearest part. Pieces that the line does not cut
    through stay with the largest part.
    """
    rect, line = stroke_path(line_xy, 0.75, Rect.of_size(*mask_hw.shape))
    if rect.is_empty:
        return [mask_hw]
    apart = mask_hw.copy()
    apart[rect.slices] &= ~line
    pieces, piece_of = cv2.connectedComponents(mask_hw.view(np.uint8), connectivity=4)
    parts, part_of, stats, _ = cv2.connectedComponentsWithStats(apart.view(np.uint8), connectivity=4)
    parent = np.zeros(parts, np.intp)
    parent[part_of[apart]] = piece_of[apart]
    is_cut = np.bincount(parent[1:], minlength=pieces) > 1
    kept = [part for part in range(1, parts) if is_cut[parent[part]]]
    if not kept:
        return [mask_hw]
    number = np.zeros(parts, np.int32)
    number[sorted(kept, key=lambda part: -stats[part, cv2.CC_STAT_AREA])] = np.arange(1, len(kept) + 1)
    owner = _nearest(number[part_of])
    owner[~is_cut[piece_of]] = 1
    return [np.asarray(mask_hw & (owner == wanted)) for wanted in range(1, len(kept) + 1)]


def _nearest(seeds_hw: NDArray[np.int32]) -> NDArray[np.int32]:
    """For every pixel the number of the nearest seeded one."""
    free = (seeds_hw == 0).astype(np.uint8)
    _, place = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    number_of_place = np.zeros(int(place.max()) + 1, np.int32)
    number_of_place[place[free == 0]] = seeds_hw[free == 0]
    return np.asarray(number_of_place[place])


def merge_shapes(shapes: Sequence[Shape], size_hw: tuple[int, int]) -> Shape:
    """One shape that covers what any of them covers: a polygon where all are polygons, else a mask."""
    polygons = [shape for shape in shapes if isinstance(shape, PolygonShape)]
    if len(polygons) == len(shapes):
        return booleans.union_of(polygons)
    at = union_all(shape.bounds().grown(1) for shape in shapes).intersect(Rect.of_size(*size_hw))
    covered = np.zeros((at.height, at.width), np.bool_)
    for shape in shapes:
        covered |= mask_of(shape, at, size_hw)
    return rle.mask_shape(covered, size_hw=size_hw, at=at)


def subtract_shape(shape: Shape, other: Shape, size_hw: tuple[int, int]) -> Shape:
    """What `shape` covers and `other` does not, in the form of `shape`."""
    return _combined(shape, other, size_hw, "subtract")


def intersect_shape(shape: Shape, other: Shape, size_hw: tuple[int, int]) -> Shape:
    """What both cover, in the form of `shape`."""
    return _combined(shape, other, size_hw, "intersect")


def xor_shape(shape: Shape, other: Shape, size_hw: tuple[int, int]) -> Shape:
    """What exactly one of them covers, in the form of `shape`."""
    return _combined(shape, other, size_hw, "xor")


def _combined(shape: Shape, other: Shape, size_hw: tuple[int, int], operation: str) -> Shape:
    if isinstance(shape, PolygonShape) and isinstance(other, PolygonShape):
        on_polygons = {"subtract": booleans.subtract, "intersect": booleans.intersect, "xor": booleans.xor}
        return on_polygons[operation](shape, other)
    at = shape.bounds().union(other.bounds()).grown(1).intersect(Rect.of_size(*size_hw))
    a, b = mask_of(shape, at, size_hw), mask_of(other, at, size_hw)
    result = {"subtract": a & ~b, "intersect": a & b, "xor": a ^ b}[operation]
    if isinstance(shape, MaskShape):
        return rle.mask_shape(result, size_hw=size_hw, at=at)
    return polygon_of_mask(result, offset_xy=(at.x0, at.y0))
