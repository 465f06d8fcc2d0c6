"""The four ways in which the field takes a mean IoU over images and classes, from per-image counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.numbers import Counts, Fractions, mean_of_defined, ratio
from segstudio.metrics.policy import AbsentRule, Averaging

ImageCounts = npt.NDArray[np.int64]
"""Per image and class: intersection, truth pixels, predicted pixels; int64 [N, 3, C]."""


def image_counts(matrix: ConfusionMatrix) -> Counts:
    """Return what every IoU of one image needs: intersection, truth and predicted pixels, int64 [3, C]."""
    return np.stack([matrix.true_positives, matrix.truth_pixels, matrix.predicted_pixels])


def iou_of_counts(counts: npt.NDArray[np.int64] | Fractions, absent: AbsentRule = "skip_absent_from_both") -> Fractions:
    """IoU from counts [..., 3, C], float64 [..., C]; NaN where the absent rule skips the class."""
    hits, truth, predicted = counts[..., 0, :], counts[..., 1, :], counts[..., 2, :]
    values = ratio(hits, truth + predicted - hits)
    if absent == "skip_absent_from_truth":
        values[truth == 0] = np.nan
    elif absent == "absent_from_both_is_one":
        values[truth + predicted == 0] = 1.0
    return values


def mean_iou_of_images(counts: ImageCounts, averaging: Averaging, absent: AbsentRule) -> float:
    """Mean IoU of N images in the given manner; NaN when nothing is defined.

    `per_image` (mIoU-I) and `per_class_then_image` (mIoU-C) look, by definition, only at classes of the image's
    truth. Sources: JDTLosses metrics/miouic_metric.py; torchmetrics segmentation/mean_iou.py for
    `image_class_pairs`.
    """
    if averaging == "accumulate":
        return mean_of_defined(iou_of_counts(counts.sum(axis=0), absent))
    if averaging == "image_class_pairs":
        return mean_of_defined(iou_of_counts(counts, absent).ravel())
    in_truth = iou_of_counts(counts, "skip_absent_from_truth")
    axis = 1 if averaging == "per_image" else 0
    return mean_of_defined(means_of_defined(in_truth, axis))


def means_of_defined(values: Fractions, axis: int) -> Fractions:
    """Means along an axis over the values that are not NaN; NaN where none is defined."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=axis), defined.sum(axis=axis))


def mean_iou_of_resamples(
    weights: Fractions, counts: ImageCounts | Fractions, averaging: Averaging, absent: AbsentRule
) -> tuple[Fractions, Fractions]:
    """Mean IoU [R] and accumulated IoU per class [R, C] of R weightings [R, N] of N images.

    A weight says how often an image occurs; weights of one give `mean_iou_of_images`.
    """
    images, _, classes = counts.shape
    # Integers in float64: exact far beyond any dataset, and a matrix product instead of R sums.
    totals = (weights @ counts.reshape(images, 3 * classes).astype(np.float64, copy=False)).reshape(-1, 3, classes)
    accumulated = iou_of_counts(totals, absent)
    if averaging == "accumulate":
        return means_of_defined(accumulated, 1), accumulated
    ious = iou_of_counts(counts, absent if averaging == "image_class_pairs" else "skip_absent_from_truth")
    if averaging == "per_image":
        ious = means_of_defined(ious, 1)[:, None]
    defined = ~np.isnan(ious)
    sums, numbers = weights @ np.where(defined, ious, 0.0), weights @ defined.astype(np.float64)
    if averaging == "image_class_pairs":
        return ratio(sums.sum(axis=1), numbers.sum(axis=1)), accumulated
    return means_of_defined(ratio(sums, numbers), 1), accumulated
