"""Evaluation of semantic segmentation over a dataset: accumulate pairs of images, then read every metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.metrics.averaging import (
    ImageCounts,
    image_counts,
    iou_of_counts,
    mean_iou_of_images,
)
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.instance_weighted import InstanceWeightedIoU
from segstudio.metrics.numbers import Counts, Fractions, mean_of_defined, number_or_none, numbers_or_none, ratio
from segstudio.metrics.policy import CITYSCAPES, Averaging, Policy
from segstudio.metrics.rasters import IndexRaster


class SemanticPair(NamedTuple):
    """One image of an evaluation: evaluation indices [H, W] of both sides, and instance ids where there are any."""

    name: str
    truth_hw: IndexRaster
    prediction_hw: IndexRaster
    instances_hw: IndexRaster | None = None


class SemanticEvaluation:
    """Accumulates pairs (or matrices counted by workers) and yields a `SemanticResult`.

    Not thread-safe by choice: workers return matrices, one thread adds them.
    """

    def __init__(
        self,
        classes: ClassSet,
        *,
        policy: Policy = CITYSCAPES,
        mean_sizes: Mapping[int, float] | None = None,
    ) -> None:
        if classes.num_classes == 0:
            raise UserError(f"class set {classes.name!r} has no class that counts")
        self._classes = classes
        self._policy = policy
        self._mean_sizes = mean_sizes
        self._matrix = self.empty_matrix()
        self._instances: InstanceWeightedIoU | None = None
        self._names: list[str] = []
        self._counts: list[Counts] = []

    def empty_matrix(self) -> ConfusionMatrix:
        """Return a matrix of zeros of the evaluated classes, for a worker to count one image into."""
        return ConfusionMatrix(self._classes.num_classes, None)

    def add(self, pair: SemanticPair) -> None:
        """Count one image. Raises UserError naming the image when the rasters do not fit each other."""
        matrix = self.empty_matrix()
        try:
            matrix.add(pair.truth_hw, pair.prediction_hw)
            if pair.instances_hw is not None:
                if self._instances is None:
                    self._instances = InstanceWeightedIoU(self._classes.num_classes)
                self._instances.add(pair.truth_hw, pair.prediction_hw, pair.instances_hw)
        except UserError as error:
            raise UserError(f"{pair.name}: {error.message}", hint=error.hint) from None
        self.add_matrix(pair.name, matrix)

    def add_matrix(self, name: str, matrix: ConfusionMatrix) -> None:
        """Take in one image that was counted elsewhere."""
        if self._policy.void == "truth_and_prediction":
            matrix = ConfusionMatrix.from_counts(matrix.counts, ignore_index=matrix.ignore_index)
        self._matrix += matrix
        self._names.append(name)
        self._counts.append(image_counts(matrix))

    def result(self) -> SemanticResult:
        """Return every metric of what was added so far."""
        counts = np.stack(self._counts) if self._counts else np.zeros((0, 3, self._classes.num_classes), np.int64)
        iiou = None
        if self._instances is not None:
            iiou = self._instances.iou(self._matrix, self._mean_sizes)
        return SemanticResult(
            classes=self._classes,
            policy=self._policy,
            matrix=self._matrix.copy(),
            names=tuple(self._names),
            counts=counts,
            instance_weighted_iou=iiou,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SemanticResult:
    """What an evaluation measured: exact counts, from which all numbers are derived on demand.

    `matrix` sums all images; `counts` [N, 3, C] holds per image and class intersection, truth and predicted pixels,
    in the order of `names`.
    """

    classes: ClassSet
    policy: Policy
    matrix: ConfusionMatrix
    names: tuple[str, ...]
    counts: ImageCounts
    instance_weighted_iou: Fractions | None = None

    def iou(self) -> Fractions:
        """IoU per class over all images under the policy's absent rule, float64 [C]."""
        return iou_of_counts(image_counts(self.matrix), self.policy.absent)

    def mean_iou(self, averaging: Averaging | None = None) -> float:
        """Mean IoU in the policy's manner, or in the one asked for."""
        return mean_iou_of_images(self.counts, averaging or self.policy.averaging, self.policy.absent)

    def category_iou(self) -> dict[str, float]:
        """IoU per super-category: confusion inside a category is correct. Empty where classes have no categories."""
        categories = [item.category for item in self.classes.evaluated]
        names = list(dict.fromkeys(name for name in categories if name))
        if not names:
            return {}
        groups = [names.index(name) if name else -1 for name in categories]
        return dict(zip(names, self.matrix.grouped(groups).iou().tolist(), strict=True))

    def metrics(self) -> dict[str, float]:
        """Return the dataset's numbers by name, fractions in 0 … 1, NaN where undefined."""
        matrix, absent = self.matrix, self.policy.absent
        by_category = self.category_iou()
        numbers = {
            "miou": self.mean_iou(),
            "miou_accumulated": mean_iou_of_images(self.counts, "accumulate", absent),
            "miou_per_image": mean_iou_of_images(self.counts, "per_image", absent),
            "miou_per_class_then_image": mean_iou_of_images(self.counts, "per_class_then_image", absent),
            "miou_image_class_pairs": mean_iou_of_images(self.counts, "image_class_pairs", absent),
            "micro_iou": matrix.micro_iou(),
            "pixel_accuracy": matrix.pixel_accuracy(),
            "mean_pixel_accuracy": matrix.mean_pixel_accuracy(),
            "frequency_weighted_iou": matrix.frequency_weighted_iou(),
            "mean_dice": matrix.mean_dice(),
            "mean_precision": mean_of_defined(matrix.precision()),
            "mean_recall": mean_of_defined(matrix.recall()),
        }
        if by_category:
            numbers["category_miou"] = mean_of_defined(np.array(list(by_category.values())))
        if self.instance_weighted_iou is not None:
            numbers["instance_weighted_miou"] = mean_of_defined(self.instance_weighted_iou)
        return numbers

    def to_json(self) -> dict[str, Any]:
        """Return the document that `segstudio evaluate --json` prints; undefined numbers are None."""
        document: dict[str, Any] = {
            "task": "semantic",
            "policy": self.policy.to_json(),
            "images": len(self.names),
            "metrics": numbers_or_none(self.metrics()),
            "classes": self._class_rows(),
            "per_image": self._image_rows(),
        }
        by_category = self.category_iou()
        if by_category:
            document["categories"] = [{"name": name, "iou": number_or_none(iou)} for name, iou in by_category.items()]
        return document

    def _class_rows(self) -> list[dict[str, Any]]:
        matrix = self.matrix
        columns: dict[str, Fractions] = {
            "iou": self.iou(),
            "dice": matrix.dice(),
            "accuracy": matrix.recall(),
            "precision": matrix.precision(),
            "recall": matrix.recall(),
        }
        if self.instance_weighted_iou is not None:
            columns["iiou"] = self.instance_weighted_iou
        rows = []
        for index, item in enumerate(self.classes.evaluated):
            row: dict[str, Any] = {"id": item.id, "name": item.name}
            row |= numbers_or_none({name: float(values[index]) for name, values in columns.items()})
            row["truth_pixels"] = int(matrix.truth_pixels[index])
            row["predicted_pixels"] = int(matrix.predicted_pixels[index])
            rows.append(row)
        return rows

    def _image_rows(self) -> list[dict[str, Any]]:
        ious = iou_of_counts(self.counts, self.policy.absent)
        evaluated = self.classes.evaluated
        rows = []
        for name, counts, iou in zip(self.names, self.counts, ious, strict=True):
            hits, truth, predicted = counts
            worst = None if np.isnan(iou).all() else evaluated[int(np.nanargmin(iou))].name
            numbers = {
                "miou": mean_of_defined(iou),
                "pixel_accuracy": float(ratio(hits.sum(), truth.sum())),
                "mean_pixel_accuracy": mean_of_defined(ratio(hits, truth)),
                "mean_dice": mean_of_defined(ratio(2 * hits, truth + predicted)),
            }
            rows.append({"name": name, **numbers_or_none(numbers), "worst_class": worst})
        return rows


def evaluate_semantic(
    pairs: Iterable[SemanticPair],
    *,
    classes: ClassSet,
    policy: Policy = CITYSCAPES,
    mean_sizes: Mapping[int, float] | None = None,
) -> SemanticResult:
    """Evaluate pairs of evaluation-index rasters of the classes that count in `classes`.

    Every value outside 0 … C-1 is void. `mean_sizes` (pixels by class index) replaces the measured mean instance
    sizes in iIoU. Raises UserError naming the image when two rasters differ in shape.
    """
    evaluation = SemanticEvaluation(classes, policy=policy, mean_sizes=mean_sizes)
    for pair in pairs:
        evaluation.add(pair)
    return evaluation.result()
