"""What the numbers would be if some errors were mended: a pair of classes, an image, or any set of pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.rasters import IndexRaster, require_index_raster, require_same_shape


def mended(matrix: ConfusionMatrix, errors: ConfusionMatrix) -> ConfusionMatrix:
    """Return the matrix after every pixel counted in `errors` has been given its truth class.

    `errors` counts some of the pixels of `matrix` (right ones do no harm). Raises UserError when it counts more of a
    confusion than the matrix holds.
    """
    if (errors.counts > matrix.counts).any() or (errors.missed > matrix.missed).any():
        raise UserError("the errors to be mended are not all in the confusion matrix")
    rest = matrix - errors
    return rest + ConfusionMatrix.from_counts(np.diag(errors.truth_pixels), ignore_index=matrix.ignore_index)


def errors_of_pair(matrix: ConfusionMatrix, truth_class: int, label_class: int | None) -> ConfusionMatrix:
    """Return only one confusion of a matrix: `truth_class` labelled `label_class`, or void for None."""
    counts, missed = np.zeros_like(matrix.counts), np.zeros_like(matrix.missed)
    if label_class is None:
        missed[truth_class] = matrix.missed[truth_class]
    else:
        counts[truth_class, label_class] = matrix.counts[truth_class, label_class]
    return ConfusionMatrix.from_counts(counts, missed, ignore_index=matrix.ignore_index)


def errors_where(
    truth_hw: IndexRaster, labels_hw: IndexRaster, chosen_hw: npt.NDArray[np.bool_], *, like: ConfusionMatrix
) -> ConfusionMatrix:
    """Count the pixels of one image that a mask chooses, for instance all boundary errors, in a matrix like another.

    Raises UserError when the shapes differ.
    """
    truth = require_index_raster(truth_hw, "truth")
    labels = require_index_raster(labels_hw, "labels")
    chosen = require_index_raster(chosen_hw, "chosen pixels").astype(bool)
    require_same_shape(truth, labels, names=("truth", "labels"))
    require_same_shape(truth, chosen.view(np.uint8), names=("truth", "chosen pixels"))
    errors = like.empty_like()
    errors.add(truth[chosen], labels[chosen])
    return errors
