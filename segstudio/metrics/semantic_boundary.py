"""Boundary IoU and trimap IoU of semantic classes over a dataset."""

from __future__ import annotations

import numpy as np

from segstudio.metrics.boundary import boundary_of, boundary_width, trimap_bands
from segstudio.metrics.numbers import Fractions, ratio
from segstudio.metrics.rasters import IndexRaster, require_index_raster, require_same_shape


class SemanticBoundary:
    """Pools, per class and over images, what lies inside the boundary bands; void truth is left out of both sides.

    The bands are those of each class's own binary mask (never of a map of ids, where neighbouring ids would invent
    classes). Sources: Cheng et al., CVPR 2021; Bernhard et al., WACV 2024.
    """

    def __init__(self, num_classes: int, *, boundary_ratio: float = 0.02) -> None:
        self.num_classes, self.boundary_ratio = num_classes, boundary_ratio
        # Rows: intersection, union.
        self._boundary = np.zeros((2, num_classes), np.int64)
        self._trimap = np.zeros((2, num_classes), np.int64)

    def add(self, truth_hw: IndexRaster, prediction_hw: IndexRaster) -> None:
        """Take in one image of class indices [H, W]; values outside 0 … C-1 are void. UserError for other shapes."""
        truth = require_index_raster(truth_hw, "truth")
        prediction = require_index_raster(prediction_hw, "prediction")
        require_same_shape(truth, prediction, names=("truth", "prediction"))
        valid = (truth >= 0) & (truth < self.num_classes)
        band = boundary_width(*truth.shape, ratio=self.boundary_ratio)
        present = np.union1d(np.unique(truth), np.unique(prediction))
        for index in present[(present >= 0) & (present < self.num_classes)].tolist():
            left, right = truth == index, prediction == index
            first, second = boundary_of(left, band) & valid, boundary_of(right, band) & valid
            self._boundary[:, index] += np.count_nonzero(first & second), np.count_nonzero(first | second)
            inner, outer = (ring & valid for ring in trimap_bands(left, band))
            self._trimap[:, index] += np.count_nonzero(inner & right), np.count_nonzero(inner | (outer & right))

    def merge(self, other: SemanticBoundary) -> None:
        """Add what another accumulator of the same classes has seen."""
        self._boundary += other._boundary
        self._trimap += other._trimap

    def boundary_iou(self) -> Fractions:
        """Boundary IoU per class, float64 [C] in 0 … 1; NaN where neither side has a boundary."""
        return ratio(self._boundary[0], self._boundary[1])

    def trimap_iou(self) -> Fractions:
        """Trimap IoU per class, float64 [C] in 0 … 1; NaN where the truth has no edge."""
        return ratio(self._trimap[0], self._trimap[1])
