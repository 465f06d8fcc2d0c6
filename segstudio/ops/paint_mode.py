"""What a tool may paint over: everything, only what is unlabelled, or only chosen segments."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.raster import UNLABELLED, SegmentIds

Mask = NDArray[np.bool_]


class PaintMode(Enum):
    """Which pixels give way to a stroke."""

    EVERYWHERE = "everywhere"
    UNLABELLED = "unlabelled"
    ONLY_OVER = "only-over"


@dataclass(frozen=True, slots=True)
class PaintRule:
    """A mode with the segment ids it is about: those that `ONLY_OVER` allows, and those that no mode may touch.

    `over` may hold 0 to allow unlabelled pixels too; `protected` holds the segments of locked classes.
    """

    mode: PaintMode = PaintMode.EVERYWHERE
    over: frozenset[int] = frozenset()
    protected: frozenset[int] = frozenset()

    @property
    def frees_all(self) -> bool:
        """Whether every pixel may be changed."""
        return self.mode is PaintMode.EVERYWHERE and not self.protected

    def allowed(self, ids_hw: SegmentIds) -> Mask | None:
        """Which pixels of `ids_hw` may be changed; None where all may."""
        allowed: Mask | None = None
        if self.mode is PaintMode.UNLABELLED:
            allowed = np.asarray(ids_hw == UNLABELLED)
        elif self.mode is PaintMode.ONLY_OVER:
            allowed = _among(ids_hw, self.over)
        if self.protected:
            free = ~_among(ids_hw, self.protected)
            allowed = free if allowed is None else allowed & free
        return allowed

    def restrict(self, mask_hw: NDArray[Any], ids_hw: SegmentIds) -> Mask:
        """The pixels of a stroke that may be changed, where `ids_hw` are the labels under it."""
        mask = np.asarray(mask_hw != 0) if mask_hw.dtype != np.bool_ else mask_hw
        allowed = self.allowed(ids_hw)
        return mask if allowed is None else mask & allowed


def _among(ids_hw: SegmentIds, wanted: Collection[int]) -> Mask:
    if len(wanted) <= 4:
        found = np.zeros(ids_hw.shape, np.bool_)
        for number in wanted:
            found |= ids_hw == number
        return found
    table = np.zeros(65536, np.bool_)
    table[list(wanted)] = True
    return np.asarray(table[ids_hw])
