"""Unlabelled areas: the largest ones, and the next one in reading order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.raster import UNLABELLED
from segstudio.ops.fill import flood

_STRIP = 1 << 20
_SAMPLED = 1 << 24
"""Pixels that are looked at to compare the sizes of gaps."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A connected unlabelled area: its rectangle, its pixels, and the middle of one of them."""

    rect: Rect
    area: int
    point_xy: tuple[float, float]


def gaps_by_size(ids_hw: NDArray[Any], *, most: int = 1000) -> list[Gap]:
    """The unlabelled areas (connected by edges), largest first, those of one size in reading order; at most `most`.

    Images of more than 16 Mpx are looked at in steps of several pixels: there areas and rectangles are estimates, and
    what is narrower than a step may be missed as long as there are wider gaps. `point_xy` is always unlabelled.
    """
    step = max(1, math.isqrt((ids_hw.size - 1) // _SAMPLED) + 1)
    free = np.asarray(ids_hw[::step, ::step] == UNLABELLED)
    if not free.any():
        first = next_gap(ids_hw) if step > 1 else None
        return [first] if first is not None else []
    _, parts_hw, stats, _ = cv2.connectedComponentsWithStats(free.view(np.uint8), connectivity=4)
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:most] + 1
    bounds = Rect.of_size(*ids_hw.shape)
    found = []
    for number in order.tolist():
        x, y, width, height, area = (int(value) for value in stats[number])
        column = x + int((parts_hw[y, x : x + width] == number).argmax())
        rect = Rect(x * step, y * step, (x + width) * step, (y + height) * step).intersect(bounds)
        found.append(Gap(rect, area * step * step, (column * step + 0.5, y * step + 0.5)))
    return found


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
