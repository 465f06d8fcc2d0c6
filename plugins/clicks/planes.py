"""What the network sees: a window of the picture, with clicks and the mask so far as planes beside the colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .geodesic import geodesic

DISC = 3.0
"""Radius of the disc that a click is, in pixels of the window."""
NEAR = 20.0
"""Distance, in pixels of the window, over which the nearness of a click falls by 1/e."""
PLANES = 12
"""Red, green, blue; the mask so far; and for the clicks that belong and those that do not: their discs, how near they
are in the plane, how near over the picture's colours, how alike in colour.
"""
_ALIKE = 28.0
_OUTSIDE = 114
"""Grey of what lies beyond the picture."""
_MEAN, _SPREAD = 114.0, 64.0


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the picture, in its pixels; it may reach beyond the picture."""

    x0: int
    y0: int
    width: int
    height: int

    def cut(self, array: NDArray[Any], size_hw: tuple[int, int]) -> NDArray[Any]:
        """The rectangle as `[h, w, …]` of `size_hw`: smoothed where it shrinks, bilinear where it grows; grey beyond a
        picture of three channels, 0 beyond anything else.
        """
        height, width = array.shape[:2]
        x0, y0 = min(max(0, self.x0), width), min(max(0, self.y0), height)
        x1, y1 = max(x0, min(width, self.x0 + self.width)), max(y0, min(height, self.y0 + self.height))
        inside = array[y0:y1, x0:x1]
        if inside.shape[:2] != (self.height, self.width):
            beyond = _OUTSIDE if array.ndim == 3 else 0
            whole = np.full((self.height, self.width, *array.shape[2:]), beyond, array.dtype)
            whole[y0 - self.y0 : y1 - self.y0, x0 - self.x0 : x1 - self.x0] = inside
            inside = whole
        if inside.shape[:2] == size_hw:
            return np.ascontiguousarray(inside)
        way = cv2.INTER_AREA if self.height > size_hw[0] else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(np.ascontiguousarray(inside), size_hw[::-1], interpolation=way))

    def inside(self, points_xy: NDArray[np.float64], size_hw: tuple[int, int]) -> NDArray[np.float64]:
        """Points of the picture, centres of pixels at +0.5, in pixels of what `cut` gives."""
        scale = (size_hw[1] / self.width, size_hw[0] / self.height)
        return np.asarray((points_xy - (self.x0, self.y0)) * scale, np.float64)


@dataclass(frozen=True, eq=False)
class Said:
    """A look at a window uint8 `[h, w, 3]` and what was said about it.

    Points are in pixels of the window, those beyond it are left out. `before_hw` 0…1 is how likely each pixel belonged
    so far; one half inside a box that was drawn.
    """

    colours_hwc: NDArray[np.uint8]
    points_xy: NDArray[np.float64]
    positive: NDArray[np.bool_]
    before_hw: NDArray[np.float32] | None


def planes_of(all_said: Sequence[Said]) -> NDArray[np.float32]:
    """float32 `[N, 12, h, w]` for `network.ClickNet`, of windows of one size."""
    size = all_said[0].colours_hwc.shape[:2]
    planes = np.zeros((len(all_said), PLANES, *size), np.float32)
    coarse = max(2, size[0] // 2), max(2, size[1] // 2)
    small = np.zeros((len(all_said), *coarse, 3), np.float32)
    seeds = np.zeros((len(all_said), 2, *coarse), np.bool_)
    for number, said in enumerate(all_said):
        planes[number, :3] = ((said.colours_hwc.astype(np.float32) - _MEAN) / _SPREAD).transpose(2, 0, 1)
        if said.before_hw is not None:
            planes[number, 3] = said.before_hw
        smooth_hwc = cv2.GaussianBlur(said.colours_hwc, (0, 0), 1.0)
        small[number] = cv2.resize(smooth_hwc, coarse[::-1], interpolation=cv2.INTER_AREA)
        for kind, sign in ((0, True), (1, False)):
            columns, rows = _there(said.points_xy[said.positive == sign], size)
            if len(columns):
                distance_hw = _distances(size, columns, rows)
                planes[number, 4 + kind] = distance_hw <= DISC
                planes[number, 6 + kind] = np.exp(distance_hw / -NEAR)
                seeds[number, kind, rows * coarse[0] // size[0], columns * coarse[1] // size[1]] = True
                planes[number, 10 + kind] = _alike(smooth_hwc, smooth_hwc[rows, columns])
    far = np.exp(-geodesic(small, seeds) / 2)
    for number in range(len(all_said)):
        for kind in (0, 1):
            if seeds[number, kind].any():
                planes[number, 8 + kind] = cv2.resize(far[number, kind], size[::-1], interpolation=cv2.INTER_LINEAR)
    return planes


def _alike(colours_hwc: NDArray[np.uint8], clicked: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How like the colour of one of the clicks each pixel is, 0…1."""
    seen = colours_hwc.astype(np.float32)
    best = np.full(seen.shape[:2], np.inf, np.float32)
    for colour in np.unique(clicked, axis=0).astype(np.float32):
        np.minimum(best, ((seen - colour) ** 2).sum(axis=2), out=best)
    return np.asarray(np.exp(best / (-2 * _ALIKE**2)), np.float32)


def _there(points_xy: NDArray[np.float64], size_hw: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of the points that lie in the window."""
    columns, rows = np.floor(points_xy.reshape(-1, 2)).astype(np.int64).T
    there = (columns >= 0) & (rows >= 0) & (columns < size_hw[1]) & (rows < size_hw[0])
    return columns[there], rows[there]


def _distances(size_hw: tuple[int, ...], columns: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """How far each pixel is from the nearest of the points, float32 `[H, W]`."""
    free = np.ones(size_hw, np.uint8)
    free[rows, columns] = 0
    return np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
