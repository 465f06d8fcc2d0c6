"""Specks of a segment of the labels: which pieces are too small to be meant, and who gets their pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.raster import SegmentIds

_BESIDE = 4
"""Pixels round a speck in which its heirs are looked for."""


class Speck(NamedTuple):
    """A piece of a segment, and the segment that gets each of its pixels: `heirs_hw` of the size of `rect`."""

    rect: Rect
    mask_hw: NDArray[np.bool_]
    heirs_hw: SegmentIds


def specks_of(ids_hw: SegmentIds, segment_id: int, *, smaller_than: int) -> list[Speck]:
    """The 4-connected pieces of a segment of fewer than `smaller_than` pixels; computes only, for a worker.

    Their pixels go to the nearest of what lies beside them: to labels, or to nothing (0) where they border on that
    more.
    """
    from segstudio.ops.components import components
    from segstudio.ops.shared_borders import heirs_of

    bounds, found = Rect.of_size(*ids_hw.shape), []
    for piece in components(ids_hw == segment_id, connectivity=4):
        if piece.area >= smaller_than:
            continue
        near = piece.rect.grown(_BESIDE).intersect(bounds)
        inner = piece.rect.moved(-near.x0, -near.y0)
        freed_hw = np.zeros((near.height, near.width), np.bool_)
        freed_hw[inner.slices] = piece.mask_hw
        found.append(Speck(piece.rect, piece.mask_hw, heirs_of(ids_hw[near.slices], freed_hw)[inner.slices]))
    return found
