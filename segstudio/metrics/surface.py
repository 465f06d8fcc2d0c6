"""Distances between the surfaces of two masks: Hausdorff, HD95 and normalised surface Dice, with named conventions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError

Mask = npt.NDArray[np.bool_]
Distances = npt.NDArray[np.float64]

Convention = Literal["pooled", "per_direction", "contour_length"]
"""How surfaces are sampled and the percentile is taken.

pooled (medpy): edge pixels, both directions in one sample. per_direction (MONAI): edge pixels, the larger of the two
directions' percentiles. contour_length (DeepMind surface-distance): points between pixels weighted by contour length,
no interpolation, the larger of the two directions.
"""

# Contour length of a 2 x 2 window by the bits of its pixels: corners cut off half a diagonal, straight runs one pixel.
_HALF_DIAGONAL = math.sqrt(0.5)
_LENGTH_OF_CODE = np.array([0, 1, 1, 0, 1, 0, 2, 1, 1, 2, 0, 1, 0, 1, 1, 0]) * _HALF_DIAGONAL
_LENGTH_OF_CODE[[3, 5, 10, 12]] = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class SurfaceDistances:
    """Distance in pixels of every surface point to the other surface, and its weight; infinite where that is empty."""

    truth_to_prediction: Distances
    prediction_to_truth: Distances
    truth_weights: Distances
    prediction_weights: Distances

    @property
    def directions(self) -> tuple[tuple[Distances, Distances], tuple[Distances, Distances]]:
        """Distances and weights of both directions."""
        return (self.truth_to_prediction, self.truth_weights), (self.prediction_to_truth, self.prediction_weights)


def surface_distances(truth_hw: Mask, prediction_hw: Mask, *, convention: Convention = "pooled") -> SurfaceDistances:
    """Measure from every surface point of one mask [H, W] to the nearest of the other (Euclidean, pixels).

    Edge pixels are those with an outside 4-neighbour; outside the frame counts as outside. Raises UserError when the
    shapes differ.
    """
    truth, prediction = np.asarray(truth_hw, bool), np.asarray(prediction_hw, bool)
    if truth.shape != prediction.shape or truth.ndim != 2:
        raise UserError(f"truth has shape {truth.shape} but prediction has shape {prediction.shape}")
    truth, prediction = _cropped(truth, prediction)
    weigh = _contour_lengths if convention == "contour_length" else _edge_pixels
    first, second = weigh(truth), weigh(prediction)
    return SurfaceDistances(
        truth_to_prediction=_distance_to(second > 0)[first > 0],
        prediction_to_truth=_distance_to(first > 0)[second > 0],
        truth_weights=first[first > 0],
        prediction_weights=second[second > 0],
    )


def hausdorff(
    truth_hw: Mask, prediction_hw: Mask, *, percentile: float = 100, convention: Convention = "pooled"
) -> float:
    """(Robust) Hausdorff distance in pixels; infinite when one mask is empty, NaN when both are.

    A missed object must not improve a mean, hence infinite rather than undefined. Percentile 95 gives HD95.
    """
    surfaces = surface_distances(truth_hw, prediction_hw, convention=convention)
    sizes = surfaces.truth_to_prediction.size, surfaces.prediction_to_truth.size
    if not any(sizes):
        return math.nan
    if not all(sizes):
        return math.inf
    if convention == "pooled":
        both = np.concatenate([surfaces.truth_to_prediction, surfaces.prediction_to_truth])
        return float(np.percentile(both, percentile))
    if convention == "per_direction":
        return max(float(np.percentile(distances, percentile)) for distances, _ in surfaces.directions)
    return max(_weighted_percentile(*direction, percentile) for direction in surfaces.directions)


def hd95(truth_hw: Mask, prediction_hw: Mask, *, convention: Convention = "pooled") -> float:
    """95th percentile Hausdorff distance in pixels under a named convention; see `hausdorff`."""
    return hausdorff(truth_hw, prediction_hw, percentile=95, convention=convention)


def surface_dice(
    truth_hw: Mask, prediction_hw: Mask, *, tolerance: float, convention: Convention = "per_direction"
) -> float:
    """Normalised surface Dice (NSD): the share of both surfaces within `tolerance` pixels of the other, 0 … 1.

    NaN when both masks are empty, 0 when one is. `contour_length` weighs by length, the others count edge pixels.
    Source: Nikolov et al., 2018; monai/metrics/surface_dice.py; surface-distance.
    """
    surfaces = surface_distances(truth_hw, prediction_hw, convention=convention)
    within = sum(float(weights[distances <= tolerance].sum()) for distances, weights in surfaces.directions)
    total = sum(float(weights.sum()) for _, weights in surfaces.directions)
    return within / total if total else math.nan


def _cropped(truth: Mask, prediction: Mask) -> tuple[Mask, Mask]:
    """Both masks cut to the rectangle around their union, with one pixel of outside on every side."""
    union = truth | prediction
    rows, columns = np.flatnonzero(union.any(axis=1)), np.flatnonzero(union.any(axis=0))
    if not rows.size:
        return truth[:0, :0], prediction[:0, :0]
    window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.pad(truth[window], 1), np.pad(prediction[window], 1)


def _edge_pixels(mask: Mask) -> Distances:
    if not mask.size:
        return np.zeros(mask.shape)
    pixels = np.ascontiguousarray(mask).view(np.uint8)
    inner = cv2.erode(pixels, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    edges: Distances = (mask & (np.asarray(inner) == 0)).astype(np.float64)
    return edges


def _contour_lengths(mask: Mask) -> Distances:
    """Contour length inside every 2 x 2 window, float64 [H-1, W-1]."""
    bits = mask.astype(np.int64)
    codes = 8 * bits[:-1, :-1] + 4 * bits[:-1, 1:] + 2 * bits[1:, :-1] + bits[1:, 1:]
    return np.asarray(_LENGTH_OF_CODE[codes], np.float64)


def _distance_to(surface: Mask) -> Distances:
    if not surface.any():
        return np.full(surface.shape, np.inf)
    distance = cv2.distanceTransform((~surface).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Squared pixel distances are integers: rounding them takes back the float32 of OpenCV.
    return np.asarray(np.sqrt(np.rint(np.square(distance.astype(np.float64)))), np.float64)


def _weighted_percentile(distances: Distances, weights: Distances, percentile: float) -> float:
    order = np.argsort(distances, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    place = min(int(np.searchsorted(share, percentile / 100)), order.size - 1)
    return float(distances[order[place]])
