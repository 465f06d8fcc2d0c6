"""Why detections are wrong: TIDE's six kinds of error and what mending each would add to AP."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from pycocotools import mask as coco_mask

from segstudio.metrics.coco_ap import precision_at_recalls
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance, require_one_size
from segstudio.metrics.numbers import Fractions

FOREGROUND, BACKGROUND = 0.5, 0.1
MAX_DETS = 100


class InstanceError(StrEnum):
    """The kinds of error of an unmatched detection, and `MISSED` of a truth instance that none of them explains."""

    CLASS = "class"  # enough overlap with a truth of another class
    LOCALIZATION = "localization"  # right class, overlap between background and foreground
    BOTH = "both"  # wrong class and poor overlap
    DUPLICATE = "duplicate"  # right class and overlap, but the truth is taken
    BACKGROUND = "background"  # hardly any overlap with anything
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class DetectionError:
    """One wrong detection of an image (index into its detections) and the truth that it concerns, if any."""

    image: str
    detection: int
    kind: InstanceError
    truth: int | None = None


@dataclass(frozen=True, slots=True)
class MissedInstance:
    """One truth instance of an image (index into its truth) that no error of a detection explains."""

    image: str
    truth: int


@dataclass(frozen=True, kw_only=True)
class InstanceErrors:
    """All errors of a dataset. AP at IoU 0.5 and the gains by mending one kind only are fractions, NaN without truth.

    `gain_without_false_positives` and `gain_without_false_negatives` are the two special oracles: all wrong detections
    ranked last, and all unmatched truth forgotten.
    """

    ap50: float
    detections: tuple[DetectionError, ...]
    missed: tuple[MissedInstance, ...]
    gains: dict[InstanceError, float]
    gain_without_false_positives: float
    gain_without_false_negatives: float

    def counts(self) -> dict[InstanceError, int]:
        """Return how many errors of each kind there are."""
        numbers = dict.fromkeys(InstanceError, 0)
        for error in self.detections:
            numbers[error.kind] += 1
        return numbers | {InstanceError.MISSED: len(self.missed)}


def instance_errors(
    images: Iterable[InstanceImage],
    *,
    foreground: float = FOREGROUND,
    background: float = BACKGROUND,
    max_dets: int = MAX_DETS,
) -> InstanceErrors:
    """Explain every wrong detection and every missed truth instance as TIDE does, with masks.

    Detections come by falling score, at most `max_dets` per image over all classes; each takes the free truth of its
    class with the highest IoU of at least `foreground`. The kinds are tried in the order localization, class,
    duplicate, background, both. Crowds excuse detections of their class but do not explain them. Unlike TIDE, classes
    that occur only in detections stay out of AP, as in COCO. Raises UserError where masks of one image differ in size.
    Source: Bolya et al., TIDE, ECCV 2020.
    """
    ledger = _Ledger()
    for image in images:
        require_one_size(image)
        _Explained(image, foreground, background, max_dets).enter(ledger)
    ap = ledger.ap()
    gains = {kind: max(ledger.ap(mended=kind) - ap, 0.0) if not math.isnan(ap) else math.nan for kind in InstanceError}
    return InstanceErrors(
        ap50=ap,
        detections=tuple(ledger.errors),
        missed=tuple(ledger.missed),
        gains=gains,
        gain_without_false_positives=ledger.ap(wrong_last=True) - ap,
        gain_without_false_negatives=ledger.ap(forget_unmatched=True) - ap,
    )


@dataclass(frozen=True, slots=True)
class _Point:
    """One detection on the precision-recall curve of a class."""

    class_id: int
    score: float
    right: bool
    excused: bool = False  # inside a crowd: no point of the curve unless mending makes it right
    kind: InstanceError | None = None
    mended_class: int | None = None  # the class in which mending makes it right; None: mending removes it


class _Ledger:
    """Every point of every curve, the truth per class, and the errors in the order in which they were found."""

    def __init__(self) -> None:
        self.points: list[_Point] = []
        self.errors: list[DetectionError] = []
        self.missed: list[MissedInstance] = []
        self.truth: defaultdict[int, int] = defaultdict(int)
        self.unmatched: defaultdict[int, int] = defaultdict(int)
        self.missed_of_class: defaultdict[int, int] = defaultdict(int)

    def ap(
        self, *, mended: InstanceError | None = None, wrong_last: bool = False, forget_unmatched: bool = False
    ) -> float:
        """AP at the foreground IoU, after mending one kind of error if asked; NaN without any truth."""
        curves: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
        for point in self.points:
            if mended is not None and point.kind == mended:
                if point.mended_class is not None:
                    curves[point.mended_class].append((point.score, True))
            elif not point.excused:
                score = float(point.right) if wrong_last else point.score
                curves[point.class_id].append((score, point.right))
        values = []
        for class_id, count in self.truth.items():
            if mended is InstanceError.MISSED:
                count -= self.missed_of_class[class_id]
            if forget_unmatched:
                count -= self.unmatched[class_id]
            if count or curves[class_id]:
                values.append(_ap_of(curves[class_id], count))
        if not values:
            # Mending that leaves neither truth nor detections leaves nothing wrong.
            return 1.0 if self.truth else math.nan
        return float(np.mean(values))


class _Explained:
    """One image: who matched whom, and why the rest did not."""

    def __init__(self, image: InstanceImage, foreground: float, background: float, max_dets: int) -> None:
        self.image, self.foreground, self.background = image, foreground, background
        by_score = sorted(range(len(image.detections)), key=lambda index: -image.detections[index].score)
        self.order = by_score[:max_dets]
        self.dets = [image.detections[index] for index in self.order]
        self.truth_index = [index for index, item in enumerate(image.truth) if not item.is_crowd]
        self.truth = [image.truth[index] for index in self.truth_index]
        self.crowds = [item for item in image.truth if item.is_crowd]
        self.ious = _mask_ious(self.dets, self.truth)
        self.same = np.array([[d.class_id == t.class_id for t in self.truth] for d in self.dets], bool).reshape(
            self.ious.shape
        )
        self.taker = self._match()
        self.excused = self._excused()

    def enter(self, ledger: _Ledger) -> None:
        right = set(self.taker.values())
        found = {det: self._why(det) for det in range(len(self.dets)) if det not in right}
        keeper = self._keepers(found)
        for det, item in enumerate(self.dets):
            if det in right:
                ledger.points.append(_Point(item.class_id, item.score, True))
                continue
            kind, truth = found[det]
            mended = self.truth[truth].class_id if truth is not None and keeper.get(truth) == det else None
            ledger.points.append(_Point(item.class_id, item.score, False, self.excused[det], kind, mended))
            concerned = None if truth is None else self.truth_index[truth]
            ledger.errors.append(DetectionError(self.image.name, self.order[det], kind, concerned))
        for truth, target in enumerate(self.truth):
            ledger.truth[target.class_id] += 1
            if truth in self.taker:
                continue
            ledger.unmatched[target.class_id] += 1
            if truth not in keeper:
                ledger.missed_of_class[target.class_id] += 1
                ledger.missed.append(MissedInstance(self.image.name, self.truth_index[truth]))

    def _keepers(self, found: dict[int, tuple[InstanceError, int | None]]) -> dict[int, int]:
        """Free truth → the best detection that mending would turn right; the others of the same truth disappear."""
        keeper: dict[int, int] = {}
        for det, (kind, truth) in found.items():
            mendable = kind in (InstanceError.CLASS, InstanceError.LOCALIZATION)
            if mendable and truth is not None and truth not in self.taker:
                keeper.setdefault(truth, det)
        return keeper

    def _match(self) -> dict[int, int]:
        """Truth → detection."""
        taker: dict[int, int] = {}
        free = self.ious * self.same
        for det in range(len(self.dets)):
            if not self.truth:
                break
            best = int(free[det].argmax())
            if free[det, best] >= self.foreground:
                taker[best] = det
                free[:, best] = 0
        return taker

    def _excused(self) -> list[bool]:
        """Which detections lie in a crowd of their class; they count neither as right nor as wrong."""
        if not self.crowds or not self.dets:
            return [False] * len(self.dets)
        inside = coco_mask.iou([d.rle for d in self.dets], [c.rle for c in self.crowds], [True] * len(self.crowds))
        return [
            any(
                share > self.foreground and crowd.class_id == det.class_id
                for share, crowd in zip(row, self.crowds, strict=True)
            )
            for row, det in zip(inside, self.dets, strict=True)
        ]

    def _why(self, det: int) -> tuple[InstanceError, int | None]:
        if not self.truth:
            return InstanceError.BACKGROUND, None
        ious, same = self.ious[det], self.same[det]
        near = int((ious * same).argmax())
        if self.background <= ious[near] * same[near] <= self.foreground:
            return InstanceError.LOCALIZATION, near
        other = int((ious * ~same).argmax())
        if ious[other] * ~same[other] >= self.foreground:
            return InstanceError.CLASS, other
        if ious[near] * same[near] >= self.foreground:
            return InstanceError.DUPLICATE, near
        if ious.max() <= self.background:
            return InstanceError.BACKGROUND, None
        return InstanceError.BOTH, int(ious.argmax())


def _mask_ious(dets: list[DetectedInstance], truth: list[TruthInstance]) -> Fractions:
    if not dets or not truth:
        return np.zeros((len(dets), len(truth)))
    ious = coco_mask.iou([d.rle for d in dets], [t.rle for t in truth], [False] * len(truth))
    return np.asarray(ious, np.float64)


def _ap_of(points: list[tuple[float, bool]], positives: int) -> float:
    if positives == 0 or not points:
        return 0.0
    ranked = sorted(points, key=lambda point: -point[0])
    hits = np.array([[right for _, right in ranked]], bool)
    return float(precision_at_recalls(hits, np.ones_like(hits), positives).mean())
