"""From logits to the mask of a large image, computed only where something is to be decided: what is inside all around
is filled, what is outside all around is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Rect

Mask = NDArray[np.bool_]
Logits = NDArray[np.float32]

_STRIP, _TALL = 256, 512
"""Columns and rows of a tile: what is computed of one stays in the processor's cache. OpenCV rounds the last columns of
a row in another way than the rest; strips that begin at multiples of 256 keep each column where it was.
"""


class _Span(NamedTuple):
    """Pixels `low` … `high` of a side, and the logits `first` … `last` that all of them are interpolated from."""

    low: int
    high: int
    first: int
    last: int


def enlarged(logits_hw: Logits, size_hw: tuple[int, int]) -> Logits:
    """Bilinear, half-pixel centres."""
    if logits_hw.shape == size_hw:
        return logits_hw
    large: Logits = cv2.resize(logits_hw, size_hw[::-1], interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return large


def enlarged_mask(logits_hw: Logits, size_hw: tuple[int, int], threshold: float = 0.0) -> tuple[Rect, Mask]:
    """Where the enlarged logits are above a threshold: rectangle and bool `[rect.height, rect.width]`, maybe empty.

    To the last bit the same as `enlarged(…) > threshold`: one side enlarged after the other rounds as both together do,
    and between values that all are above zero, or all are not, no value is otherwise.
    """
    inside_hw = logits_hw > threshold
    if not inside_hw.any():
        return EMPTY, np.zeros((0, 0), np.bool_)
    (height, width), (full_height, full_width) = logits_hw.shape, size_hw
    if full_height < height or full_width < width or threshold != 0:
        return _cropped(enlarged(logits_hw, size_hw) > threshold, 0, 0)
    columns = list(_strips(inside_hw.max(axis=0), full_width))
    rows = list(_tiles(inside_hw.max(axis=1), full_height))
    first, last = rows[0].first, rows[-1].last
    wide_hw = enlarged(np.ascontiguousarray(logits_hw[first:last]), (last - first, full_width))
    x, y = columns[0].low, rows[0].low
    mask_hw = np.zeros((rows[-1].high - y, columns[-1].high - x), np.bool_)
    for strip in columns:
        for tile in rows:
            around_hw = inside_hw[tile.first : tile.last, strip.first : strip.last]
            into_hw = mask_hw[tile.low - y : tile.high - y, strip.low - x : strip.high - x]
            if around_hw.all():
                into_hw[...] = True
            elif around_hw.any():
                part_hw = wide_hw[tile.first - first : tile.last - first, strip.low : strip.high]
                np.greater(_taller(part_hw, tile, full_height / height), 0, out=into_hw)
    return _cropped(mask_hw, x, y)


def _taller(part_hw: Logits, tile: _Span, scale: float) -> Logits:
    """The rows of a tile, from those that they are interpolated from."""
    part_hw = np.ascontiguousarray(part_hw)
    tall_hw = part_hw
    if scale != 1:
        tall_hw = cv2.resize(part_hw, None, fx=1, fy=scale, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    skipped = tile.low - round(tile.first * scale)
    return tall_hw[skipped : skipped + tile.high - tile.low]


def _strips(inside: Mask, full: int) -> Iterator[_Span]:
    """Columns with anything inside, in strips."""
    each, found = len(inside) / full, np.flatnonzero(inside)
    low = max(0, int(found[0] / each - 1 / each))
    high = min(full, int((found[-1] + 2) / each) + 1)
    for start in range(low // _STRIP * _STRIP, high, _STRIP):
        end = min(full, start + _STRIP)
        yield _Span(start, end, max(0, int(start * each) - 1), min(len(inside), int(end * each) + 2))


def _tiles(inside: Mask, full: int) -> Iterator[_Span]:
    """Rows with anything inside. Where a logit is 1, 2, 4, 8 … rows, places are exact wherever one begins to count;
    otherwise one tile begins at the first row.
    """
    count, found = len(inside), np.flatnonzero(inside)
    each, rest = divmod(full, count)
    first, last = max(0, int(found[0]) - 1), min(count, int(found[-1]) + 2)
    if rest or each & (each - 1):
        yield _Span(0, full, 0, count)
        return
    step = max(1, _TALL // each)
    for start in range(first, last, step):
        end = min(last, start + step)
        yield _Span(start * each, end * each, max(0, start - 1), min(count, end + 1))


def _cropped(mask_hw: Mask, x: int, y: int) -> tuple[Rect, Mask]:
    rect = Rect.of_mask(mask_hw)
    return (rect.moved(x, y) if not rect.is_empty else EMPTY), np.ascontiguousarray(mask_hw[rect.slices])
