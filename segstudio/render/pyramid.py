"""The picture at half, a quarter … of its size, so that a small view of a large picture is neither slow nor noisy."""

from __future__ import annotations

import threading
from math import floor, log2

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError

_SMALLEST = 256
"""Levels stop where the longer side falls below this."""


class Pyramid:
    """An RGB picture and its smaller levels: level k is 2⁻ᵏ of the size, each pixel the mean of four below it.

    Level 0 is the array that was given, uint8 `[H, W, 3]`, not copied; do not write to it afterwards. Smaller levels
    come from `build`, which any thread may call; until then `best` answers with what there is. They are kept as the
    words that go to the screen, uint32 `[h, w]` of 0xFFRRGGBB.
    """

    def __init__(self, image_hwc: NDArray[np.uint8]) -> None:
        if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or image_hwc.dtype != np.uint8:
            raise UserError(f"a picture to show is uint8 [H, W, 3], not {image_hwc.dtype} {list(image_hwc.shape)}")
        self.image_hwc = image_hwc
        self._smaller: list[NDArray[np.uint32]] = []
        self._lock = threading.Lock()
        longest = max(image_hwc.shape[:2])
        self.depth = 1 + max(0, floor(log2(max(1, longest / _SMALLEST))))
        """How many levels there are when all are built."""

    @property
    def size_hw(self) -> tuple[int, int]:
        height, width = self.image_hwc.shape[:2]
        return height, width

    @property
    def nbytes(self) -> int:
        """Memory of the built levels, the full picture included."""
        return self.image_hwc.nbytes + sum(level.nbytes for level in tuple(self._smaller))

    @property
    def is_complete(self) -> bool:
        return len(self._smaller) == self.depth - 1

    def wanted(self, scale: float) -> int:
        """The level for a view of `scale` device pixels per image pixel: one to two of its pixels for each of the
        view's.
        """
        if scale >= 1:
            return 0
        return min(self.depth - 1, max(0, floor(log2(1 / scale))))

    def best(self, scale: float) -> int:
        """The level nearest to the wanted one that is built."""
        return min(self.wanted(scale), len(self._smaller))

    def smaller(self, index: int) -> NDArray[np.uint32]:
        """A built level from 1 on, uint32 `[h, w]`."""
        return self._smaller[index - 1]

    def build(self, upto: int | None = None) -> None:
        """Build the levels to `upto` (default: all); returns at once for those that are there. Safe in any thread."""
        last = self.depth - 1 if upto is None else min(upto, self.depth - 1)
        with self._lock:
            if last >= 1 and not self._smaller:
                half = _halved(self.image_hwc)
                self._smaller.append(cv2.cvtColor(half, cv2.COLOR_RGB2BGRA).view(np.uint32)[:, :, 0])
            while len(self._smaller) < last:
                below = self._smaller[-1]
                half = _halved(below.view(np.uint8).reshape(*below.shape, 4))
                self._smaller.append(half.view(np.uint32)[:, :, 0])


def _halved(level_hwc: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = level_hwc.shape[:2]
    if height % 2 or width % 2:
        # An odd side is first lengthened by its last pixel: every level then lies exactly over the one below.
        level_hwc = cv2.copyMakeBorder(level_hwc, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE).astype(
            np.uint8, copy=False
        )
    size = (width + 1) // 2, (height + 1) // 2
    return cv2.resize(level_hwc, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
