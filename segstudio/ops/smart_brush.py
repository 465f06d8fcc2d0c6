"""A brush that stops at edges: a watershed between its middle and a ring outside, in a window round the tip.

Source: marker-controlled watershed, Meyer, Topographic distance and watershed lines, Signal Processing 38, 1994.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Points, Rect
from segstudio.ops.brush import stroke_path

Mask = NDArray[np.bool_]

_CORE = 0.3
"""Radius of the middle that always belongs, as a part of the tip's."""
_RING = 2.2
"""Where the other side begins, in radii: where there is no edge both meet outside the tip, which is painted whole."""
_SIDE = 96
"""Longer windows are looked at shrunk, so that a wide tip costs what a narrow one does."""
_MOST_DABS = 64
_STEP = 0.5
"""Distance of dabs along a stroke, in radii."""


def smart_stroke(
    image_hwc: NDArray[np.uint8], path_xy: Points, radius: float, *, square: bool = False
) -> tuple[Rect, Mask]:
    """The pixels that a tip going along `path_xy` float64 `[N, 2]` paints without crossing edges of the picture.

    `image_hwc` is uint8 RGB `[H, W, 3]`. Returns the smallest rectangle inside the picture and a mask of its size. What
    the tip's middle goes over decides what is painted; where there is no edge that is the whole tip.
    """
    bounds = Rect.of_size(*image_hwc.shape[:2])
    rect, whole = stroke_path(path_xy, radius, bounds, square=square)
    if rect.is_empty or radius < 2:
        return rect, whole
    painted = np.zeros(whole.shape, np.bool_)
    for x, y in _dabs(path_xy, radius):
        box, mask_hw = _dab(image_hwc, x, y, radius)
        inside = box.intersect(rect)
        if not inside.is_empty:
            part = mask_hw[inside.moved(-box.x0, -box.y0).slices]
            painted[inside.moved(-rect.x0, -rect.y0).slices] |= part
    painted &= whole
    held = Rect.of_mask(painted)
    return held.moved(rect.x0, rect.y0), painted[held.slices]


def _dabs(path_xy: Points, radius: float) -> list[tuple[float, float]]:
    """Points along the path, close enough that their tips cover it."""
    lengths = np.hypot(*np.diff(path_xy, axis=0).T) if len(path_xy) > 1 else np.zeros(0)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    count = min(_MOST_DABS, max(1, ceil(along[-1] / (_STEP * radius)) + 1))
    at = np.linspace(0, along[-1], count)
    if count == 1:
        return [(float(path_xy[0][0]), float(path_xy[0][1]))]
    return list(zip(*(np.interp(at, along, path_xy[:, axis]).tolist() for axis in (0, 1)), strict=True))


def _dab(image_hwc: NDArray[np.uint8], x: float, y: float, radius: float) -> tuple[Rect, Mask]:
    reach = _RING * radius + 2
    around = Rect(int(x - reach), int(y - reach), ceil(x + reach), ceil(y + reach))
    window = around.intersect(Rect.of_size(*image_hwc.shape[:2]))
    if window.width < 3 or window.height < 3:
        return window, np.ones((window.height, window.width), np.bool_)
    shrink = max(1.0, max(window.width, window.height) / _SIDE)
    size = max(3, round(window.width / shrink)), max(3, round(window.height / shrink))
    picture: NDArray[Any] = np.ascontiguousarray(image_hwc[window.slices])
    if shrink > 1:
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    picture = cv2.GaussianBlur(picture, (3, 3), 0)
    scale_x, scale_y = window.width / size[0], window.height / size[1]
    columns = (np.arange(size[0]) + 0.5) * scale_x + window.x0 - x
    rows = (np.arange(size[1]) + 0.5) * scale_y + window.y0 - y
    squared = rows[:, None] ** 2 + columns[None, :] ** 2
    markers = np.zeros(squared.shape, np.int32)
    markers[squared >= (_RING * radius) ** 2] = 2
    markers[squared <= max(_CORE * radius, 0.75 * max(scale_x, scale_y)) ** 2] = 1
    if not (markers == 2).any():
        return window, np.ones((window.height, window.width), np.bool_)
    cv2.watershed(np.ascontiguousarray(picture), markers)
    # OpenCV keeps the outermost pixels for itself, and the line between both sides belongs to neither.
    inner = markers[1:-1, 1:-1]
    markers = np.pad(inner, 1, mode="edge")
    mask = (markers == 1).view(np.uint8)
    mask = cv2.dilate(mask, np.ones((3, 3), np.uint8)) & (markers != 2)
    if shrink > 1:
        mask = cv2.resize(mask.astype(np.uint8), (window.width, window.height), interpolation=cv2.INTER_NEAREST)
    return window, np.asarray(mask) != 0
