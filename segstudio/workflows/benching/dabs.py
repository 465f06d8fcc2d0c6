"""An annotator who dabs: one dab for each class, then always on the largest error; how good the forest is by then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.metrics import ConfusionMatrix
from segstudio.workflows.benching.clicker import distance_inside
from segstudio.workflows.benching.subjects import NOT_COUNTED, Street
from segstudio.workflows.forest import Forest
from segstudio.workflows.forest_session import ForestSession

DAB_RADIUS = 6.0
MARKS = (10, 20, 40, 60)
"""After how many dabs in all, those that began included, the answer is judged."""

Indices = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Dab:
    """The middle of a pixel, the class (evaluation index) it was dabbed with, and how large the tip was."""

    column: int
    row: int
    index: int
    radius: float


def first_dabs(truth_hw: Indices) -> Iterator[Dab]:
    """One dab for each class, in the middle of its widest part; the class that covers most comes first."""
    sizes = np.bincount(truth_hw.ravel(), minlength=256)
    sizes[NOT_COUNTED] = 0
    for index in np.argsort(-sizes, kind="stable")[: int((sizes > 0).sum())].tolist():
        depth = distance_inside(truth_hw == index)
        yield _dab(depth, index)


def next_dab(truth_hw: Indices, answer_hw: Indices, before: Sequence[Dab], *, by_class: bool = False) -> Dab | None:
    """A dab in the middle of the largest connected error of one class; None where nothing is wrong.

    `by_class` takes the error that is the largest part of its class: it moves the mean IoU, not the pixel count.
    """
    wrong = (truth_hw != answer_hw) & (truth_hw != NOT_COUNTED)
    best: tuple[float, int] | None = None
    best_parts = None
    for index in np.unique(truth_hw[wrong]).tolist():
        part = (wrong & (truth_hw == index)).astype(np.uint8)
        for dab in before:
            part[dab.row, dab.column] = 0
        count, parts_hw, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=4)
        if count > 1:
            place = int(stats[1:, cv2.CC_STAT_AREA].argmax()) + 1
            size = float(stats[place, cv2.CC_STAT_AREA])
            if by_class:
                size /= int((truth_hw == index).sum())
            if best is None or size > best[0]:
                best, best_parts = (size, index), parts_hw == place
    if best is None or best_parts is None:
        return None
    return _dab(distance_inside(best_parts), best[1])


def _dab(depth: NDArray[np.float32], index: int) -> Dab:
    place = int(depth.argmax())
    row, column = divmod(place, depth.shape[1])
    # A person takes a tip that fits: the dab stays inside of what it means.
    return Dab(column, row, index, max(0.5, min(DAB_RADIUS, float(depth[row, column]) - 0.5)))


def paint(session: ForestSession, dab: Dab) -> None:
    """Put the dab into the forest's picture."""
    session.paint(np.array([[dab.column + 0.5, dab.row + 0.5]]), dab.index, radius=dab.radius)


def answer_of(session: ForestSession, *, refine: bool = False, sure: float = 0.0) -> Indices:
    """The forest's labels as evaluation indices; 255 where it knows nothing or is less certain than `sure` (0…1)."""
    labels_hw, confidence_hw = session.predict(refine=refine)
    unknown = (labels_hw < 0) | (labels_hw > NOT_COUNTED) | (confidence_hw < 255 * sure)
    return np.asarray(np.where(unknown, NOT_COUNTED, labels_hw), np.uint8)


@dataclass(frozen=True, slots=True)
class DabScores:
    """Share of right pixels and mean IoU (classes of the picture) after each of `MARKS`, and the dabs that began."""

    name: str
    began_with: int
    accuracy: tuple[float, ...]
    miou: tuple[float, ...]


def dab_through(
    street: Street, *, marks: Sequence[int] = MARKS, refine: bool = False, priors: Sequence[Forest] = ()
) -> tuple[DabScores, ForestSession]:
    """Dab until the last mark; the scores, and the session as it was left."""
    session = ForestSession(street.image_hwc, priors=priors)
    begins = list(first_dabs(street.index_hw))
    dabs: list[Dab] = []
    scores: dict[int, tuple[float, float]] = {}
    while len(dabs) < max(marks):
        # Before each class has its dab, the answer is looked at only where a mark asks for it.
        answer_hw = answer_of(session, refine=refine) if len(dabs) >= len(begins) else None
        if answer_hw is None:
            dab: Dab | None = begins[len(dabs)]
        else:
            dab = next_dab(street.index_hw, answer_hw, dabs)
        if dab is None:
            break
        paint(session, dab)
        dabs.append(dab)
        if len(dabs) in marks:
            scores[len(dabs)] = score_of(street.index_hw, answer_of(session, refine=refine))
    last = score_of(street.index_hw, answer_of(session, refine=refine))
    at = [scores.get(mark, last) for mark in marks]
    return DabScores(street.name, len(begins), tuple(a for a, _ in at), tuple(m for _, m in at)), session


def score_of(truth_hw: Indices, answer_hw: Indices) -> tuple[float, float]:
    """(share of right pixels, mean IoU over the classes that the truth has); unknown pixels are wrong."""
    matrix = ConfusionMatrix(NOT_COUNTED)
    counted = truth_hw != NOT_COUNTED
    unknown = NOT_COUNTED - 1
    answered = np.where(answer_hw == NOT_COUNTED, unknown, answer_hw)
    matrix.add(truth_hw, answered)
    present = np.unique(truth_hw[counted])
    right = float((truth_hw == answer_hw)[counted].mean()) if counted.any() else 1.0
    return right, float(np.nanmean(matrix.iou()[present])) if present.size else 1.0
