"""Greedy matching of detections to truth as COCO does it, for all images, thresholds and size ranges at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segstudio.core.errors import UserError
from segstudio.metrics.instances import (
    DetectedInstance,
    InstanceImage,
    Overlap,
    TruthInstance,
    areas_of,
    overlaps,
    require_one_size,
)
from segstudio.metrics.numbers import Fractions
from segstudio.metrics.policy import Comparator

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

# A detection that matches at threshold 1 must not fail on rounding (pycocotools' own constant).
_ALMOST_ONE = 1 - 1e-10
# Elements of one vectorised step; bounds the memory of crowded datasets.
_STEP = 1 << 22


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchRules:
    """What decides a match: thresholds [T], size ranges [A, 2] (inclusive, in pixels), and the comparison."""

    iou_thresholds: Fractions
    area_ranges: Fractions
    max_dets: int = 100
    comparator: Comparator = ">="
    overlap: Overlap = "mask"
    boundary_ratio: float = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class Matches:
    """The fate of every detection and truth instance; D detections, G truths, A size ranges, T thresholds.

    Detections come image by image, class by class, by falling score; `det_rank` counts from 0 within image and class,
    `det_image` and `truth_image` are positions in `images`, the names.
    """

    images: tuple[str, ...]
    det_image: Indices
    det_class: Indices
    det_score: Fractions
    det_rank: Indices
    det_matched: Flags  # [D, A, T]
    det_ignored: Flags  # [D, A, T]
    truth_image: Indices
    truth_class: Indices
    truth_ignored: Flags  # [G, A]

    @classmethod
    def joined(cls, parts: Sequence[Matches]) -> Matches:
        """Return the matches of several sets of images as one, in the given order."""
        if not parts:
            raise UserError("there are no matches to join")
        first = np.cumsum([0, *(len(part.images) for part in parts[:-1])])
        return cls(
            images=tuple(name for part in parts for name in part.images),
            det_image=np.concatenate([part.det_image + start for part, start in zip(parts, first, strict=True)]),
            det_class=np.concatenate([part.det_class for part in parts]),
            det_score=np.concatenate([part.det_score for part in parts]),
            det_rank=np.concatenate([part.det_rank for part in parts]),
            det_matched=np.concatenate([part.det_matched for part in parts]),
            det_ignored=np.concatenate([part.det_ignored for part in parts]),
            truth_image=np.concatenate([part.truth_image + start for part, start in zip(parts, first, strict=True)]),
            truth_class=np.concatenate([part.truth_class for part in parts]),
            truth_ignored=np.concatenate([part.truth_ignored for part in parts]),
        )


def match_instances(images: Iterable[InstanceImage], rules: MatchRules) -> Matches:
    """Match the detections of every image to its truth, class by class.

    Per class the detections come by falling score (ties in their given order, at most `max_dets`); each takes the
    free truth with the highest IoU that reaches the threshold (equal IoUs: the later one), preferring truths that
    count. Crowds may be taken many times. Truths that are crowds or outside a size range are ignored there, with
    whatever matched them; so are unmatched detections outside the range. Source: pycocotools cocoeval.

    Raises UserError when the masks of an image differ in size.
    """
    gathered = _Gathered(rules)
    for image in images:
        require_one_size(image)
        gathered.take_in(image)
    return _matched(gathered.finished(), rules)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Candidates:
    """Everything that matching looks at, flat over all images; P pairs with enough overlap."""

    images: tuple[str, ...]
    det_image: Indices
    det_class: Indices
    det_score: Fractions
    det_rank: Indices
    det_group: Indices
    det_area: Fractions
    truth_image: Indices
    truth_class: Indices
    truth_crowd: Flags
    truth_area: Fractions
    pair_det: Indices
    pair_truth: Indices
    pair_iou: Fractions


class _Gathered:
    def __init__(self, rules: MatchRules) -> None:
        self._rules = rules
        self._floor = min(float(rules.iou_thresholds.min()), _ALMOST_ONE)
        self._images: list[str] = []
        self._det: list[tuple[int, int, float, int, int]] = []
        self._det_area: list[Fractions] = [np.zeros(0)]
        self._truth: list[tuple[int, int, bool]] = []
        self._truth_area: list[Fractions] = [np.zeros(0)]
        self._pairs: list[Fractions] = [np.zeros((0, 3))]
        self._groups = 0

    def take_in(self, image: InstanceImage) -> None:
        truth_of: dict[int, list[TruthInstance]] = {}
        for truth in image.truth:
            truth_of.setdefault(truth.class_id, []).append(truth)
        detected_of: dict[int, list[DetectedInstance]] = {}
        for detection in image.detections:
            detected_of.setdefault(detection.class_id, []).append(detection)
        for class_id in {**truth_of, **detected_of}:
            # A stable sort: equal scores keep the order in which they came.
            ranked = sorted(detected_of.get(class_id, ()), key=_falling_score)[: self._rules.max_dets]
            self._add_group(class_id, ranked, truth_of.get(class_id, []))
        self._images.append(image.name)

    def _add_group(self, class_id: int, ranked: list[DetectedInstance], truths: list[TruthInstance]) -> None:
        if ranked and truths:
            rules = self._rules
            ious = overlaps(ranked, truths, overlap=rules.overlap, boundary_ratio=rules.boundary_ratio)
            rows, columns = np.nonzero(ious >= self._floor)
            if rows.size:
                found = (rows + len(self._det), columns + len(self._truth), ious[rows, columns])
                self._pairs.append(np.stack(found, axis=1))
        image = len(self._images)
        self._det += [(image, class_id, item.score, rank, self._groups) for rank, item in enumerate(ranked)]
        self._truth += [(image, class_id, item.is_crowd) for item in truths]
        self._det_area.append(areas_of(ranked))
        self._truth_area.append(areas_of(truths))
        self._groups += 1

    def finished(self) -> _Candidates:
        det = np.array(self._det, np.float64).reshape(-1, 5)
        truth = np.array(self._truth, np.float64).reshape(-1, 3)
        pairs = np.concatenate(self._pairs)
        return _Candidates(
            images=tuple(self._images),
            det_image=det[:, 0].astype(np.int64),
            det_class=det[:, 1].astype(np.int64),
            det_score=det[:, 2],
            det_rank=det[:, 3].astype(np.int64),
            det_group=det[:, 4].astype(np.int64),
            det_area=np.concatenate(self._det_area),
            truth_image=truth[:, 0].astype(np.int64),
            truth_class=truth[:, 1].astype(np.int64),
            truth_crowd=truth[:, 2] > 0,
            truth_area=np.concatenate(self._truth_area),
            pair_det=pairs[:, 0].astype(np.int64),
            pair_truth=pairs[:, 1].astype(np.int64),
            pair_iou=pairs[:, 2],
        )


def _falling_score(detection: DetectedInstance) -> float:
    return -detection.score


def _matched(found: _Candidates, rules: MatchRules) -> Matches:
    low, high = rules.area_ranges[:, 0], rules.area_ranges[:, 1]
    outside = (found.truth_area[:, None] < low) | (found.truth_area[:, None] > high)
    truth_ignored = outside | found.truth_crowd[:, None]
    shape = (found.det_class.size, len(rules.area_ranges), rules.iou_thresholds.size)
    matched, ignored = np.zeros(shape, bool), np.zeros(shape, bool)
    taken = np.zeros((found.truth_class.size, *shape[1:]), bool)
    for dets, candidates, ious in _steps(found, combinations=shape[1] * shape[2]):
        hit, chosen = _choose(candidates, ious, found, truth_ignored, taken, rules)
        matched[dets] = hit
        size_range = np.arange(shape[1])[None, :, None]
        ignored[dets] = hit & truth_ignored[chosen, size_range]
        row, size, threshold = np.nonzero(hit)
        taken[chosen[row, size, threshold], size, threshold] = True
    det_outside = (found.det_area[:, None] < low) | (found.det_area[:, None] > high)
    ignored |= ~matched & det_outside[:, :, None]
    return Matches(
        images=found.images,
        det_image=found.det_image,
        det_class=found.det_class,
        det_score=found.det_score,
        det_rank=found.det_rank,
        det_matched=matched,
        det_ignored=ignored,
        truth_image=found.truth_image,
        truth_class=found.truth_class,
        truth_ignored=truth_ignored,
    )


def _steps(found: _Candidates, *, combinations: int) -> Iterable[tuple[Indices, Indices, Fractions]]:
    """Yield blocks of detections that cannot compete with each other: dets [n], truths [n, K] and IoUs [n, K].

    Block r holds, of every image and class, the r-th best detection that overlaps anything. Candidates stand in
    falling order of the truths, so that the first maximum is the later truth; missing ones have IoU -1.
    """
    if found.pair_det.size == 0:
        return
    order = np.lexsort((-found.pair_truth, found.pair_det))
    pair_det, pair_truth, pair_iou = found.pair_det[order], found.pair_truth[order], found.pair_iou[order]
    dets, first, count = np.unique(pair_det, return_index=True, return_counts=True)
    _, group_start, group_size = np.unique(found.det_group[dets], return_index=True, return_counts=True)
    turn = np.arange(dets.size) - np.repeat(group_start, group_size)
    for now in range(int(turn.max()) + 1):
        members = np.nonzero(turn == now)[0]
        width = int(count[members].max())
        block = max(1, _STEP // (width * combinations))
        for start in range(0, members.size, block):
            some = members[start : start + block]
            column = np.arange(width)[None, :]
            real = column < count[some, None]
            pair = first[some, None] + np.where(real, column, 0)
            yield dets[some], pair_truth[pair], np.where(real, pair_iou[pair], -1.0)


def _choose(
    candidates: Indices,
    ious: Fractions,
    found: _Candidates,
    truth_ignored: Flags,
    taken: Flags,
    rules: MatchRules,
) -> tuple[Flags, Indices]:
    """Return whether each detection matches and the truth it takes, both [n, A, T]."""
    thresholds = np.minimum(rules.iou_thresholds, _ALMOST_ONE)
    overlap = ious[:, None, None, :]
    compare = np.greater_equal if rules.comparator == ">=" else np.greater
    reaches = np.asarray(compare(overlap, thresholds[:, None]), bool)
    # [n, K, A, T] → [n, A, T, K]
    free = np.moveaxis(~taken[candidates] | found.truth_crowd[candidates][:, :, None, None], 1, -1)
    counts = np.moveaxis(~truth_ignored[candidates], 1, -1)[:, :, None, :]
    possible = reaches & free
    among_counted = np.where(possible & counts, overlap, -1.0)
    among_ignored = np.where(possible & ~counts, overlap, -1.0)
    best_counted, best_ignored = among_counted.argmax(axis=-1), among_ignored.argmax(axis=-1)
    has_counted = (possible & counts).any(axis=-1)
    hit = np.asarray(possible.any(axis=-1), bool)
    best = np.where(has_counted, best_counted, best_ignored)
    chosen: Indices = np.take_along_axis(candidates[:, None, :], best.reshape(best.shape[0], 1, -1), axis=2).reshape(
        best.shape
    )
    return hit, chosen
