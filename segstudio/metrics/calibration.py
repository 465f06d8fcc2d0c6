"""How far confidence can be believed: reliability curve, expected and maximum calibration error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError
from segstudio.metrics.numbers import Counts, Fractions, ratio


class Reliability:
    """Accumulates confidence against correctness in bins of equal width [a, b); the last bin includes 1.

    Works for pixels (void left out) and for detections (correct at a stated IoU). Source: Guo et al., On Calibration
    of Modern Neural Networks, ICML 2017.
    """

    def __init__(self, bins: int = 15) -> None:
        if bins < 1:
            raise UserError(f"a reliability curve needs at least one bin, not {bins}")
        self.bins = bins
        self._edges = np.arange(bins + 1) / bins
        self._count: Counts = np.zeros(bins, np.int64)
        self._correct: Counts = np.zeros(bins, np.int64)
        self._confidence = np.zeros(bins)

    def add(
        self,
        confidence: npt.NDArray[Any],
        correct: npt.NDArray[np.bool_],
        valid: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Take in confidences of any shape (floats in 0 … 1, or uint8 with 255 = 1) and whether each was right.

        Where `valid` is False nothing counts. Raises UserError for shapes that differ or values outside 0 … 1.
        """
        confidence, correct = np.asarray(confidence), np.asarray(correct, bool)
        if confidence.shape != correct.shape or (valid is not None and valid.shape != correct.shape):
            raise UserError(f"confidence has shape {confidence.shape} but correctness has shape {correct.shape}")
        if valid is not None:
            confidence, correct = confidence[valid], correct[valid]
        if confidence.dtype == np.uint8:
            # Only 256 values: count them instead of binning every pixel.
            codes = confidence.ravel().astype(np.uint16) | (correct.ravel().astype(np.uint16) << 8)
            wrong, right = np.bincount(codes, minlength=512).reshape(2, 256)
            self._absorb(np.arange(256) / 255, wrong + right, right)
            return
        values = confidence.astype(np.float64).ravel()
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            raise UserError("confidences must lie between 0 and 1")
        self._absorb(values, np.ones(values.size, np.int64), correct.ravel().astype(np.int64))

    def merge(self, other: Reliability) -> None:
        """Add what another curve of the same bins has seen. Raises UserError for other bins."""
        if self.bins != other.bins:
            raise UserError(f"cannot merge reliability curves of {self.bins} and {other.bins} bins")
        self._count += other._count
        self._correct += other._correct
        self._confidence += other._confidence

    @property
    def counts(self) -> Counts:
        """Samples per bin, int64 [bins]."""
        return self._count.copy()

    def accuracy(self) -> Fractions:
        """Share of correct samples per bin, float64 [bins]; NaN for empty bins."""
        return ratio(self._correct, self._count)

    def confidence(self) -> Fractions:
        """Mean confidence per bin, float64 [bins]; NaN for empty bins."""
        return ratio(self._confidence, self._count)

    def expected_error(self) -> float:
        """ECE: mean over samples of |accuracy - confidence| of their bin, 0 … 1; NaN without samples."""
        gaps, filled = self._gaps()
        return float((gaps * self._count[filled]).sum() / self._count.sum()) if gaps.size else math.nan

    def maximum_error(self) -> float:
        """MCE: the largest gap of any filled bin, 0 … 1; NaN without samples."""
        gaps, _ = self._gaps()
        return float(gaps.max()) if gaps.size else math.nan

    def _gaps(self) -> tuple[Fractions, npt.NDArray[np.bool_]]:
        filled = self._count > 0
        return np.abs(self.accuracy()[filled] - self.confidence()[filled]), filled

    def _absorb(self, values: Fractions, count: Counts, correct: Counts) -> None:
        bins = np.clip(np.searchsorted(self._edges, values, side="right") - 1, 0, self.bins - 1)
        self._count += np.bincount(bins, weights=count, minlength=self.bins).astype(np.int64)
        self._correct += np.bincount(bins, weights=correct, minlength=self.bins).astype(np.int64)
        self._confidence += np.bincount(bins, weights=count * values, minlength=self.bins)
