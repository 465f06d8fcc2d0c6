"""Brush and eraser: the pixels that a round or square tip touches on its way from one point to the next.

A pixel (column c, row r) counts where its middle (c + 0.5, r + 0.5) lies under the tip. The pixels of a moving tip form
one run per row, so each row needs only the two ends of its run.
"""

from __future__ import annotations

from math import floor

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Points, Rect

Mask = NDArray[np.bool_]
_Column = NDArray[np.float64]

_FROM_LEFT = np.array([[-1.0], [0.0], [1.0]])


def capsule(
    p0_xy: tuple[float, float],
    p1_xy: tuple[float, float],
    radius: float,
    bounds: Rect,
    *,
    square: bool = False,
) -> tuple[Rect, Mask]:
    """The pixels within `radius` of the line from `p0_xy` to `p1_xy`; a dab where they are the same point.

    Distance is Euclidean, or the larger of both axes for a `square` tip. Returns the rectangle of pixels, inside
    `bounds`, and a mask of its size; the empty rectangle where nothing is touched.
    """
    (ax, ay), (bx, by) = p0_xy, p1_xy
    around = Rect.around(np.array((p0_xy, p1_xy)), radius).intersect(bounds)
    if around.is_empty or radius < 0:
        return EMPTY, np.zeros((0, 0), np.bool_)
    rows = np.arange(around.y0, around.y1, dtype=np.float64) + 0.5
    if square:
        left, right = _square_spans(rows, ax, ay, bx - ax, by - ay, radius)
        first, last = np.ceil(left - 0.5), np.floor(right - 0.5)
    else:
        left, right = _round_spans(rows, ax, ay, bx - ax, by - ay, radius)
        first, last = _settled(left, right, rows, ax, ay, bx - ax, by - ay, radius)
    return _filled(around, first, last)


def _filled(around: Rect, first: _Column, last: _Column) -> tuple[Rect, Mask]:
    """A mask of the runs `first … last` (columns) of the rows of `around`, cut to what they hold.

    Rows whose first column is not at or before their last, NaN included, are empty.
    """
    first, last = np.maximum(first, around.x0), np.minimum(last, around.x1 - 1)
    held = np.flatnonzero(last >= first)
    if held.size == 0:
        return EMPTY, np.zeros((0, 0), np.bool_)
    top, bottom = int(held[0]), int(held[-1]) + 1
    first, last = first[top:bottom], last[top:bottom]
    if bottom - top > held.size:
        first, last = np.where(last >= first, first, np.inf), np.where(last >= first, last, -np.inf)
    x0, x1 = int(first.min()), int(last.max()) + 1
    columns = np.arange(x0, x1, dtype=np.float32)
    mask = columns >= first[:, None].astype(np.float32)
    mask &= columns <= last[:, None].astype(np.float32)
    return Rect(x0, around.y0 + top, x1, around.y0 + bottom), mask


def _round_spans(rows: _Column, ax: float, ay: float, dx: float, dy: float, radius: float) -> tuple[_Column, _Column]:
    """Left and right end of each row's run under a round tip, good to rounding."""
    ends = []
    for x, y in ((ax, ay), (ax + dx, ay + dy)):
        square = radius * radius - (rows - y) ** 2
        half = np.sqrt(np.where(square >= 0, square, np.nan))
        ends.append((x - half, x + half))
    length = float(np.hypot(dx, dy))
    if length > 0:
        ends.append(_strip_spans(rows, ax, ay, dx / length, dy / length, length, radius))
    left = np.fmin.reduce([low for low, _ in ends])
    right = np.fmax.reduce([high for _, high in ends])
    return left, right


def _strip_spans(
    rows: _Column, ax: float, ay: float, ux: float, uy: float, length: float, radius: float
) -> tuple[_Column, _Column]:
    """The run of each row in the rectangle of half width `radius` along a line of direction (`ux`, `uy`)."""
    low = np.full(rows.shape, -np.inf)
    high = np.full(rows.shape, np.inf)
    below = rows - ay
    # Along the line 0 ≤ ux·x + uy·y ≤ length, across it −radius ≤ −uy·x + ux·y ≤ radius.
    for slope, offset, least, most in ((ux, uy * below, 0.0, length), (-uy, ux * below, -radius, radius)):
        if abs(slope) < 1e-12:
            outside = (offset < least) | (offset > most)
            low, high = np.where(outside, np.nan, low), np.where(outside, np.nan, high)
        else:
            one, other = (least - offset) / slope, (most - offset) / slope
            low, high = np.maximum(low, np.minimum(one, other)), np.minimum(high, np.maximum(one, other))
    empty = ~(low <= high)
    return np.where(empty, np.nan, ax + low), np.where(empty, np.nan, ax + high)


def _settled(
    left: _Column, right: _Column, rows: _Column, ax: float, ay: float, dx: float, dy: float, radius: float
) -> tuple[_Column, _Column]:
    """First and last column of each run; where rounding may have put an end one off, the distance itself decides."""
    candidates = np.concatenate((np.ceil(left - 0.5) + _FROM_LEFT, np.floor(right - 0.5) - _FROM_LEFT))
    inside = _square_distance(candidates + 0.5, rows, ax, ay, dx, dy) <= radius * radius
    first = np.where(inside[:3], candidates[:3], np.inf).min(axis=0)
    last = np.where(inside[3:], candidates[3:], -np.inf).max(axis=0)
    return first, last


def _square_distance(x: _Column, y: _Column, ax: float, ay: float, dx: float, dy: float) -> _Column:
    square = dx * dx + dy * dy
    x, y = x - ax, y - ay
    if square == 0:
        return x * x + y * y
    share = (x * dx + y * dy) / square
    np.maximum(share, 0.0, out=share)
    np.minimum(share, 1.0, out=share)
    x, y = x - share * dx, y - share * dy
    return x * x + y * y


def _square_spans(rows: _Column, ax: float, ay: float, dx: float, dy: float, radius: float) -> tuple[_Column, _Column]:
    """Left and right end of each row's run under a square tip: it is over the row during one stretch of the way."""
    if dy == 0:
        begin = np.where(np.abs(rows - ay) <= radius, 0.0, np.nan)
        end = begin + 1.0
    else:
        one, other = (rows - radius - ay) / dy, (rows + radius - ay) / dy
        begin = np.maximum(np.minimum(one, other), 0.0)
        end = np.minimum(np.maximum(one, other), 1.0)
        begin, end = np.where(begin <= end, begin, np.nan), np.where(begin <= end, end, np.nan)
    left = np.minimum(ax + begin * dx, ax + end * dx) - radius
    right = np.maximum(ax + begin * dx, ax + end * dx) + radius
    return left, right


def stroke_path(points_xy: Points, radius: float, bounds: Rect, *, square: bool = False) -> tuple[Rect, Mask]:
    """The pixels that the tip touches along a whole path, `[N, 2]`: the points that arrived since the last event.

    Neighbouring points are joined, so that no speed of the hand leaves a gap. Returns as `capsule` does.
    """
    if len(points_xy) == 0:
        return EMPTY, np.zeros((0, 0), np.bool_)
    path = [(float(x), float(y)) for x, y in points_xy]
    ends = path[1:] or path
    pieces = [capsule(a, b, radius, bounds, square=square) for a, b in zip(path, ends, strict=False)]
    if len(pieces) == 1:
        return pieces[0]
    whole = EMPTY
    for rect, _ in pieces:
        whole = whole.union(rect)
    mask = np.zeros((whole.height, whole.width), np.bool_)
    for rect, piece in pieces:
        if not rect.is_empty:
            mask[rect.moved(-whole.x0, -whole.y0).slices] |= piece
    return whole, mask


def snapped(point_xy: tuple[float, float], size: float) -> tuple[float, float]:
    """Where a tip of `size` pixels must be centred so that it covers whole pixels: on the middle of a pixel for odd
    sizes, on a corner for even ones. A tip of one pixel then always paints the pixel under the cursor.
    """
    x, y = point_xy
    if round(size) % 2:
        return floor(x) + 0.5, floor(y) + 0.5
    return float(floor(x + 0.5)), float(floor(y + 0.5))
