"""Superpixels for painting whole patches: watershed from a jittered grid of seeds ("waterpixels").

Source: Machairas et al., Waterpixels, IEEE TIP 2015; seeds at the gradient's minimum of every grid cell.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Rect

Cells = NDArray[np.int32]
Mask = NDArray[np.bool_]

MIN_CELL = 4
_COARSE_CELL = 16
_BESIDE = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def superpixels(image_hwc: NDArray[np.uint8], *, cell: int = 16) -> Cells:
    """Divide a picture (best: the visible part) into patches of about `cell` × `cell` pixels that follow its edges.

    `image_hwc` is uint8 RGB `[H, W, 3]`. Returns int32 `[H, W]`: the number of each pixel's patch, 1 … n; every pixel
    has one and every patch is connected. The same picture gives the same patches.
    """
    cell = max(MIN_CELL, cell)
    height, width = image_hwc.shape[:2]
    # Small patches follow what a wide blur would take away.
    smooth = cv2.medianBlur(np.ascontiguousarray(image_hwc), 5 if cell >= _COARSE_CELL else 3)
    markers = np.zeros((height, width), np.int32)
    ys, xs = _seeds(_gradient(smooth), cell)
    markers[ys, xs] = np.arange(1, ys.size + 1)
    if height < 8 or width < 8:
        return _nearest_seed(markers)
    if cell >= _COARSE_CELL:
        markers = _coarse(smooth, ys, xs)
    cv2.watershed(smooth, markers)
    return _without_ridges(markers)


def _coarse(smooth_hwc: NDArray[Any], ys: NDArray[np.intp], xs: NDArray[np.intp]) -> Cells:
    """Patches grown on the picture of half the size, brought back to its size; 0 along their borders.

    Growing the rest at full size then takes a third of the time, and borders lie where they would have lain.
    """
    height, width = smooth_hwc.shape[:2]
    half = (height + 1) // 2, (width + 1) // 2
    small = cv2.resize(smooth_hwc, half[::-1], interpolation=cv2.INTER_AREA)
    markers = np.zeros(half, np.int32)
    markers[np.clip(ys // 2, 1, half[0] - 2), np.clip(xs // 2, 1, half[1] - 2)] = np.arange(1, ys.size + 1)
    cv2.watershed(small, markers)
    np.maximum(markers, 0, out=markers)
    return np.ascontiguousarray(markers.repeat(2, axis=0).repeat(2, axis=1)[:height, :width])


def _gradient(image_hwc: NDArray[Any]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(image_hwc, cv2.COLOR_RGB2GRAY)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _seeds(gradient_hw: NDArray[np.float32], cell: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(rows, columns) of one seed per grid cell: the flattest pixel of its middle half, never on the border."""
    height, width = gradient_hw.shape
    rows, columns = max(1, round(height / cell)), max(1, round(width / cell))
    top = np.linspace(0, height, rows, endpoint=False).astype(np.intp)
    left = np.linspace(0, width, columns, endpoint=False).astype(np.intp)
    inner = max(1, cell // 2)
    ys = np.clip(top[:, None] + cell // 4 + np.arange(inner), min(1, height - 1), max(height - 2, 0))
    xs = np.clip(left[:, None] + cell // 4 + np.arange(inner), min(1, width - 1), max(width - 2, 0))
    blocks = gradient_hw[ys[:, None, :, None], xs[None, :, None, :]].reshape(rows, columns, -1)
    flattest = blocks.argmin(axis=2)
    seed_ys = np.take_along_axis(ys, flattest // inner, axis=1)
    seed_xs = np.take_along_axis(xs, (flattest % inner).T, axis=1).T
    return seed_ys.ravel(), seed_xs.ravel()


def _without_ridges(cells_hw: Cells) -> Cells:
    """Give the pixels on the watershed lines (−1) to a patch beside them, so that patches stay connected."""
    ridge = cells_hw <= 0
    while ridge.any():
        # OpenCV dilates floats but no 32-bit integers; patch numbers are far below 2**24.
        neighbour = cv2.dilate(cells_hw.astype(np.float32), _BESIDE)
        np.copyto(cells_hw, neighbour.astype(np.int32), where=ridge)
        ridge = cells_hw <= 0
    return cells_hw


def _nearest_seed(markers: Cells) -> Cells:
    """Pictures too narrow for a watershed: every pixel goes to the seed that is nearest, in steps."""
    away = (markers == 0).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(away, cv2.DIST_L1, 3, labelType=cv2.DIST_LABEL_PIXEL)
    number_of = np.zeros(int(nearest.max()) + 1, np.int32)
    number_of[nearest[away == 0]] = markers[away == 0]
    return np.asarray(number_of[nearest])


def patches_under(cells_hw: Cells, rect: Rect, mask_hw: NDArray[Any]) -> tuple[Rect, Mask]:
    """All pixels of the patches that a mask touches: what painting with a tip over superpixels fills.

    `rect` is where the mask lies in `cells_hw`, inside it. Returns the smallest rectangle and a mask of its size.
    """
    touched = np.unique(cells_hw[rect.slices][mask_hw != 0])
    if touched.size == 0:
        return EMPTY, np.zeros((0, 0), np.bool_)
    bounds = Rect.of_size(*cells_hw.shape)
    margin = 64
    while True:
        window = rect.grown(margin).intersect(bounds)
        inside = np.isin(cells_hw[window.slices], touched)
        box = Rect.of_mask(inside)
        found = box.moved(window.x0, window.y0)
        if window == bounds or window.grown(-1).contains(found):
            return found, inside[box.slices]
        margin *= 2
