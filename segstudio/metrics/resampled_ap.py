"""Average precision of many weightings of the same images, without matching anything anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from segstudio.metrics.averaging import means_of_defined
from segstudio.metrics.coco_ap import IOU_THRESHOLDS, RECALL_POINTS
from segstudio.metrics.matching import Matches
from segstudio.metrics.numbers import Fractions

_ALL_SIZES = 0
_ELEMENTS = 1 << 20


@dataclass(frozen=True, eq=False)
class DetectedImages:
    """Images by the `matches` of their detections, scored by COCO's AP over the classes `class_ids`.

    An image of weight w counts as w copies of it, whose equal scores stand together.
    """

    matches: Matches
    class_ids: Sequence[int]

    def __len__(self) -> int:
        return len(self.matches.images)

    def weighted(self, weights: Fractions) -> tuple[Fractions, Fractions]:
        """AP [R] and AP per class [R, C] of R weightings [R, N] (whole numbers); NaN without truth that counts."""
        columns = [self._of_class(class_id, weights) for class_id in self.class_ids]
        by_class = np.stack(columns, axis=1) if columns else np.full((len(weights), 0), np.nan)
        return means_of_defined(by_class, 1), by_class

    def joined(self, other: DetectedImages) -> DetectedImages:
        return DetectedImages(Matches.joined([self.matches, other.matches]), self.class_ids)

    def _of_class(self, class_id: int, weights: Fractions) -> Fractions:
        found = self.matches
        counts = (found.truth_class == class_id) & ~found.truth_ignored[:, _ALL_SIZES]
        truths = np.bincount(found.truth_image[counts], minlength=len(self)).astype(np.float64)
        positives = weights @ truths
        dets = np.nonzero(found.det_class == class_id)[0]
        dets = dets[np.argsort(-found.det_score[dets], kind="stable")]
        ap = np.where(positives > 0, 0.0, np.nan)
        if not dets.size:
            return ap
        ignored = found.det_ignored[dets, _ALL_SIZES].T
        hits = found.det_matched[dets, _ALL_SIZES].T & ~ignored
        for rows in _blocks(len(weights), dets.size):
            times = weights[rows][:, found.det_image[dets]]
            needed = _hits_needed(positives[rows])
            total = np.zeros(len(times))
            for hit, out in zip(hits, ignored, strict=True):
                total += _mean_precision(times * hit, times * ~out, needed)
            ap[rows] = np.where(positives[rows] > 0, total / IOU_THRESHOLDS.size, np.nan)
        return ap


def _mean_precision(hit: Fractions, counted: Fractions, needed: Fractions) -> Fractions:
    """Mean over the recall points of the precision's envelope [R], from what each detection adds [R, D]."""
    true_positives, detections = np.cumsum(hit, axis=1), np.cumsum(counted, axis=1)
    precision = true_positives / (detections + np.spacing(1))
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    rows, width = true_positives.shape
    # One search for all rows: each has its own range of whole numbers, which float64 holds exactly.
    stride = max(float(true_positives[:, -1].max()), float(needed.max())) + 1
    offset = stride * np.arange(rows)[:, None]
    place = np.searchsorted((true_positives + offset).ravel(), (needed + offset).ravel()).reshape(rows, -1)
    place -= width * np.arange(rows)[:, None]
    reached = place < width
    values = np.take_along_axis(envelope, np.minimum(place, width - 1), axis=1)
    return np.asarray(np.where(reached, values, 0.0).sum(axis=1) / RECALL_POINTS.size)


def _hits_needed(positives: Fractions) -> Fractions:
    """How many hits reach each recall point, [R, 101]: the smallest n whose n / positives is not below it."""
    whole = np.maximum(positives, 1.0)[:, None]
    needed = np.ceil(RECALL_POINTS * whole)
    # The quotient decides, as it does where recall is computed; the product may be off by one rounding.
    needed -= (needed - 1) / whole >= RECALL_POINTS
    needed += needed / whole < RECALL_POINTS
    return np.asarray(needed)


def _blocks(rows: int, width: int) -> Iterator[slice]:
    size = max(1, _ELEMENTS // max(1, width))
    for start in range(0, rows, size):
        yield slice(start, start + size)
