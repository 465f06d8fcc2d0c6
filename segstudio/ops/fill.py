"""Flood fill of labels and the magic wand on colours."""

from __future__ import annotations

from math import floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Rect

Mask = NDArray[np.bool_]

_FIRST_WINDOW = 512
_NOTHING: tuple[Rect, Mask] = EMPTY, np.zeros((0, 0), np.bool_)


def flood(ids_hw: NDArray[Any], seed_xy: tuple[float, float], *, connectivity: int = 4) -> tuple[Rect, Mask]:
    """The connected pixels round the seed that have the seed's id, in labels `[H, W]` of any dtype.

    `connectivity` is 4 or 8. Returns the smallest rectangle and a mask of its size; nothing where the seed lies
    outside. The cost follows the component, not the image: the search begins in a window round the seed, which grows
    on the sides that the component reaches.
    """
    found = flood_within(ids_hw, seed_xy, ids_hw.size, connectivity=connectivity)
    assert found is not None  # no window is larger than the labels
    return found


def flood_within(
    ids_hw: NDArray[Any], seed_xy: tuple[float, float], pixels: int, *, connectivity: int = 4
) -> tuple[Rect, Mask] | None:
    """`flood`, given up where it would look at more than `pixels` at a time: None then."""
    bounds = Rect.of_size(*ids_hw.shape)
    column, row = floor(seed_xy[0]), floor(seed_xy[1])
    if not bounds.holds(column, row):
        return _NOTHING
    wanted = ids_hw[row, column]
    half = _FIRST_WINDOW // 2
    window = Rect(column - half, row - half, column + half, row + half).intersect(bounds)
    while window.area <= pixels:
        same = np.equal(ids_hw[window.slices], wanted).view(np.uint8)
        box, mask = _flood(same, (column - window.x0, row - window.y0), 0, connectivity)
        found = box.moved(window.x0, window.y0)
        wider = _wider(window, found).intersect(bounds)
        if wider == window:
            return found, mask
        window = wider
    return None


def _wider(window: Rect, found: Rect) -> Rect:
    """The window, half as large again on each side that the component reaches."""
    dx, dy = (window.width + 1) // 2, (window.height + 1) // 2
    return Rect(
        window.x0 - dx if found.x0 == window.x0 else window.x0,
        window.y0 - dy if found.y0 == window.y0 else window.y0,
        window.x1 + dx if found.x1 == window.x1 else window.x1,
        window.y1 + dy if found.y1 == window.y1 else window.y1,
    )


def _flood(pixels: NDArray[np.uint8], seed: tuple[int, int], tolerance: int, connectivity: int) -> tuple[Rect, Mask]:
    height, width = pixels.shape[:2]
    mask = np.zeros((height + 2, width + 2), np.uint8)
    difference = (tolerance,) * 3
    flags = connectivity | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    _, _, _, (x, y, columns, rows) = cv2.floodFill(pixels, mask, seed, (0,), difference, difference, flags)
    inside = mask[y + 1 : y + 1 + rows, x + 1 : x + 1 + columns]
    return Rect(x, y, x + columns, y + rows), np.ascontiguousarray(inside).view(np.bool_)


def wand_space(image_hwc: NDArray[np.uint8], *, blur: int = 3) -> NDArray[np.uint8]:
    """The picture as the wand compares it: CIE Lab (so that a step looks equally large in every colour), slightly
    blurred against noise. uint8 `[H, W, 3]` RGB in, the same size out; make it once per view.
    """
    lab = cv2.cvtColor(np.ascontiguousarray(image_hwc), cv2.COLOR_RGB2Lab)
    return np.asarray(cv2.medianBlur(lab, blur) if blur > 1 else lab, np.uint8)


def wand(
    space_hwc: NDArray[np.uint8],
    seed_xy: tuple[float, float],
    tolerance: float,
    *,
    contiguous: bool = True,
    connectivity: int = 4,
    reach: float | None = None,
) -> tuple[Rect, Mask]:
    """The pixels whose colour differs from the seed's by at most `tolerance` (0…255) in every channel.

    `space_hwc` is uint8 `[H, W, 3]`: the visible part of the picture, best from `wand_space`. Only those connected
    to the seed where `contiguous`; only those within `reach` pixels of it where given. Returns the smallest rectangle
    and a mask of its size; nothing where the seed lies outside.
    """
    bounds = Rect.of_size(*space_hwc.shape[:2])
    column, row = floor(seed_xy[0]), floor(seed_xy[1])
    if not bounds.holds(column, row):
        return _NOTHING
    limit = max(0, min(255, round(tolerance)))
    if contiguous:
        pixels = np.ascontiguousarray(space_hwc)
        box, mask = _flood(pixels, (column, row), limit, connectivity)
    else:
        middle = space_hwc[row, column].astype(np.int64)
        low, high = np.clip(middle - limit, 0, 255), np.clip(middle + limit, 0, 255)
        box, mask = bounds, cv2.inRange(space_hwc, low.astype(np.uint8), high.astype(np.uint8)) != 0
    if reach is not None:
        near = Rect(floor(column - reach), floor(row - reach), floor(column + reach) + 1, floor(row + reach) + 1)
        near = near.intersect(box)
        ys, xs = np.ogrid[near.y0 : near.y1, near.x0 : near.x1]
        mask = mask[near.moved(-box.x0, -box.y0).slices] & ((xs - column) ** 2 + (ys - row) ** 2 <= reach * reach)
        box = near
    held = Rect.of_mask(mask)
    return held.moved(box.x0, box.y0), mask[held.slices]
