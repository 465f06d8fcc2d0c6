"""The connected pieces of a raster of segment ids: those that lie wholly inside a rectangle or any other area."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.raster import UNLABELLED

Mask = NDArray[np.bool_]


class Piece(NamedTuple):
    """Connected pixels of one segment: `mask_hw` of the size of `rect`."""

    segment_id: int
    rect: Rect
    mask_hw: Mask


def pieces_inside(ids_hw: NDArray[Any], at: Rect, *, area_hw: Mask | None = None) -> Iterator[Piece]:
    """The labelled 4-connected pieces of `ids_hw` that lie wholly in `at`, by segment id and in reading order.

    Where `area_hw`, bool of the size of `at`, is given, they lie wholly on its set pixels. A piece that goes on beyond
    `at` is none of them.
    """
    bounds = Rect.of_size(*ids_hw.shape)
    at_image = at.intersect(bounds)
    if at_image.is_empty:
        return
    # One pixel more on every side tells which pieces go on outside.
    wide = at_image.grown(1).intersect(bounds)
    near_hw = ids_hw[wide.slices]
    outside_hw = np.ones(near_hw.shape, np.bool_)
    inner = at_image.moved(-wide.x0, -wide.y0)
    outside_hw[inner.slices] = False if area_hw is None else ~area_hw[at_image.moved(-at.x0, -at.y0).slices]
    for segment_id in np.unique(near_hw[~outside_hw]).tolist():
        if segment_id != UNLABELLED:
            yield from _of_segment(near_hw, outside_hw, segment_id, wide)


def _of_segment(near_hw: NDArray[Any], outside_hw: Mask, segment_id: int, wide: Rect) -> Iterator[Piece]:
    same = np.equal(near_hw, segment_id)
    held = Rect.of_mask(same)
    same = np.ascontiguousarray(same[held.slices])
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(same.view(np.uint8), connectivity=4)
    leaves = np.zeros(count, np.bool_)
    leaves[np.unique(numbers[outside_hw[held.slices]])] = True
    for number in range(1, count):
        if not leaves[number]:
            x, y, width, height = (int(value) for value in stats[number][:4])
            rect = Rect(x, y, x + width, y + height)
            mask_hw = np.asarray(numbers[rect.slices] == number)
            yield Piece(segment_id, rect.moved(held.x0 + wide.x0, held.y0 + wide.y0), mask_hw)
