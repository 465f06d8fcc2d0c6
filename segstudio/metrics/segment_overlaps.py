"""How many pixels every pair of truth and predicted segment shares: sparse, exact, and updatable by rectangles."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from segstudio.metrics.rasters import IndexRaster, require_index_raster, require_same_shape

Pair = tuple[int, int]


class SegmentOverlaps:
    """Joint pixel counts by (truth id, predicted id) of one image; pairs that share no pixel are absent."""

    def __init__(self) -> None:
        self._pixels: dict[Pair, int] = {}

    @classmethod
    def of(cls, truth_ids_hw: IndexRaster, predicted_ids_hw: IndexRaster) -> SegmentOverlaps:
        """Count two rasters of segment ids [H, W], any integer dtype. Raises UserError when the shapes differ."""
        overlaps = cls()
        overlaps._change(truth_ids_hw, predicted_ids_hw, 1)
        return overlaps

    @property
    def pixels(self) -> Mapping[Pair, int]:
        """Pixels by (truth id, predicted id); a read-only view."""
        return MappingProxyType(self._pixels)

    def replace(self, truth_ids_hw: IndexRaster, before_hw: IndexRaster, after_hw: IndexRaster) -> None:
        """Exchange the predicted ids of one rectangle; the result equals a full recount."""
        self._change(truth_ids_hw, after_hw, 1)
        self._change(truth_ids_hw, before_hw, -1)

    def _change(self, truth: IndexRaster, predicted: IndexRaster, sign: int) -> None:
        truth = require_index_raster(truth, "truth ids")
        predicted = require_index_raster(predicted, "predicted ids")
        require_same_shape(truth, predicted, names=("truth ids", "predicted ids"))
        for first, second, count in zip(*(column.tolist() for column in _joint_counts(truth, predicted)), strict=True):
            total = self._pixels.get((first, second), 0) + sign * count
            if total:
                self._pixels[first, second] = total
            else:
                self._pixels.pop((first, second), None)


def _joint_counts(
    truth: IndexRaster, predicted: IndexRaster
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    first, second = truth.ravel(), predicted.ravel()
    # Neighbours mostly repeat: counting runs instead of pixels leaves little to sort.
    starts = np.concatenate([[0], 1 + np.flatnonzero((first[1:] != first[:-1]) | (second[1:] != second[:-1]))])
    if first.size == 0:
        starts = starts[:0]
    lengths = np.diff(np.append(starts, first.size))
    first_ids, first_index = np.unique(first[starts], return_inverse=True)
    second_ids, second_index = np.unique(second[starts], return_inverse=True)
    codes = first_index * max(second_ids.size, 1) + second_index
    unique, which = np.unique(codes, return_inverse=True)
    counts = np.bincount(which, weights=lengths, minlength=unique.size)
    rows, columns = np.divmod(unique, max(second_ids.size, 1))
    return first_ids[rows].astype(np.int64), second_ids[columns].astype(np.int64), counts.astype(np.int64)
