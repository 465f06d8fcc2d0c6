"""Panoptic quality: PQ = SQ x RQ of segments that cover the image without overlap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.metrics.numbers import mean_of_defined, numbers_or_none, ratio
from segstudio.metrics.policy import COCO, Policy
from segstudio.metrics.rasters import IndexRaster
from segstudio.metrics.segment_overlaps import SegmentOverlaps

VOID = 0
"""The segment id of pixels that belong to nothing, on both sides."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What the table of segments says about one id. `is_crowd` only matters on the truth's side."""

    class_id: int
    is_crowd: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PanopticImage:
    """Segment ids [H, W] of both sides and their tables. Ids that a table lacks are void, like the id 0."""

    name: str
    truth_ids_hw: IndexRaster
    truth_segments: Mapping[int, Segment]
    predicted_ids_hw: IndexRaster
    predicted_segments: Mapping[int, Segment]


@dataclass(frozen=True, kw_only=True, eq=False)
class PanopticCounts:
    """Sum of matched IoUs (float64 [C]) and numbers of matched and unmatched segments (int64 [C]) per class."""

    iou_sum: npt.NDArray[np.float64]
    true_positives: npt.NDArray[np.int64]
    false_positives: npt.NDArray[np.int64]
    false_negatives: npt.NDArray[np.int64]

    @classmethod
    def zeros(cls, num_classes: int) -> PanopticCounts:
        """Return counts of nothing."""
        zero = np.zeros(num_classes, np.int64)
        return cls(iou_sum=zero.astype(np.float64), true_positives=zero, false_positives=zero, false_negatives=zero)

    def __add__(self, other: PanopticCounts) -> PanopticCounts:
        return PanopticCounts(
            iou_sum=self.iou_sum + other.iou_sum,
            true_positives=self.true_positives + other.true_positives,
            false_positives=self.false_positives + other.false_positives,
            false_negatives=self.false_negatives + other.false_negatives,
        )

    @property
    def _weight(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.true_positives + 0.5 * self.false_positives + 0.5 * self.false_negatives)

    def pq(self) -> npt.NDArray[np.float64]:
        """Panoptic quality per class, float64 [C] in 0 … 1; NaN for classes that occur on neither side."""
        return ratio(self.iou_sum, self._weight)

    def sq(self) -> npt.NDArray[np.float64]:
        """Segmentation quality (mean IoU of matches) per class; 0 without matches, NaN for absent classes."""
        quality = np.nan_to_num(ratio(self.iou_sum, self.true_positives))
        return np.where(self._weight > 0, quality, np.nan)

    def rq(self) -> npt.NDArray[np.float64]:
        """Recognition quality (F1 of segments) per class; NaN for absent classes."""
        return ratio(self.true_positives, self._weight)


@dataclass(frozen=True, kw_only=True, eq=False)
class PanopticQuality:
    """PQ of a dataset: counts over all images and per image."""

    classes: ClassSet
    policy: Policy
    counts: PanopticCounts
    per_image: tuple[tuple[str, PanopticCounts], ...]

    def metrics(self) -> dict[str, float]:
        """Return PQ, SQ, RQ over all classes, things and stuff (means over present classes), NaN where undefined."""
        thing = np.array([item.is_thing for item in self.classes.evaluated], bool)
        numbers = {}
        for suffix, chosen in (("", np.ones_like(thing)), ("_things", thing), ("_stuff", ~thing)):
            for name, values in (("pq", self.counts.pq()), ("sq", self.counts.sq()), ("rq", self.counts.rq())):
                numbers[name + suffix] = mean_of_defined(values[chosen])
        return numbers

    def to_json(self) -> dict[str, Any]:
        """Return the document that `evaluate --json` prints for panoptic data; undefined numbers are None."""
        counts = self.counts
        columns = {"pq": counts.pq(), "sq": counts.sq(), "rq": counts.rq()}
        rows = []
        for index, item in enumerate(self.classes.evaluated):
            row: dict[str, Any] = {"id": item.id, "name": item.name, "is_thing": item.is_thing}
            row |= numbers_or_none({name: values[index] for name, values in columns.items()})
            row["true_positives"] = int(counts.true_positives[index])
            row["false_positives"] = int(counts.false_positives[index])
            row["false_negatives"] = int(counts.false_negatives[index])
            rows.append(row)
        return {
            "task": "panoptic",
            "policy": self.policy.to_json(),
            "images": len(self.per_image),
            "metrics": numbers_or_none(self.metrics()),
            "classes": rows,
            "per_image": [{"name": name, **_means(image_counts)} for name, image_counts in self.per_image],
        }


def panoptic_quality(images: Iterable[PanopticImage], *, classes: ClassSet, policy: Policy = COCO) -> PanopticQuality:
    """Measure PQ, SQ and RQ over images by the rules of panopticapi, with areas counted from the pixels.

    Segments of classes that do not count in `classes` are void. Unlike panopticapi, every crowd segment of a class
    excuses false positives, not only the last. Raises UserError naming the image when the shapes differ, a table
    claims the id 0, or the prediction shows an id that its table lacks.
    """
    per_image = tuple((image.name, _counts_of(image, classes)) for image in images)
    total = PanopticCounts.zeros(classes.num_classes)
    for _, counts in per_image:
        total = total + counts
    # Matching is unique only above one half, so PQ has no other comparator.
    return PanopticQuality(classes=classes, policy=replace(policy, comparator=">"), counts=total, per_image=per_image)


def match_segments(
    overlaps: SegmentOverlaps,
    truth_segments: Mapping[int, Segment],
    predicted_segments: Mapping[int, Segment],
    *,
    classes: ClassSet,
) -> PanopticCounts:
    """Match the segments of one image: same class and IoU above one half, which makes the match unique.

    The union leaves out what the predicted segment shares with truth void (not with crowds). An unmatched predicted
    segment is excused when more than half of it is truth void or crowd of its class; crowds are never missed.
    Source: Kirillov et al., Panoptic Segmentation, CVPR 2019; panopticapi evaluation.py.
    """
    index_of = classes.index_of
    truth = {key: item for key, item in truth_segments.items() if item.class_id in index_of}
    predicted = {key: item for key, item in predicted_segments.items() if item.class_id in index_of}
    truth_area, predicted_area, excused = _areas(overlaps, truth, predicted)

    counts = PanopticCounts.zeros(classes.num_classes)
    iou_sum, hits = counts.iou_sum.copy(), counts.true_positives.copy()
    found_truth, found_predicted = set(), set()
    for (truth_id, predicted_id), shared in overlaps.pixels.items():
        left, right = truth.get(truth_id), predicted.get(predicted_id)
        if left is None or right is None:
            continue
        if left.is_crowd:
            if left.class_id == right.class_id:
                excused[predicted_id] += shared
            continue
        if left.class_id != right.class_id:
            continue
        void_shared = predicted_area[predicted_id][1]
        union = predicted_area[predicted_id][0] + truth_area[truth_id] - shared - void_shared
        if 2 * shared > union:
            hits[index_of[left.class_id]] += 1
            iou_sum[index_of[left.class_id]] += shared / union
            found_truth.add(truth_id)
            found_predicted.add(predicted_id)

    misses, false = np.zeros_like(hits), np.zeros_like(hits)
    for truth_id in truth_area.keys() - found_truth:
        if not truth[truth_id].is_crowd:
            misses[index_of[truth[truth_id].class_id]] += 1
    for predicted_id in predicted_area.keys() - found_predicted:
        if 2 * excused[predicted_id] <= predicted_area[predicted_id][0]:
            false[index_of[predicted[predicted_id].class_id]] += 1
    return PanopticCounts(iou_sum=iou_sum, true_positives=hits, false_positives=false, false_negatives=misses)


def _areas(
    overlaps: SegmentOverlaps, truth: Mapping[int, Segment], predicted: Mapping[int, Segment]
) -> tuple[dict[int, int], dict[int, tuple[int, int]], dict[int, int]]:
    """Pixels of the truth segments, (all, on truth void) of the predicted ones, and the excused pixels so far."""
    truth_area: dict[int, int] = {}
    predicted_area: dict[int, tuple[int, int]] = {}
    for (truth_id, predicted_id), shared in overlaps.pixels.items():
        if truth_id in truth:
            truth_area[truth_id] = truth_area.get(truth_id, 0) + shared
        if predicted_id in predicted:
            every, void = predicted_area.get(predicted_id, (0, 0))
            predicted_area[predicted_id] = every + shared, void + (0 if truth_id in truth else shared)
    return truth_area, predicted_area, {key: void for key, (_, void) in predicted_area.items()}


def _counts_of(image: PanopticImage, classes: ClassSet) -> PanopticCounts:
    if VOID in image.truth_segments or VOID in image.predicted_segments:
        raise UserError(f"{image.name}: segment id 0 means void and cannot be a segment", hint="number segments from 1")
    try:
        overlaps = SegmentOverlaps.of(image.truth_ids_hw, image.predicted_ids_hw)
    except UserError as error:
        raise UserError(f"{image.name}: {error.message}", hint=error.hint) from None
    unknown = {key for _, key in overlaps.pixels} - image.predicted_segments.keys() - {VOID}
    if unknown:
        raise UserError(f"{image.name}: the prediction shows segment {min(unknown)}, which its table does not list")
    return match_segments(overlaps, image.truth_segments, image.predicted_segments, classes=classes)


def _means(counts: PanopticCounts) -> dict[str, float | None]:
    columns = {"pq": counts.pq(), "sq": counts.sq(), "rq": counts.rq()}
    return numbers_or_none({name: mean_of_defined(values) for name, values in columns.items()})
