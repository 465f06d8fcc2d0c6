"""Shapes between two key frames: signed distances blended, with the middles of both brought together."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Rect
from segstudio.core.objects import MaskShape, Shape
from segstudio.ops import rle
from segstudio.ops.shapes import mask_of

Mask = NDArray[np.bool_]


def between(first: Shape, second: Shape, share: float, size_hw: tuple[int, int]) -> MaskShape:
    """The shape at `share` (0 = first, 1 = second) of the way between two shapes of an image of `size_hw`.

    The middles of both are laid on one another, their signed distances are blended there, and the result is put back
    on the way between the middles. Where one of them is empty, the other's pixels are kept.
    """
    whole = Rect.of_size(*size_hw)
    boxes = [shape.bounds().grown(1).intersect(whole) for shape in (first, second)]
    masks = [mask_of(shape, box, size_hw) for shape, box in zip((first, second), boxes, strict=True)]
    if not masks[0].any() or not masks[1].any():
        kept = 0 if masks[0].any() else 1
        return rle.mask_shape(masks[kept], size_hw=size_hw, at=boxes[kept])
    middles = [_middle(mask, box) for mask, box in zip(masks, boxes, strict=True)]
    middle = np.rint(middles[0] + share * (middles[1] - middles[0])).astype(int)
    shifts = [middle - np.rint(own).astype(int) for own in middles]
    moved = [box.moved(int(dx), int(dy)) for box, (dx, dy) in zip(boxes, shifts, strict=True)]
    room = moved[0].union(moved[1]).grown(2)
    distances = [_signed_distance(_laid(mask, box, room)) for mask, box in zip(masks, moved, strict=True)]
    blend = (1 - share) * distances[0] + share * distances[1]
    kept_room = room.intersect(whole)
    if kept_room.is_empty:
        return rle.mask_shape(np.zeros((0, 0), np.bool_), size_hw=size_hw, at=EMPTY)
    inside = (blend > 0)[kept_room.moved(-room.x0, -room.y0).slices]
    return rle.mask_shape(inside, size_hw=size_hw, at=kept_room)


def _middle(mask_hw: Mask, box: Rect) -> NDArray[np.float64]:
    rows, columns = np.nonzero(mask_hw)
    return np.array((columns.mean() + box.x0, rows.mean() + box.y0))


def _laid(mask_hw: Mask, box: Rect, room: Rect) -> NDArray[np.uint8]:
    canvas = np.zeros((room.height, room.width), np.uint8)
    canvas[box.moved(-room.x0, -room.y0).slices] = mask_hw
    return canvas


def _signed_distance(mask_hw: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance to the outline, positive inside; the outline runs between the pixels."""
    inside = cv2.distanceTransform(mask_hw, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform(mask_hw ^ 1, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.where(mask_hw, inside - 0.5, 0.5 - outside), np.float32)
