"""Average precision and average recall of instances by the rules of COCO."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from segstudio.core.errors import UserError
from segstudio.metrics.instances import InstanceImage, Overlap
from segstudio.metrics.matching import Flags, Indices, Matches, MatchRules, match_instances
from segstudio.metrics.numbers import Fractions, mean_of_defined, numbers_or_none
from segstudio.metrics.policy import COCO, Policy

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_POINTS = np.linspace(0.0, 1.0, 101)
# Both ends belong to a range, so that an object of exactly 32² px is small and medium.
AREA_RANGES: Mapping[str, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}


class ImageTally(NamedTuple):
    """Objects of one image found, invented and missed at the lowest IoU threshold, over all classes."""

    name: str
    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 … 1; NaN for an image without objects on either side."""
        weight = 2 * self.true_positives + self.false_positives + self.false_negatives
        return 2 * self.true_positives / weight if weight else math.nan


@dataclass(frozen=True, kw_only=True, eq=False)
class AveragePrecision:
    """Precision and recall of every class, threshold and size range; NaN where a class has no truth there.

    `precision` [T, R, K, A] is the interpolated precision at the recall points with the last of `max_dets`;
    `recall` [T, K, A, M] the final recall with each of `max_dets`. T IoU thresholds, K classes, A size ranges.
    """

    class_ids: tuple[int, ...]
    iou_thresholds: Fractions
    max_dets: tuple[int, ...]
    precision: Fractions
    recall: Fractions
    policy: Policy
    per_image: tuple[ImageTally, ...]

    def ap(self, *, iou: float | None = None, area: str = "all", class_id: int | None = None) -> float:
        """Mean precision over thresholds (or at one), recall points and classes (or of one); NaN where undefined."""
        chosen = self.precision[self._thresholds(iou)][:, :, self._classes(class_id), self._area(area)]
        return mean_of_defined(chosen)

    def ar(self, *, max_dets: int | None = None, area: str = "all", class_id: int | None = None) -> float:
        """Mean recall over thresholds and classes (or of one) with so many detections per image and class."""
        column = len(self.max_dets) - 1 if max_dets is None else self.max_dets.index(max_dets)
        return mean_of_defined(self.recall[:, self._classes(class_id), self._area(area), column])

    def metrics(self) -> dict[str, float]:
        """Return the twelve numbers of COCO's summary by name, fractions in 0 … 1, NaN where undefined."""
        numbers = {
            "ap": self.ap(),
            "ap50": self.ap(iou=0.5),
            "ap75": self.ap(iou=0.75),
            "ap_small": self.ap(area="small"),
            "ap_medium": self.ap(area="medium"),
            "ap_large": self.ap(area="large"),
        }
        numbers |= {f"ar_{count}": self.ar(max_dets=count) for count in self.max_dets}
        return numbers | {f"ar_{area}": self.ar(area=area) for area in ("small", "medium", "large")}

    def to_json(self, class_names: Mapping[int, str] | None = None) -> dict[str, Any]:
        """Return the dataset part of the document that `evaluate --json` prints; undefined numbers are None."""
        names = class_names or {}
        rows = []
        for class_id in self.class_ids:
            numbers = {
                "ap": self.ap(class_id=class_id),
                "ap50": self.ap(iou=0.5, class_id=class_id),
                "ap75": self.ap(iou=0.75, class_id=class_id),
                "ar": self.ar(class_id=class_id),
            }
            rows.append({"id": class_id, "name": names.get(class_id, str(class_id)), **numbers_or_none(numbers)})
        return {
            "task": "instance",
            "policy": self.policy.to_json(),
            "images": len(self.per_image),
            "metrics": numbers_or_none(self.metrics()),
            "classes": rows,
            "per_image": [{**tally._asdict(), **numbers_or_none({"f1_50": tally.f1})} for tally in self.per_image],
        }

    def _thresholds(self, iou: float | None) -> Flags:
        if iou is None:
            return np.ones(self.iou_thresholds.size, bool)
        chosen = np.isclose(self.iou_thresholds, iou, rtol=0, atol=1e-9)
        if not chosen.any():
            raise UserError(f"AP was not measured at an IoU of {iou}")
        return chosen

    def _classes(self, class_id: int | None) -> Flags:
        if class_id is None:
            return np.ones(len(self.class_ids), bool)
        chosen: Flags = np.array(self.class_ids) == class_id
        return chosen

    def _area(self, name: str) -> int:
        return list(AREA_RANGES).index(name)


def coco_rules(policy: Policy = COCO, *, overlap: Overlap = "mask") -> MatchRules:
    """Return the matching rules of COCO under a policy."""
    return MatchRules(
        iou_thresholds=IOU_THRESHOLDS,
        area_ranges=np.array(list(AREA_RANGES.values())),
        max_dets=max(policy.max_dets),
        comparator=policy.comparator,
        overlap=overlap,
        boundary_ratio=policy.boundary_ratio,
    )


def average_precision(
    images: Iterable[InstanceImage],
    *,
    class_ids: Sequence[int] | None = None,
    policy: Policy = COCO,
    overlap: Overlap = "mask",
) -> AveragePrecision:
    """Evaluate instance segmentation by COCO's rules, equal to pycocotools' to rounding.

    `class_ids` fixes the classes that count; by default all that occur. `overlap="boundary"` gives Boundary AP.
    The order of images and of detections breaks ties between equal scores. Unlike pycocotools, the AP uses the last
    of the policy's `max_dets` whatever it is. Raises UserError where the masks of one image differ in size.
    """
    matches = match_instances(images, coco_rules(policy, overlap=overlap))
    return accumulate(matches, class_ids=class_ids, policy=policy)


def accumulate(matches: Matches, *, class_ids: Sequence[int] | None = None, policy: Policy = COCO) -> AveragePrecision:
    """Turn matches under `coco_rules(policy)` into precision and recall curves."""
    if class_ids is None:
        class_ids = np.union1d(matches.det_class, matches.truth_class).tolist()
    ids = tuple(int(class_id) for class_id in class_ids)
    thresholds, points = IOU_THRESHOLDS.size, RECALL_POINTS.size
    precision = np.full((thresholds, points, len(ids), len(AREA_RANGES)), np.nan)
    recall = np.full((thresholds, len(ids), len(AREA_RANGES), len(policy.max_dets)), np.nan)
    for column, class_id in enumerate(ids):
        dets = np.nonzero(matches.det_class == class_id)[0]
        dets = dets[np.argsort(-matches.det_score[dets], kind="stable")]
        truth_ignored = matches.truth_ignored[matches.truth_class == class_id]
        positives = (~truth_ignored).sum(axis=0)
        for size in np.nonzero(positives)[0]:
            matched, ignored = matches.det_matched[dets, size].T, matches.det_ignored[dets, size].T
            hits, counted = matched & ~ignored, ~ignored
            precision[:, :, column, size] = precision_at_recalls(hits, counted, int(positives[size]))
            recall[:, column, size] = _recalls(hits, matches.det_rank[dets], policy.max_dets) / positives[size]
    return AveragePrecision(
        class_ids=ids,
        iou_thresholds=IOU_THRESHOLDS,
        max_dets=policy.max_dets,
        precision=precision,
        recall=recall,
        policy=policy,
        per_image=_tallies(matches, ids),
    )


def _tallies(matches: Matches, class_ids: Sequence[int]) -> tuple[ImageTally, ...]:
    """Count per image at the lowest threshold, all sizes and the classes that count."""
    det = np.isin(matches.det_class, class_ids) & ~matches.det_ignored[:, 0, 0]
    truth = np.isin(matches.truth_class, class_ids) & ~matches.truth_ignored[:, 0]
    hit, images = matches.det_matched[:, 0, 0], len(matches.images)
    right = np.bincount(matches.det_image[det & hit], minlength=images)
    wrong = np.bincount(matches.det_image[det & ~hit], minlength=images)
    objects = np.bincount(matches.truth_image[truth], minlength=images)
    columns = (right.tolist(), wrong.tolist(), (objects - right).tolist())
    return tuple(ImageTally(*row) for row in zip(matches.images, *columns, strict=True))


def _recalls(hits: Flags, rank: Indices, max_dets: Sequence[int]) -> Indices:
    """Count the hits [T, D] among the first m detections of each image, int64 [T, M]."""
    return np.stack([hits[:, rank < most].sum(axis=1) for most in max_dets], axis=1)


def precision_at_recalls(hits: Flags, counted: Flags, positives: int) -> Fractions:
    """Return the precision envelope at the 101 recall points, float64 [T, R].

    `hits` and `counted` [T, D] say of the detections by falling score which are right and which are not ignored;
    `positives` is the number of truth instances that count (at least 1).
    """
    true_positives = np.cumsum(hits, axis=1)
    detections = np.cumsum(counted, axis=1)
    recall = true_positives / positives
    # The tiny addend is part of the reference's definition and decides the last digit.
    precision = true_positives / (detections + np.spacing(1))
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    out = np.zeros((hits.shape[0], RECALL_POINTS.size))
    for row in range(hits.shape[0]):
        place = np.searchsorted(recall[row], RECALL_POINTS, side="left")
        reached = place < recall.shape[1]
        out[row, reached] = envelope[row, place[reached]]
    return out
