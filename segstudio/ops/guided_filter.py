"""Probabilities drawn to the edges of a picture by a guided filter, a class at a time, for what is in view.

Source: He, Sun, Tang, Guided Image Filtering, IEEE TPAMI 35(6), 2013, with grey values as the guide; its coefficients
are found on a reduced picture: He, Sun, Fast Guided Filter, arXiv:1505.00996.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_REDUCED_PIXELS = 1 << 18


class GuidedFilter:
    """A filter for one picture; what depends on the picture alone is computed once.

    `image_hwc` is uint8 RGB `[H, W, 3]`; `radius` in its pixels; `epsilon` is the variance of the grey values (0…1)
    from which an edge is kept.
    """

    def __init__(self, image_hwc: NDArray[np.uint8], *, radius: float = 4.0, epsilon: float = 1e-3) -> None:
        height, width = image_hwc.shape[:2]
        self._size = width, height
        grey = cv2.cvtColor(np.ascontiguousarray(image_hwc), cv2.COLOR_RGB2GRAY)
        self._grey: Floats = grey.astype(np.float32) / np.float32(255)
        shrink = max(1.0, (height * width / _REDUCED_PIXELS) ** 0.5)
        self._small = max(1, round(width / shrink)), max(1, round(height / shrink))
        self._side = 2 * max(1, round(radius / shrink)) + 1
        self._guide = self._reduced(self._grey)
        self._mean = self._box(self._guide)
        self._variance: NDArray[Any] = (
            self._box(self._guide * self._guide) - self._mean * self._mean + np.float32(epsilon)
        )

    @property
    def reduced_hw(self) -> tuple[int, int]:
        """The size at which the filter's coefficients are found."""
        return self._small[1], self._small[0]

    def apply(self, values_hw: NDArray[Any]) -> Floats:
        """The values, filtered: float32 `[H, W]`. They may be given at the picture's size or at `reduced_hw`."""
        values: Floats = np.asarray(values_hw, np.float32)
        small = values if values.shape == self.reduced_hw else self._reduced(values)
        mean = self._box(small)
        slope = (self._box(self._guide * small) - self._mean * mean) / self._variance
        offset = self._box(mean - slope * self._mean)
        slope = self._box(slope)
        if self._small != self._size:
            slope, offset = (
                np.asarray(cv2.resize(part, self._size, interpolation=cv2.INTER_LINEAR), np.float32)
                for part in (slope, offset)
            )
        return np.asarray(slope * self._grey + offset, np.float32)

    def _reduced(self, values_hw: NDArray[Any]) -> Floats:
        if self._small == self._size:
            return np.asarray(values_hw, np.float32)
        return np.asarray(cv2.resize(values_hw, self._small, interpolation=cv2.INTER_AREA), np.float32)

    def _box(self, values_hw: NDArray[Any]) -> Floats:
        side = self._side, self._side
        # Replicated borders bend the window's mean less than OpenCV's mirrored ones do on a narrow picture.
        return np.asarray(cv2.blur(values_hw, side, borderType=cv2.BORDER_REPLICATE), np.float32)


def refine_classes(filter_: GuidedFilter, maps: Iterable[NDArray[Any]]) -> tuple[NDArray[np.uint8], Floats]:
    """The winner among the filtered maps of at most 255 classes: its place uint8 `[H, W]` and its share 0…1.

    The maps `[H, W]` are consumed one at a time, so that the classes of a large picture need not fit in memory at once.
    """
    best: NDArray[Any] | None = None
    winner: NDArray[np.uint8] = np.zeros((0, 0), np.uint8)
    for place, values_hw in enumerate(maps):
        filtered: Floats = np.maximum(filter_.apply(values_hw), np.float32(0))
        if best is None:
            best, total = filtered.copy(), filtered
            winner = np.zeros(filtered.shape, np.uint8)
            continue
        better = filtered > best
        winner[better] = place
        np.maximum(best, filtered, out=best)
        total = total + filtered
    if best is None:
        raise ValueError("there is no map to choose from")
    return winner, np.asarray(best / np.maximum(total, np.float32(1e-6)), np.float32)
