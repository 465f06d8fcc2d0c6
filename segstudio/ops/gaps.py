"""Unlabelled pixels: how many there are, live, and where the next ones are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.raster import UNLABELLED, RasterDelta
from segstudio.ops.fill import flood

_STRIP = 1 << 20


@dataclass(frozen=True, slots=True)
class Gap:
    """A connected unlabelled area: its rectangle, its pixels, and the middle of one of them."""

    rect: Rect
    area: int
    point_xy: tuple[float, float]


def count_unlabelled(ids_hw: NDArray[Any]) -> int:
    """How many pixels of a label raster are unlabelled."""
    return int(ids_hw.size - np.count_nonzero(ids_hw))


def change_of_unlabelled(delta: RasterDelta) -> int:
    """By how much one write changed the number of unlabelled pixels; negative where it filled some."""
    return int(np.count_nonzero(delta.before_hw) - np.count_nonzero(delta.after_hw))


def next_gap(ids_hw: NDArray[Any], *, after_xy: tuple[float, float] | None = None) -> Gap | None:
    """The first unlabelled area, in reading order, that begins after a point, round the image's end if need be.

    An area begins at its first pixel in reading order; None where everything is labelled. Give the gap's own
    `point_xy` to get on to the one after it.
    """
    height, width = ids_hw.shape
    start = 0
    if after_xy is not None:
        row, column = min(max(int(after_xy[1]), 0), height - 1), min(max(int(after_xy[0]), 0), width - 1)
        start = row * width + column + 1
    free = np.asarray(ids_hw == UNLABELLED)
    begun_before = []
    place = _first_free(free, start, height * width)
    while place is not None:
        gap = _taken(free, place)
        if gap.point_xy == (place % width + 0.5, place // width + 0.5):
            return gap
        begun_before.append(gap)
        place = _first_free(free, place + 1, height * width)
    place = _first_free(free, 0, start)
    if place is not None:
        begun_before.append(_taken(free, place))
    return min(begun_before, key=lambda gap: gap.point_xy[::-1], default=None)


def _taken(free: NDArray[np.bool_], place: int) -> Gap:
    """The area round a flat index, which is removed from `free` so that it is looked at once."""
    row, column = divmod(place, free.shape[1])
    rect, mask = flood(free, (column, row))
    free[rect.slices] &= ~mask
    return Gap(rect, int(np.count_nonzero(mask)), (rect.x0 + int(mask[0].argmax()) + 0.5, rect.y0 + 0.5))


def _first_free(free: NDArray[np.bool_], low: int, high: int) -> int | None:
    """The first flat index in `low … high − 1` that is free; looks at strips, so a near one is quick."""
    flat = free.reshape(-1)
    while low < high:
        strip = flat[low : min(low + _STRIP, high)]
        first = int(strip.argmax())
        if strip[first]:
            return low + first
        low += _STRIP
    return None
