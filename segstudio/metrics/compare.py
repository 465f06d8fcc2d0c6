"""Two evaluations of the same images and what can be said about their difference, as one document."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segstudio.core.errors import UserError
from segstudio.metrics.averaging import iou_of_counts
from segstudio.metrics.coco_ap import AveragePrecision
from segstudio.metrics.matching import Matches
from segstudio.metrics.numbers import mean_of_defined, number_or_none
from segstudio.metrics.paired import RESAMPLES, CountedImages, PairedStatistics, ScoredImages, paired_statistics
from segstudio.metrics.panoptic import PanopticQuality
from segstudio.metrics.resampled_ap import DetectedImages
from segstudio.metrics.semantic import SemanticResult

_AP_WORK = 2_000_000_000
"""Detections times resamples that resampling AP may cost; of more detections fewer resamples are drawn."""
_FEWEST = 200

HEADLINES: Mapping[str, str] = {"semantic": "miou", "instance": "ap", "panoptic": "pq"}
"""The score that is compared, by task."""
CLASS_SCORES: Mapping[str, str] = {"semantic": "iou", "instance": "ap", "panoptic": "pq"}
"""The score of a class, by task."""
IMAGE_SCORES: Mapping[str, str] = {"semantic": "miou", "instance": "f1_50", "panoptic": "pq"}
"""The score of an image, by task: AP of one image says little, so that instances have F1 at an IoU of 0.5."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """The documents of both evaluations (see `evaluate --json`), and the statistics of B - A.

    `names` are the images in order, with the score of each in A and B (NaN where undefined).
    """

    task: str
    a: Mapping[str, Any]
    b: Mapping[str, Any]
    statistics: PairedStatistics
    names: tuple[str, ...]
    scores_a: tuple[float, ...]
    scores_b: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the document that `compare --json` prints; undefined numbers are None."""
        found = self.statistics
        head, of_class, of_image = HEADLINES[self.task], CLASS_SCORES[self.task], IMAGE_SCORES[self.task]
        return {
            "a": dict(self.a),
            "b": dict(self.b),
            "delta": {
                head: number_or_none(found.delta),
                "ci95": [number_or_none(end) for end in found.interval],
                "p_value": number_or_none(found.p_value),
                "minimum_detectable": number_or_none(found.minimum_detectable),
                "probability_b_better": number_or_none(found.probability_b_better),
                "units": found.units,
                "resamples": found.resamples,
            },
            "classes": [
                {
                    "id": row["id"],
                    "name": row["name"],
                    f"delta_{of_class}": number_or_none(delta),
                    "ci95": [number_or_none(end) for end in interval],
                }
                for row, delta, interval in zip(
                    self.a["classes"], found.class_deltas.tolist(), found.class_intervals.tolist(), strict=True
                )
            ],
            "per_image": [
                {"name": name, f"{of_image}_a": number_or_none(a), f"{of_image}_b": number_or_none(b)}
                for name, a, b in zip(self.names, self.scores_a, self.scores_b, strict=True)
            ],
        }


def compare_semantic(
    a: SemanticResult,
    b: SemanticResult,
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two evaluations of the same images under the policy of `a` by mean IoU; see `paired_statistics`.

    Raises UserError when the images, their order or the classes differ.
    """
    _require_same_images(a.names, b.names)
    _require_same_classes([item.id for item in a.classes.evaluated], [item.id for item in b.classes.evaluated])
    rules = a.policy.averaging, a.policy.absent
    sides = CountedImages(a.counts, *rules), CountedImages(b.counts, *rules)
    scores = (tuple(mean_of_defined(iou) for iou in iou_of_counts(result.counts, a.policy.absent)) for result in (a, b))
    statistics = paired_statistics(*sides, clusters=clusters, resamples=resamples, seed=seed)
    return _comparison("semantic", a.to_json(), b.to_json(), statistics, a.names, *scores)


def compare_panoptic(
    a: PanopticQuality,
    b: PanopticQuality,
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two evaluations of the same images by panoptic quality; see `paired_statistics`.

    Raises UserError when the images, their order or the classes differ.
    """
    names = tuple(name for name, _ in a.per_image)
    _require_same_images(names, tuple(name for name, _ in b.per_image))
    _require_same_classes([item.id for item in a.classes.evaluated], [item.id for item in b.classes.evaluated])
    scores = (tuple(mean_of_defined(counts.pq()) for _, counts in result.per_image) for result in (a, b))
    statistics = paired_statistics(
        _panoptic_images(a), _panoptic_images(b), clusters=clusters, resamples=resamples, seed=seed
    )
    return _comparison("panoptic", a.to_json(), b.to_json(), statistics, names, *scores)


def compare_instances(
    a: tuple[AveragePrecision, Matches],
    b: tuple[AveragePrecision, Matches],
    *,
    class_names: Mapping[int, str] | None = None,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two evaluations of the same images by COCO's AP; see `paired_statistics`.

    Of very many detections fewer resamples are drawn than asked for; the document says how many. Raises UserError when
    the images, their order or the classes differ.
    """
    (ap_a, matches_a), (ap_b, matches_b) = a, b
    _require_same_images(matches_a.images, matches_b.images)
    _require_same_classes(ap_a.class_ids, ap_b.class_ids)
    sides: tuple[ScoredImages, ScoredImages] = (
        DetectedImages(matches_a, ap_a.class_ids),
        DetectedImages(matches_b, ap_b.class_ids),
    )
    detections = max(1, matches_a.det_class.size + matches_b.det_class.size) * ap_a.iou_thresholds.size
    drawn = min(resamples, max(_FEWEST, _AP_WORK // detections))
    scores = (tuple(tally.f1 for tally in result.per_image) for result in (ap_a, ap_b))
    statistics = paired_statistics(*sides, clusters=clusters, resamples=drawn, seed=seed)
    documents = ap_a.to_json(class_names), ap_b.to_json(class_names)
    return _comparison("instance", *documents, statistics, matches_a.images, *scores)


def _comparison(
    task: str,
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    statistics: PairedStatistics,
    names: tuple[str, ...],
    scores_a: tuple[float, ...],
    scores_b: tuple[float, ...],
) -> Comparison:
    return Comparison(task=task, a=a, b=b, statistics=statistics, names=names, scores_a=scores_a, scores_b=scores_b)


def _panoptic_images(result: PanopticQuality) -> CountedImages:
    """PQ as a ratio of sums, the form of an IoU: the sum of matched IoUs over matches and half of what is unmatched."""
    rows = []
    for _, counts in result.per_image:
        whole = counts.true_positives + 0.5 * counts.false_positives + 0.5 * counts.false_negatives
        rows.append(np.stack([counts.iou_sum, whole, counts.iou_sum]))
    return CountedImages(np.stack(rows) if rows else np.zeros((0, 3, result.classes.num_classes)))


def _require_same_images(a: Sequence[str], b: Sequence[str]) -> None:
    if tuple(a) != tuple(b):
        raise UserError(f"the two evaluations hold different images ({len(a)} and {len(b)})")


def _require_same_classes(a: Sequence[int], b: Sequence[int]) -> None:
    if list(a) != list(b):
        raise UserError("the two evaluations hold different classes")
