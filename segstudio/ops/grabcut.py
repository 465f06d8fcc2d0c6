"""Cutting an object out of a box by its colours.

Source: Rother, Kolmogorov and Blake, GrabCut, SIGGRAPH 2004, as in `cv2.grabCut`.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Rect

Mask = NDArray[np.bool_]

MAX_SIDE = 512
"""Crops with a longer side are shrunk first: the time grows faster than the area."""

_NOTHING: tuple[Rect, Mask] = EMPTY, np.zeros((0, 0), np.bool_)


def cut_out(
    image_hwc: NDArray[np.uint8],
    box: Rect,
    *,
    foreground_hw: NDArray[Any] | None = None,
    background_hw: NDArray[Any] | None = None,
    iterations: int = 3,
) -> tuple[Rect, Mask]:
    """The object that fills most of `box`, as the smallest rectangle and a mask of its size.

    `image_hwc` is uint8 RGB `[H, W, 3]`. What lies outside the box is background; `foreground_hw` and
    `background_hw`, of the size of `box`, are scribbles that must and must not belong to the object. Returns the empty
    rectangle where no object stands out from its surroundings: then keep what there was. Takes up to a second: call it
    in a worker. Same input, same result.
    """
    bounds = Rect.of_size(*image_hwc.shape[:2])
    inside = box.intersect(bounds)
    if inside.width < 2 or inside.height < 2 or iterations < 1:
        return _NOTHING
    crop = surroundings(box, bounds)
    marks = np.full((crop.height, crop.width), cv2.GC_BGD, np.uint8)
    within = marks[inside.moved(-crop.x0, -crop.y0).slices]
    within[...] = cv2.GC_PR_FGD
    part = inside.moved(-box.x0, -box.y0).slices
    if foreground_hw is not None:
        within[foreground_hw[part] != 0] = cv2.GC_FGD
    if background_hw is not None:
        within[background_hw[part] != 0] = cv2.GC_BGD
    cut = _grabbed(np.ascontiguousarray(image_hwc[crop.slices]), marks, iterations)
    held = Rect.of_mask(cut)
    if held.is_empty:
        return _NOTHING
    return held.moved(crop.x0, crop.y0), cut[held.slices]


def surroundings(box: Rect, bounds: Rect) -> Rect:
    """The part of a picture that decides what is cut out of a box: empty where the box lies outside."""
    inside = box.intersect(bounds)
    return (
        inside.grown(max(8, max(inside.width, inside.height) // 4)).intersect(bounds) if not inside.is_empty else EMPTY
    )


def _grabbed(crop_hwc: NDArray[np.uint8], marks: NDArray[np.uint8], iterations: int) -> Mask:
    height, width = marks.shape
    shrink = MAX_SIDE / max(height, width)
    small, small_marks = crop_hwc, marks
    if shrink < 1:
        size = max(2, round(width * shrink)), max(2, round(height * shrink))
        small = np.asarray(cv2.resize(crop_hwc, size, interpolation=cv2.INTER_AREA), np.uint8)
        small_marks = np.asarray(cv2.resize(marks, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    empty = np.zeros((height, width), np.bool_)
    if not ((small_marks & 1).any() and (small_marks != cv2.GC_PR_FGD).any()):
        return empty
    cv2.setRNGSeed(0)
    by_marks: Any = None  # no rectangle: the marks say everything
    try:
        cv2.grabCut(
            small, small_marks, by_marks, np.zeros((1, 65)), np.zeros((1, 65)), iterations, cv2.GC_INIT_WITH_MASK
        )
    except cv2.error:
        # One of the colour models lost its last pixel: nothing can be told apart.
        return empty
    object_hw = (small_marks & 1).astype(np.float32)
    if shrink < 1:
        object_hw = np.asarray(cv2.resize(object_hw, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray((object_hw > 0.5) & (marks != cv2.GC_BGD))
