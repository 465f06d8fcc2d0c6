"""Instance-weighted IoU (iIoU): every instance of a class counts alike, however many pixels it has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.numbers import Counts, Fractions, ratio
from segstudio.metrics.rasters import IndexRaster, require_index_raster, require_same_shape

CITYSCAPES_MEAN_SIZES = {
    "bicycle": 4672.3249222261,
    "caravan": 36771.8241758242,
    "motorcycle": 6298.7200839748,
    "rider": 3930.4788056518,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "car": 12794.0202738185,
    "person": 3462.4756337644,
    "truck": 27855.1264367816,
    "trailer": 16926.9763313609,
}
"""Mean instance size in pixels of the Cityscapes training set at 2048 × 1024, as its evaluation script uses it."""


class InstanceWeightedIoU:
    """Accumulates, over images, how much of each truth instance was found.

    iIoU = iTP / (iTP + iFN + FP), where the pixels of an instance weigh (mean size of its class) / (its own size)
    and FP is the plain count of valid pixels wrongly predicted as the class. Stuff and groups of instances (id 0
    here) enter neither iTP nor iFN. Source: cityscapesScripts, evaluation/evalPixelLevelSemanticLabeling.py.
    """

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        self._rows: list[Counts] = []

    def add(self, truth: IndexRaster, prediction: IndexRaster, instances: IndexRaster) -> None:
        """Take in one image: class indices of both sides and instance ids (0 = no single instance), all [H, W].

        Raises UserError when the shapes differ.
        """
        truth = require_index_raster(truth, "truth")
        prediction = require_index_raster(prediction, "prediction")
        instances = require_index_raster(instances, "instance ids")
        require_same_shape(truth, prediction, names=("truth", "prediction"))
        require_same_shape(truth, instances, names=("truth", "instance ids"))
        counted = (instances > 0) & (truth >= 0) & (truth < self.num_classes)
        classes = truth[counted].astype(np.int64)
        if classes.size == 0:
            return
        keys = instances[counted].astype(np.int64) * self.num_classes + classes
        found = prediction[counted].astype(np.int64) == classes
        unique, which, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        hits = np.bincount(which.ravel()[found], minlength=unique.size)
        self._rows.append(np.stack([unique % self.num_classes, sizes, hits], axis=1).astype(np.int64))

    @property
    def instances(self) -> Counts:
        """One row per truth instance: class index, pixels, pixels found; int64 [N, 3]."""
        return np.concatenate(self._rows) if self._rows else np.zeros((0, 3), np.int64)

    def mean_sizes(self) -> Fractions:
        """Mean pixels per instance of each class in what was added, float64 [C]; NaN for classes without instances."""
        classes, sizes, _ = self.instances.T
        count = np.bincount(classes, minlength=self.num_classes)
        return ratio(np.bincount(classes, weights=sizes, minlength=self.num_classes), count)

    def iou(self, matrix: ConfusionMatrix, mean_sizes: Mapping[int, float] | None = None) -> Fractions:
        """iIoU per class, float64 [C]; NaN for classes without instances.

        `matrix` is the confusion of the same images. `mean_sizes` (pixels by class index) replaces the measured
        means and says which classes have instances: such a class without any in the truth but with false positives
        is 0. Published tables hold for the resolution they were measured at.
        """
        classes, sizes, hits = self.instances.T
        if mean_sizes is None:
            means = self.mean_sizes()
        else:
            means = np.array([mean_sizes.get(index, np.nan) for index in range(self.num_classes)], np.float64)
        weights = np.nan_to_num(means)[classes] / sizes
        weighted_hits = np.bincount(classes, weights=weights * hits, minlength=self.num_classes)
        weighted_misses = np.bincount(classes, weights=weights * (sizes - hits), minlength=self.num_classes)
        false_positives = matrix.predicted_pixels - matrix.true_positives
        scores = ratio(weighted_hits, weighted_hits + weighted_misses + false_positives)
        return np.where(np.isnan(means), np.nan, scores)
