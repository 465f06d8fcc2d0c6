"""Boundary metrics of masks: Boundary IoU, trimap IoU and the boundary F-score."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError

Mask = npt.NDArray[np.bool_]


class Overlap(NamedTuple):
    """An intersection and a union in pixels; sum them over images before dividing."""

    intersection: int
    union: int

    @property
    def iou(self) -> float:
        """Intersection over union; NaN when the union is empty."""
        return self.intersection / self.union if self.union else math.nan

    def __add__(self, other: object) -> Overlap:
        if not isinstance(other, Overlap):
            return NotImplemented
        return Overlap(self.intersection + other.intersection, self.union + other.union)


def boundary_width(height: int, width: int, *, ratio: float = 0.02) -> int:
    """Width in pixels of the boundary band: the given share of the image diagonal, at least 1."""
    return max(1, round(ratio * math.hypot(height, width)))


def boundary_of(mask_hw: Mask, distance: int) -> Mask:
    """Return the pixels of a mask within `distance` of its outside, bool [H, W].

    The distance is the chessboard one and the image frame counts as outside: equal to the mask minus itself eroded
    `distance` times by a 3 x 3 box. Source: Cheng et al., Boundary IoU, CVPR 2021.
    """
    return mask_hw & (_depth(mask_hw) <= distance)


def boundary_overlap(
    truth_hw: Mask, prediction_hw: Mask, *, ratio: float = 0.02, distance: int | None = None
) -> Overlap:
    """Return intersection and union of the inner boundary bands, for pooling over images.

    `distance` in pixels replaces the share `ratio` of the diagonal. Raises UserError when the shapes differ.
    """
    truth, prediction = _masks(truth_hw, prediction_hw)
    band = distance if distance is not None else boundary_width(*truth.shape, ratio=ratio)
    first, second = boundary_of(truth, band), boundary_of(prediction, band)
    return Overlap(int(np.count_nonzero(first & second)), int(np.count_nonzero(first | second)))


def boundary_iou(truth_hw: Mask, prediction_hw: Mask, *, ratio: float = 0.02, distance: int | None = None) -> float:
    """Boundary IoU of two masks [H, W] in 0 … 1; NaN when both bands are empty.

    `ratio` is the band's width as a share of the image diagonal (Cityscapes uses 0.005); `distance` in pixels
    replaces it. The same objects on a larger canvas therefore score differently under a ratio. Raises UserError
    when the shapes differ. Source: Cheng et al., Boundary IoU, CVPR 2021; bowenc0221/boundary-iou-api.
    """
    return boundary_overlap(truth_hw, prediction_hw, ratio=ratio, distance=distance).iou


def trimap_bands(mask_hw: Mask, distance: int) -> tuple[Mask, Mask]:
    """Return the pixels inside and outside a mask within `distance` (chessboard) of its edge; the frame is no edge."""
    inner = mask_hw & (_depth(mask_hw, frame_is_outside=False) <= distance)
    outer = ~mask_hw & (_depth(~mask_hw, frame_is_outside=False) <= distance)
    return inner, outer


def trimap_overlap(truth_hw: Mask, prediction_hw: Mask, *, ratio: float = 0.02, distance: int | None = None) -> Overlap:
    """Return intersection and union inside a band around the truth's edge, for pooling over images.

    Intersection: the truth's inner band that is predicted. Union: that band, and what is predicted in the truth's
    outer band. Chessboard distance; the frame is not an edge. Source: Bernhard et al., "What's Outside the
    Intersection?", WACV 2024.
    """
    truth, prediction = _masks(truth_hw, prediction_hw)
    band = distance if distance is not None else boundary_width(*truth.shape, ratio=ratio)
    inner, outer = trimap_bands(truth, band)
    return Overlap(int(np.count_nonzero(inner & prediction)), int(np.count_nonzero(inner | (outer & prediction))))


def trimap_iou(truth_hw: Mask, prediction_hw: Mask, *, ratio: float = 0.02, distance: int | None = None) -> float:
    """IoU inside a band around the truth's edge, in 0 … 1; NaN when the truth has no edge. See `trimap_overlap`."""
    return trimap_overlap(truth_hw, prediction_hw, ratio=ratio, distance=distance).iou


def boundary_f(truth_hw: Mask, prediction_hw: Mask, *, ratio: float = 0.008, distance: int | None = None) -> float:
    """Harmonic mean of boundary precision and recall under a tolerance (DAVIS F), in 0 … 1; both empty is 1.

    Contours are one pixel wide; a contour pixel is right when the other contour passes within a disk of `distance`
    pixels (default: the share `ratio` of the diagonal, rounded up). Raises UserError when the shapes differ.
    Source: Perazzi et al., DAVIS, CVPR 2016; davis2017-evaluation.
    """
    truth, prediction = _masks(truth_hw, prediction_hw)
    radius = distance if distance is not None else math.ceil(ratio * math.hypot(*truth.shape))
    edge_truth, edge_prediction = _contour(truth), _contour(prediction)
    count_truth, count_prediction = np.count_nonzero(edge_truth), np.count_nonzero(edge_prediction)
    if count_truth == 0 or count_prediction == 0:
        return float(count_truth == count_prediction)
    precision = np.count_nonzero(edge_prediction & _grown(edge_truth, radius)) / count_prediction
    recall = np.count_nonzero(edge_truth & _grown(edge_prediction, radius)) / count_truth
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _masks(truth_hw: Mask, prediction_hw: Mask) -> tuple[Mask, Mask]:
    truth, prediction = np.asarray(truth_hw, bool), np.asarray(prediction_hw, bool)
    if truth.shape != prediction.shape or truth.ndim != 2:
        raise UserError(f"truth has shape {truth.shape} but prediction has shape {prediction.shape}")
    return truth, prediction


def _depth(mask_hw: Mask, *, frame_is_outside: bool = True) -> npt.NDArray[np.float32]:
    """Chessboard distance of every mask pixel to the nearest pixel outside, float32 [H, W]; 0 outside."""
    if not mask_hw.size:
        return np.zeros(mask_hw.shape, np.float32)
    frame = 1 if frame_is_outside else 0
    pixels = np.ascontiguousarray(mask_hw).view(np.uint8)
    padded = cv2.copyMakeBorder(pixels, frame, frame, frame, frame, cv2.BORDER_CONSTANT, value=0)
    if not frame and pixels.all():
        return np.full(mask_hw.shape, np.inf, np.float32)
    depth = np.asarray(cv2.distanceTransform(padded, cv2.DIST_C, 3), np.float32)
    return depth[frame : depth.shape[0] - frame, frame : depth.shape[1] - frame]


def _contour(mask_hw: Mask) -> Mask:
    """Pixels whose right, lower or lower right neighbour is on the other side: contours half a pixel up and left."""
    padded = np.pad(mask_hw, ((0, 1), (0, 1)), mode="edge")
    here, right = padded[:-1, :-1], padded[:-1, 1:]
    below, across = padded[1:, :-1], padded[1:, 1:]
    edge: Mask = (here ^ right) | (here ^ below) | (here ^ across)
    return edge


def _grown(edge_hw: Mask, radius: int) -> Mask:
    """Pixels within a Euclidean disk of `radius` of an edge pixel."""
    distance = cv2.distanceTransform((~edge_hw).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    grown: Mask = np.asarray(distance) <= radius + 1e-4
    return grown
