"""The picture at half, a quarter … of its size, so that a small view of a large picture is neither slow nor noisy."""

from __future__ import annotations

import threading
from functools import cached_property
from math import floor, log2
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.ops.window import Quantiles
from segstudio.render.tone import ShownPixels, Tone, tone_of

_SMALLEST = 256
"""Levels stop where the longer side falls below this."""
_BAND = 256
"""Rows of a level that are made at a time: what lies between two steps stays small beside the level."""


WORDS_FROM = 2


class Pyramid:
    """A picture and its smaller levels: level k is 2⁻ᵏ of the size, each pixel the mean of four below it.

    Level 0 is the array that was given, uint8 or uint16 `[H, W]` or `[H, W, C]`, not copied; do not write to it
    afterwards. Smaller levels come from `build`, which any thread may call; until then `best` answers with what there
    is. They hold samples of the same kind, so that a `Tone` costs nothing but its table. From `WORDS_FROM` on those of
    8-bit RGB (`is_plain`) are kept as the words that go to the screen, uint32 `[h, w]` of 0xFFRRGGBB: drawn sooner, and
    so small that a third more of memory does not matter.
    """

    def __init__(self, samples: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
        if samples.ndim not in (2, 3) or samples.dtype not in (np.uint8, np.uint16) or 0 in samples.shape:
            kind = f"{samples.dtype} {list(samples.shape)}"
            raise UserError(f"a picture to show is uint8 or uint16, [H, W] or [H, W, C], not {kind}")
        self.samples = samples
        self._smaller: list[NDArray[Any]] = []
        self._lock = threading.Lock()
        longest = max(samples.shape[:2])
        self.depth = 1 + max(0, floor(log2(max(1, longest / _SMALLEST))))
        """How many levels there are when all are built."""

    @property
    def size_hw(self) -> tuple[int, int]:
        height, width = self.samples.shape[:2]
        return height, width

    @property
    def num_channels(self) -> int:
        return self.samples.shape[2] if self.samples.ndim == 3 else 1

    @property
    def is_plain(self) -> bool:
        """Whether the samples are 8-bit RGB."""
        return self.samples.dtype == np.uint8 and self.samples.ndim == 3 and self.samples.shape[2] == 3

    @cached_property
    def image_hwc(self) -> NDArray[np.uint8]:
        """The whole picture as uint8 RGB `[H, W, 3]`, in its own tone.

        For other samples than 8-bit RGB it is made where it is sliced; `numpy.asarray` makes all of it.
        """
        if self.is_plain:
            return self.samples.astype(np.uint8, copy=False)
        tone = tone_of(self)
        assert isinstance(tone, Tone)
        return ShownPixels(self.samples, tone).as_array()

    @cached_property
    def quantiles(self) -> Quantiles:
        """Percentiles of the samples; counted at the first question (about 50 ms for a channel)."""
        return Quantiles.of(self.samples)

    @property
    def nbytes(self) -> int:
        """Memory of the built levels, the full picture included."""
        return self.samples.nbytes + sum(level.nbytes for level in tuple(self._smaller))

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

    def level(self, index: int) -> NDArray[Any]:
        """A built level, 0 being the picture: samples `[h, w]` or `[h, w, C]`, or words uint32 `[h, w]` (see above)."""
        return self._smaller[index - 1] if index else self.samples

    def build(self, upto: int | None = None) -> None:
        """Build the levels to `upto` (default: all); returns at once for those that are there. Safe in any thread."""
        last = self.depth - 1 if upto is None else min(upto, self.depth - 1)
        with self._lock:
            while len(self._smaller) < last:
                self._smaller.append(self._next_level())

    def _next_level(self) -> NDArray[Any]:
        below = self.level(len(self._smaller))
        if below.dtype == np.uint32:
            below = below.view(np.uint8).reshape(*below.shape, 4)
        height, width = below.shape[:2]
        size = (height + 1) // 2, (width + 1) // 2
        words = self.is_plain and len(self._smaller) + 1 >= WORDS_FROM
        level = np.empty(size if words else (*size, *below.shape[2:]), np.uint32 if words else below.dtype)
        for row in range(0, size[0], _BAND):
            half = _halved(below[2 * row : 2 * (row + _BAND)])
            target = level[row : row + _BAND]
            if not words:
                target[...] = half.reshape(target.shape)
            elif half.shape[2] == 3:
                cv2.cvtColor(half, cv2.COLOR_RGB2BGRA, dst=target.view(np.uint8).reshape(*target.shape, 4))
            else:
                target[...] = half.view(np.uint32)[:, :, 0]
        return level


def _halved(level_hwc: NDArray[Any]) -> NDArray[Any]:
    height, width = level_hwc.shape[:2]
    if level_hwc.ndim == 3 and level_hwc.shape[2] > 4:
        # OpenCV takes four channels at most.
        planes = [_halved(np.ascontiguousarray(level_hwc[:, :, channel])) for channel in range(level_hwc.shape[2])]
        return np.stack(planes, axis=2)
    if height % 2 or width % 2:
        # An odd side is first lengthened by its last pixel: every level then lies exactly over the one below.
        level_hwc = cv2.copyMakeBorder(level_hwc, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    size = (width + 1) // 2, (height + 1) // 2
    return np.asarray(cv2.resize(level_hwc, size, interpolation=cv2.INTER_AREA))
