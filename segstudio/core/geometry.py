"""Integer rectangles, and the only place that turns (x, y) into (row, column)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""float64 `[N, 2]`, (x, y) in pixels; the upper left corner of the image is (0, 0), the middle of its first pixel
(0.5, 0.5).
"""


@dataclass(frozen=True, slots=True)
class Rect:
    """A half-open rectangle of pixels: columns `x0 … x1 - 1`, rows `y0 … y1 - 1`; empty when a side is not positive."""

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def of_size(cls, height: int, width: int) -> Rect:
        """The whole of an image of that size."""
        return cls(0, 0, width, height)

    @classmethod
    def around(cls, points_xy: Points, margin: float = 0.0) -> Rect:
        """The smallest rectangle that holds every point and `margin` pixels round it; empty for no points."""
        if len(points_xy) == 0:
            return EMPTY
        low = np.min(points_xy, axis=0) - margin
        high = np.max(points_xy, axis=0) + margin
        return cls(floor(low[0]), floor(low[1]), ceil(high[0]), ceil(high[1]))

    @classmethod
    def of_mask(cls, mask_hw: NDArray[np.generic]) -> Rect:
        """The smallest rectangle that holds every non-zero pixel of `mask_hw`."""
        rows = np.flatnonzero(mask_hw.any(axis=1))
        if rows.size == 0:
            return EMPTY
        y0, y1 = int(rows[0]), int(rows[-1]) + 1
        columns = np.flatnonzero(mask_hw[y0:y1].any(axis=0))
        return cls(int(columns[0]), y0, int(columns[-1]) + 1, y1)

    @property
    def width(self) -> int:
        return max(0, self.x1 - self.x0)

    @property
    def height(self) -> int:
        return max(0, self.y1 - self.y0)

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def is_empty(self) -> bool:
        return self.x1 <= self.x0 or self.y1 <= self.y0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index for an array whose first axes are row and column."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def intersect(self, other: Rect) -> Rect:
        both = Rect(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))
        return EMPTY if both.is_empty else both

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both."""
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        return Rect(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def grown(self, margin: int) -> Rect:
        """The rectangle with `margin` more pixels on every side (fewer where negative)."""
        if self.is_empty:
            return self
        return Rect(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin)

    def moved(self, dx: int, dy: int) -> Rect:
        return Rect(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def contains(self, other: Rect) -> bool:
        return other.is_empty or (
            self.x0 <= other.x0 and self.y0 <= other.y0 and other.x1 <= self.x1 and other.y1 <= self.y1
        )

    def holds(self, x: float, y: float) -> bool:
        """Whether the point lies on one of the rectangle's pixels."""
        return self.x0 <= x < self.x1 and self.y0 <= y < self.y1

    def grid(self, side: int) -> Iterator[tuple[int, int]]:
        """(row, column) of every cell of a grid of `side`-pixel squares, anchored at (0, 0), that the rectangle
        touches.
        """
        if self.is_empty:
            return
        for row in range(self.y0 // side, (self.y1 - 1) // side + 1):
            for column in range(self.x0 // side, (self.x1 - 1) // side + 1):
                yield row, column


EMPTY = Rect(0, 0, 0, 0)


def union_all(rects: Iterable[Rect]) -> Rect:
    """The smallest rectangle that holds all of them."""
    # Corner by corner: a rectangle made anew for each of thousands would take longer than a frame.
    held = [rect for rect in rects if not rect.is_empty]
    if not held:
        return EMPTY
    return Rect(
        min([rect.x0 for rect in held]),
        min([rect.y0 for rect in held]),
        max([rect.x1 for rect in held]),
        max([rect.y1 for rect in held]),
    )
