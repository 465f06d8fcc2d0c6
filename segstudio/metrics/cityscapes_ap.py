"""Average precision by Cityscapes' own rules, which differ from COCO's by design."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from segstudio.metrics.instances import DetectedInstance, InstanceImage, Rle, TruthInstance, require_one_size
from segstudio.metrics.numbers import Fractions, mean_of_defined

IOU_THRESHOLDS = np.arange(0.5, 1.0, 0.05)
MIN_PIXELS = 100
"""Smaller truth instances neither count nor cost."""


@dataclass(frozen=True, slots=True)
class CityscapesImage:
    """Truth, detections and void of one image. Truth instances with `is_crowd` are groups such as `cargroup`."""

    instances: InstanceImage
    void_rle: Rle | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class CityscapesAP:
    """AP per class and threshold, float64 [K, T]; NaN for classes without a truth instance that counts."""

    class_ids: tuple[int, ...]
    iou_thresholds: Fractions
    values: Fractions

    def ap(self, *, class_id: int | None = None) -> float:
        """Mean over thresholds and classes (or of one class); NaN where undefined."""
        return mean_of_defined(self._rows(class_id).ravel())

    def ap50(self, *, class_id: int | None = None) -> float:
        """AP at IoU > 0.5; NaN where undefined."""
        return mean_of_defined(self._rows(class_id)[:, 0])

    def _rows(self, class_id: int | None) -> Fractions:
        return self.values if class_id is None else self.values[[self.class_ids.index(class_id)]]


def cityscapes_average_precision(
    images: Iterable[CityscapesImage], *, class_ids: Sequence[int], min_pixels: int = MIN_PIXELS
) -> CityscapesAP:
    """Evaluate instances as Cityscapes does: IoU above the threshold, step-wise area under the curve.

    Unmatched detections are excused when more than the threshold's share of them is void, group or a truth instance
    below `min_pixels`. Equal scores form one point of the curve, so their order does not matter. Where the script
    fails because a class's only detections are excused, the AP is 0. Raises UserError for masks of different sizes.
    Source: cityscapesScripts, evaluation/evalInstanceLevelSemanticLabeling.py.
    """
    groups: dict[int, list[_Group]] = {class_id: [] for class_id in class_ids}
    for image in images:
        require_one_size(image.instances)
        for class_id, of_class in groups.items():
            truth = [item for item in image.instances.truth if item.class_id == class_id]
            detections = [item for item in image.instances.detections if item.class_id == class_id]
            if truth or detections:
                of_class.append(_Group.of(truth, detections, image.void_rle, min_pixels))
    values = [[_ap_at(groups[class_id], threshold) for threshold in IOU_THRESHOLDS] for class_id in class_ids]
    return CityscapesAP(
        class_ids=tuple(class_ids),
        iou_thresholds=IOU_THRESHOLDS,
        values=np.array(values, np.float64).reshape(len(class_ids), IOU_THRESHOLDS.size),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Group:
    """One class in one image: scores [D], IoUs [D, G], which truths count [G], share of each detection excused [D]."""

    scores: Fractions
    ious: Fractions
    counts: npt.NDArray[np.bool_]
    excused: Fractions

    @classmethod
    def of(
        cls,
        truth: Sequence[TruthInstance],
        detections: Sequence[DetectedInstance],
        void_rle: Rle | None,
        min_pixels: int,
    ) -> _Group:
        detections = [item for item in detections if int(coco_mask.area(item.rle)) > 0]
        truth_rles, rles = [item.rle for item in truth], [item.rle for item in detections]
        area = np.array(coco_mask.area(rles) if rles else [], np.float64)
        truth_area = np.array(coco_mask.area(truth_rles) if truth_rles else [], np.float64)
        group = np.array([item.is_crowd for item in truth], bool)
        shared = _shared_pixels(rles, truth_rles, area)
        small = truth_area < min_pixels
        ignored = _shared_pixels(rles, [] if void_rle is None else [void_rle], area).sum(axis=1)
        # A group below the minimum counts twice, as in the reference.
        ignored += shared[:, group].sum(axis=1) + shared[:, small].sum(axis=1)
        return cls(
            scores=np.array([item.score for item in detections], np.float64),
            ious=shared / (area[:, None] + truth_area - shared),
            counts=~group & ~small,
            excused=ignored / area,
        )


def _shared_pixels(rles: Sequence[Rle], others: Sequence[Rle], area: Fractions) -> Fractions:
    if not rles or not others:
        return np.zeros((len(rles), len(others)))
    # Taken as crowds, the overlap is intersection over detection area: exact after rounding.
    share = np.asarray(coco_mask.iou(list(rles), list(others), [True] * len(others)), np.float64)
    return np.asarray(np.rint(share * area[:, None]), np.float64)


def _ap_at(groups: Sequence[_Group], threshold: float) -> float:
    if not any(group.counts.any() for group in groups):
        return math.nan
    right: list[Fractions] = []
    wrong: list[Fractions] = []
    missed = 0
    for group in groups:
        over = group.ious > threshold
        for column in np.flatnonzero(group.counts):
            scores = np.sort(group.scores[over[:, column]])
            missed += scores.size == 0
            right.append(scores[-1:])
            wrong.append(scores[:-1])
        free = ~over.any(axis=1) & (group.excused <= threshold)
        wrong.append(group.scores[free])
    return _area_under_steps(np.concatenate(right), np.concatenate(wrong), missed)


def _area_under_steps(right: Fractions, wrong: Fractions, missed: int) -> float:
    """Area under precision over recall, one point per distinct score and an artificial one at recall 0."""
    thresholds = np.unique(np.concatenate([right, wrong]))
    if thresholds.size == 0:
        return 0.0
    true_positives = right.size - np.searchsorted(np.sort(right), thresholds)
    false_positives = wrong.size - np.searchsorted(np.sort(wrong), thresholds)
    precision = np.append(true_positives / (true_positives + false_positives), 1.0)
    recall = np.append(true_positives / (right.size + missed), 0.0)
    padded = np.concatenate([recall[:1], recall, [0.0]])
    widths = (padded[:-2] - padded[2:]) / 2
    return float(precision @ widths)
