"""Unlabelled pixels: how many there are, live, and where the next ones are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.raster import UNLABELLED, RasterDelta
from segstudio.ops.fill import flood

_STRIP = 256


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
        start = min(max(int(after_xy[1]), 0), height - 1) * width + min(max(int(after_xy[0]), 0), width - 1) + 1
    first = None
    for low, high in ((start, height * width), (0, start)):
        place = low
        while (place := _first_unlabelled(ids_hw, place, high)) is not None:
            row, column = divmod(place, width)
            rect, mask = flood(ids_hw, (column, row))
            top = int(np.flatnonzero(mask[0])[0]) + rect.x0
            gap = Gap(rect, int(np.count_nonzero(mask)), (top + 0.5, rect.y0 + 0.5))
            if (rect.y0, top) == (row, column):
                return gap
            first = first or gap
            place += 1
    return first


def _first_unlabelled(ids_hw: NDArray[Any], low: int, high: int) -> int | None:
    """The first flat index in `low … high − 1` whose pixel is unlabelled; looks at strips, so a near one is quick."""
    width = ids_hw.shape[1]
    while low < high:
        row = low // width
        rows = ids_hw[row : row + _STRIP].reshape(-1)
        found = np.flatnonzero(rows[low - row * width : high - row * width] == UNLABELLED)
        if found.size:
            return low + int(found[0])
        low = (row + _STRIP) * width
    return None
