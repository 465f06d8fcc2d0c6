"""What a forest knows of each patch of a picture: colours, edges and texture at several scales, and its place.

Scales and families follow those of interactive pixel classification (Sommer et al., ilastik, ISBI 2011), taken once
per superpixel instead of once per pixel, so that a forest answers for a whole picture in milliseconds.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.ops.superpixels import Cells, superpixels

Floats = NDArray[np.float32]

WORK_PIXELS = 2_200_000
"""Pictures of more pixels are looked at shrunk: a patch then stands for more of them."""
_MOST_CELL, _LEAST_CELL = 16, 6
_PATCHES = 3600
"""Into how many patches a small picture is divided; a larger one is divided into patches of `_MOST_CELL`."""
_SCALES = (2.0, 6.0, 18.0)
"""Standard deviations of the blurs, in pixels of the half-size picture."""

FAMILIES = (
    *(f"{channel} mean" for channel in "Lab"),
    *(f"{channel} spread" for channel in "Lab"),
    *(f"{channel} at {scale:g}" for scale in _SCALES for channel in "Lab"),
    *(f"{name} at {scale:g}" for scale in _SCALES for name in ("edge across", "edge down", "texture")),
    "x",
    "y",
)
"""What each column of the features is."""
POSITION_COLUMNS = 2
"""How many of them, the last ones, say where a patch lies."""


def work_size(size_hw: tuple[int, int]) -> tuple[int, int]:
    """(height, width) at which a picture of `size_hw` is looked at: itself, or shrunk to about `WORK_PIXELS`."""
    height, width = size_hw
    share = min(1.0, (WORK_PIXELS / (height * width)) ** 0.5)
    return max(1, round(height * share)), max(1, round(width * share))


def cell_side(size_hw: tuple[int, int]) -> int:
    """The side of a patch, in pixels of the picture as it is looked at."""
    height, width = size_hw
    return int(max(_LEAST_CELL, min(_MOST_CELL, round((height * width / _PATCHES) ** 0.5))))


def cells_and_features(image_hwc: NDArray[np.uint8], *, cell: int | None = None) -> tuple[Cells, Floats]:
    """The patches of a picture and their features.

    `image_hwc` is uint8 RGB `[H, W, 3]`, at the size it is looked at. Returns int32 `[H, W]` patch numbers 0 … n − 1
    and float32 `[n, len(FAMILIES)]`, finite; x and y run from 0 to 1. About 0.3 s for 2 Mpx.
    """
    image_hwc = np.ascontiguousarray(image_hwc)
    cells_hw = superpixels(image_hwc, cell=cell or cell_side(image_hwc.shape[:2])) - 1
    return cells_hw, cell_features(image_hwc, cells_hw)


def cell_features(image_hwc: NDArray[np.uint8], cells_hw: Cells) -> Floats:
    """Features float32 `[n, F]` of patches numbered 0 … n − 1; see `cells_and_features`."""
    height, width = cells_hw.shape
    count = int(cells_hw.max()) + 1
    half = max(1, (width + 1) // 2), max(1, (height + 1) // 2)
    small = np.asarray(cv2.resize(image_hwc, half, interpolation=cv2.INTER_AREA))
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    small_cells = cells_hw[::2, ::2].ravel()
    sizes = np.bincount(small_cells, minlength=count).astype(np.float64)
    # A patch of a single odd row or column has no pixel in the half-size picture.
    missed = np.flatnonzero(sizes == 0)
    sizes[missed] = 1

    def mean_of(values_hw: NDArray[Any]) -> NDArray[np.float64]:
        sums = np.bincount(small_cells, weights=values_hw.ravel(), minlength=count)
        return np.asarray(sums / sizes)

    columns: list[NDArray[Any]] = []
    channels = cv2.split(lab)
    means = [mean_of(channel) for channel in channels]
    spreads = [np.sqrt(np.maximum(mean_of(c * c) - m * m, 0)) for c, m in zip(channels, means, strict=True)]
    columns += [*means, *spreads]
    for scale in _SCALES:
        columns += [mean_of(channel) for channel in cv2.split(_blurred(lab, scale))]
    for scale in _SCALES:
        columns += [mean_of(values) for values in _edges_and_texture(channels[0], scale)]
    rows, across = np.mgrid[0 : half[1], 0 : half[0]]
    columns += [mean_of(across) / max(1, half[0] - 1), mean_of(rows) / max(1, half[1] - 1)]
    features = np.stack(columns, axis=1).astype(np.float32)
    if missed.size:
        _borrow(features, cells_hw, missed)
    return features


def _blurred(values: NDArray[Any], scale: float) -> NDArray[Any]:
    """A Gaussian blur; a wide one is made on a picture shrunk so that it stays narrow there."""
    shrink = 1
    height, width = values.shape[:2]
    while scale / shrink > 4 and min(height, width) // (shrink * 2) >= 8:
        shrink *= 2
    if shrink == 1:
        return cv2.GaussianBlur(values, (0, 0), scale, borderType=cv2.BORDER_REPLICATE)
    size = max(1, width // shrink), max(1, height // shrink)
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), scale / shrink, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _edges_and_texture(light_hw: NDArray[Any], scale: float) -> list[NDArray[Any]]:
    """How much lightness changes across and down, and how much it varies, within about `scale`."""
    across = _blurred(np.abs(cv2.Sobel(light_hw, cv2.CV_32F, 1, 0)), scale)
    down = _blurred(np.abs(cv2.Sobel(light_hw, cv2.CV_32F, 0, 1)), scale)
    middle = _blurred(light_hw, scale)
    varies = np.sqrt(np.maximum(_blurred(light_hw * light_hw, scale) - middle * middle, 0))
    return [across, down, varies]


def _borrow(features: Floats, cells_hw: Cells, missed: NDArray[np.intp]) -> None:
    """Patches without a pixel of their own in the half-size picture take what lies beside them there."""
    ys, xs = np.nonzero(np.isin(cells_hw, missed))
    height, width = cells_hw.shape
    owners = cells_hw[ys, xs]
    beside = cells_hw[np.minimum(ys // 2 * 2, height - 1), np.minimum(xs // 2 * 2, width - 1)]
    features[owners] = features[beside]
