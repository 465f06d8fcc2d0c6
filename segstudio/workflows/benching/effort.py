"""How often a hand presses until images are labelled well: alone, with the forest, from a model, by prompts.

A press is a click of a polygon, a dab, a click on a superpixel or with the bucket, a prompt, or the key that accepts;
keys that change the class are counted beside them. All arms are perfect labellers who end at the same mean IoU (see
`hand.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.oracle import Oracle
from segstudio.models.interactive.prompt import Prompt
from segstudio.ops.superpixels import superpixels
from segstudio.workflows.benching.dabs import Dab, answer_of, first_dabs, next_dab, paint
from segstudio.workflows.benching.hand import Region, Score, Step, best_by_hand, hand_steps, middle_of, wrong_regions
from segstudio.workflows.benching.subjects import NOT_COUNTED, Street
from segstudio.workflows.forest import Forest
from segstudio.workflows.forest_session import NOTHING, ForestSession, thinned

TARGET = 0.90
CELLS = (8, 16)
"""Sides of the superpixels that the assisted hand clicks on."""
_PATIENCE = 6
"""It dabs on as long as so many dabs raised the mean IoU more than a correction by hand would have."""
_MOST_DABS = 80
_MOST_STEPS = 600
_SURE = 0.6
"""What is accepted: labels of which the forest is so certain; the rest stays unlabelled and is drawn up to."""
_KEPT_PATCHES = 1200


@dataclass(frozen=True, slots=True)
class Effort:
    """What one image took: presses of each kind, changes of the class, and the mean IoU that was reached.

    `single` are clicks that paint by themselves: on a superpixel, with the bucket, or a prompt.
    """

    name: str
    dabs: int
    accepts: int
    single: int
    vertices: int
    class_changes: int
    miou: float

    @property
    def presses(self) -> int:
        return self.dabs + self.accepts + self.single + self.vertices


@dataclass(frozen=True, slots=True)
class Arm:
    """All images by one way of labelling."""

    name: str
    images: tuple[Effort, ...]

    @property
    def presses(self) -> int:
        return sum(one.presses for one in self.images)

    @property
    def reached(self) -> int:
        """How many images came to the target."""
        return sum(one.miou >= TARGET for one in self.images)


def by_hand(street: Street) -> Effort:
    """Polygons and the bucket alone, from nothing."""
    score = Score(street.index_hw, _nothing(street))
    steps = list(_corrected(score, best_by_hand))
    return _effort(street.name, (), 0, steps, score.miou)


def from_prediction(street: Street, predicted_hw: NDArray[np.uint8]) -> Effort:
    """A prediction is accepted and corrected by polygons and superpixels."""
    score = Score(street.index_hw, predicted_hw)
    steps = list(_corrected(score, _best_assisted(street)))
    return _effort(street.name, (), 1, steps, score.miou)


def by_prompts(street: Street) -> Effort:
    """A point in each region, answered by the Oracle without noise: what the best segmenter could spare."""
    score = Score(street.index_hw, _nothing(street))
    oracle = Oracle()
    frame = Frame(street.name, street.image_hwc, score.whole_hw.astype(np.uint16))
    embedding = oracle.encode(frame, cancel=CancelToken())

    def choose(score: Score) -> Step | None:
        steps: list[Step] = []
        for region in wrong_regions(score):
            steps += hand_steps(score, region)
            x, y = middle_of(region)
            found = oracle.predict(embedding, Prompt().with_point(x, y, positive=True), cancel=CancelToken())
            for candidate in found[:1]:
                rect, mask_hw = candidate.pixels(frame.size_hw)
                steps.append(Step(rect, mask_hw, region.index, 1, score.gain(rect, mask_hw, region.index)))
        best = max(steps, key=lambda step: step.worth, default=None)
        return best if best is not None and best.gain > 0 else None

    steps = list(_corrected(score, choose))
    return _effort(street.name, (), 0, steps, score.miou)


class ForestLabeller:
    """Labels image after image; the forests of those that are done begin the next."""

    def __init__(self) -> None:
        self._forests: list[Forest] = []

    def label(self, street: Street) -> Effort:
        """Dab while dabs are worth it, accept, correct by superpixels and polygons, and learn from the result."""
        session = ForestSession(street.image_hwc, priors=self._forests)
        dabs = self._dab(street, session)
        score = Score(street.index_hw, answer_of(session, refine=True, sure=_SURE))
        steps = list(_corrected(score, _best_assisted(street)))
        self._learn(session, score.answer_hw)
        return _effort(street.name, dabs, 1, steps, score.miou)

    def _dab(self, street: Street, session: ForestSession) -> list[Dab]:
        dabs: list[Dab] = []
        if not self._forests:
            for dab in first_dabs(street.index_hw):
                paint(session, dab)
                dabs.append(dab)
        reached: list[float] = []
        while len(dabs) < _MOST_DABS:
            answer_hw = answer_of(session)
            score = Score(street.index_hw, answer_hw)
            reached.append(score.miou)
            if len(reached) > _PATIENCE:
                otherwise = _best_assisted(street)(score)
                lately = (reached[-1] - reached[-1 - _PATIENCE]) / _PATIENCE
                if reached[-1] >= TARGET or (otherwise is not None and otherwise.worth > lately):
                    break
            further = next_dab(street.index_hw, answer_hw, dabs, by_class=True)
            if further is None:
                break
            paint(session, further)
            dabs.append(further)
        return dabs

    def _learn(self, session: ForestSession, labels_hw: NDArray[np.uint8]) -> None:
        classes_hw = np.where(labels_hw == NOT_COUNTED, NOTHING, labels_hw.astype(np.int32)).astype(np.int32)
        patches, class_ids = session.patches.painted(session.patches.seen(classes_hw))
        chosen = thinned(class_ids, _KEPT_PATCHES)
        self._forests.append(Forest.fit(session.patches.features[patches[chosen]], class_ids[chosen]))


def compare_effort(
    streets: Sequence[Street],
    *,
    predict: Callable[[Street], NDArray[np.uint8]] | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> list[Arm]:
    """The arms over the same images in the same order; `predict` gives evaluation indices `[H, W]` of a model."""
    labeller = ForestLabeller()
    ways: list[tuple[str, Callable[[Street], Effort]]] = [("by hand", by_hand), ("forest", labeller.label)]
    if predict is not None:
        ways.append(("model", lambda street: from_prediction(street, predict(street))))
    ways.append(("prompts, Oracle", by_prompts))
    arms = []
    for number, (name, way) in enumerate(ways):
        efforts = []
        for place, street in enumerate(streets):
            if cancel is not None:
                cancel.raise_if_cancelled()
            progress(number * len(streets) + place, len(ways) * len(streets), f"effort: {name}, {street.name}")
            efforts.append(way(street))
        arms.append(Arm(name, tuple(efforts)))
    return arms


def _nothing(street: Street) -> NDArray[np.uint8]:
    return np.full(street.index_hw.shape, NOT_COUNTED, np.uint8)


def _corrected(score: Score, choose: Callable[[Score], Step | None]) -> Iterator[Step]:
    """Paint the best step until the target is reached or nothing helps any more."""
    for _ in range(_MOST_STEPS):
        if score.miou >= TARGET:
            return
        step = choose(score)
        if step is None:
            return
        score.paint(step.rect, step.mask_hw, step.index)
        yield step


def _best_assisted(street: Street) -> Callable[[Score], Step | None]:
    """The better of a polygon and of a click on a superpixel."""
    divided = [superpixels(street.image_hwc, cell=side) for side in CELLS]

    def choose(score: Score) -> Step | None:
        best: Step | None = None
        for region in wrong_regions(score):
            for step in (*hand_steps(score, region), *_cells(score, region, divided)):
                if step.gain > 0 and (best is None or step.worth > best.worth):
                    best = step
        return best

    return choose


def _cells(score: Score, region: Region, divided: Sequence[NDArray[np.int32]]) -> Iterator[Step]:
    """Clicks on the superpixels of which most of the error is made."""
    for cells_hw in divided:
        hit, counts = np.unique(cells_hw[region.rect.slices][region.mask_hw], return_counts=True)
        cell = int(hit[counts.argmax()])
        room = region.rect.grown(4 * max(CELLS)).intersect(Rect.of_size(*cells_hw.shape))
        inside = np.asarray(cells_hw[room.slices] == cell)
        box = Rect.of_mask(inside)
        rect, mask_hw = box.moved(room.x0, room.y0), inside[box.slices]
        yield Step(rect, mask_hw, region.index, 1, score.gain(rect, mask_hw, region.index))


def _effort(name: str, dabs: Sequence[Dab], accepts: int, steps: Sequence[Step], miou: float) -> Effort:
    order = [dab.index for dab in dabs] + [step.index for step in steps]
    changes = sum(one != other for one, other in zip(order, order[1:], strict=False))
    single = sum(step.presses == 1 for step in steps)
    vertices = sum(step.presses for step in steps if step.presses > 1)
    return Effort(name, len(dabs), accepts, single, vertices, changes, miou)
