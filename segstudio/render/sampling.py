"""Which image pixel each device pixel shows, and gathering those pixels; the same device pixel always samples alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.render.scratch import Scratch
from segstudio.render.viewport import Viewport


@dataclass(frozen=True, slots=True)
class Grid:
    """The image positions of a rectangle of device pixels.

    `x` and `y` are float64 image coordinates of the pixel middles; `x` runs along the columns of `rect` and `y` along
    its rows, or the other way round where `is_swapped` (odd quarter turns). Each value follows from the absolute
    device position alone, so that any two rectangles agree where they overlap.
    """

    rect: Rect
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    is_swapped: bool

    @classmethod
    def of(cls, viewport: Viewport, rect: Rect) -> Grid:
        """The grid of `rect`, in device pixels of `viewport`; it may reach beyond the view."""
        columns = np.arange(rect.x0, rect.x1, dtype=np.float64)
        rows = np.arange(rect.y0, rect.y1, dtype=np.float64)
        u: NDArray[np.float64] = (columns + (viewport.left + 0.5)) / viewport.scale
        v: NDArray[np.float64] = (rows + (viewport.top + 0.5)) / viewport.scale
        match viewport.quarter_turns:
            case 0:
                return cls(rect, u, v, False)
            case 1:
                return cls(rect, v, -u, True)
            case 2:
                return cls(rect, -u, -v, False)
            case _:
                return cls(rect, -v, u, True)

    def inside(self, size_hw: tuple[int, int]) -> Rect:
        """The part of `rect` (device pixels) whose middles lie on the image of that (height, width)."""
        height, width = size_hw
        in_x = np.flatnonzero((self.x >= 0) & (self.x < width))
        in_y = np.flatnonzero((self.y >= 0) & (self.y < height))
        if in_x.size == 0 or in_y.size == 0:
            return Rect(self.rect.x0, self.rect.y0, self.rect.x0, self.rect.y0)
        columns, rows = (in_y, in_x) if self.is_swapped else (in_x, in_y)
        return Rect(
            self.rect.x0 + int(columns[0]),
            self.rect.y0 + int(rows[0]),
            self.rect.x0 + int(columns[-1]) + 1,
            self.rect.y0 + int(rows[-1]) + 1,
        )


@dataclass(frozen=True, slots=True)
class Axis:
    """The pixels of one axis of an image that a line of device pixels shows, one after the other.

    `index` is intp and never turns back; `step` is what lies between any two neighbours where that is the same
    everywhere, else 0.
    """

    index: NDArray[np.intp]
    step: int

    @classmethod
    def of(cls, position: NDArray[np.float64], count: int) -> Axis:
        """The nearest pixels of an axis of `count`; positions beyond the border take the border's pixel."""
        index = np.clip(np.floor(position), 0, count - 1).astype(np.intp)
        steps = np.diff(index)
        regular = steps.size == 0 or bool((steps == steps[0]).all())
        return cls(index, (int(steps[0]) if steps.size else 1) if regular else 0)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def low(self) -> int:
        return int(min(self.index[0], self.index[-1]))

    @property
    def high(self) -> int:
        """One more than the last pixel."""
        return int(max(self.index[0], self.index[-1])) + 1

    def part(self, start: int, stop: int) -> Axis:
        """The pixels number `start` to `stop`."""
        return Axis(self.index[start:stop], self.step)

    @property
    def as_slice(self) -> slice:
        """The same pixels as a slice, where `step` is not 0."""
        first, last = int(self.index[0]), int(self.index[-1])
        if self.step > 0:
            return slice(first, last + 1, self.step)
        return slice(first, last - 1 if last else None, self.step)


def sample(source: NDArray[Any], x: Axis, y: Axis, scratch: Scratch, name: str = "sampled") -> NDArray[Any]:
    """`source[y, x]` for every pair, `[len(y), len(x)]`.

    To be read only: it lies in scratch memory `name`, or is a view of the source.
    """
    if x.step and y.step:
        view: NDArray[Any] = source[y.as_slice, x.as_slice]
        if x.step == 1:
            return view
        sampled = scratch.array(name, view.shape, source.dtype)
        sampled[...] = view
        return sampled
    sampled = scratch.array(name, (len(y), len(x)), source.dtype)
    window = source[y.low : y.high, x.low : x.high]
    # The smaller one first: fewer rows when shrinking, fewer columns when enlarging. Without "clip" numpy gathers into
    # a buffer of its own; the indices are in range as they are.
    if len(y) <= len(window):
        np.take(window[y.index - y.low], x.index - x.low, axis=1, out=sampled, mode="clip")
        return sampled
    narrow = scratch.array(name + " columns", (len(window), len(x)), source.dtype)
    np.take(window, x.index - x.low, axis=1, out=narrow, mode="clip")
    np.take(narrow, y.index - y.low, axis=0, out=sampled, mode="clip")
    return sampled


def channels(words_hw: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The same memory as uint8 `[H, W, 4]` (blue, green, red, alpha on little-endian machines)."""
    return words_hw.view(np.uint8).reshape(*words_hw.shape, 4)
