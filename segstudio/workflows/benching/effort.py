"""How often a hand presses until images are labelled well: alone, with the forest, from a model, by prompts.

A press is a click of a polygon and the one that closes it, a dab, a click on a superpixel or with the bucket, a click
that asks a segmenter, or the key that takes an answer; keys that change the class are counted beside them. All arms are
perfect labellers who end at the same mean IoU, draw with the same hand (`hand.py`) and plan alike (`planning.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.interactive.oracle import Oracle
from segstudio.models.interactive.predictor import InteractivePredictor
from segstudio.ops.superpixels import superpixels
from segstudio.workflows.benching.dabs import Dab, answer_of, first_dabs, next_dab, paint
from segstudio.workflows.benching.hand import Region, Score, Step, hand_steps
from segstudio.workflows.benching.planning import TARGET, Offer, carried_out, cheapest
from segstudio.workflows.benching.prompted import TAKING, Prompted
from segstudio.workflows.benching.subjects import NOT_COUNTED, Street
from segstudio.workflows.forest import Forest
from segstudio.workflows.forest_session import NOTHING, ForestSession, thinned

CELLS = (8, 16)
"""Sides of the superpixels that the assisted hand clicks on."""
_LOOKED = 4
"""After so many dabs each, it looks what is left to do."""
_MOST_DABS = 80
_SURE = 0.6
"""What is accepted: labels of which the forest is so certain; the rest stays unlabelled and is drawn up to."""
_KEPT_PATCHES = 1200
_DAB_PRICE = 0.002
"""Mean IoU that a dab must bring where the labeller has no price."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What one image took: presses of each kind, changes of the class, and the mean IoU that was reached.

    `single` are clicks that paint by themselves (a superpixel, the bucket), `prompts` clicks that ask a segmenter;
    `accepts` take a prediction, the forest's labels or a segmenter's mask.
    """

    name: str
    dabs: int
    accepts: int
    single: int
    prompts: int
    vertices: int
    class_changes: int
    miou: float

    @property
    def presses(self) -> int:
        return self.dabs + self.accepts + self.single + self.prompts + self.vertices


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


Labelled = tuple[Effort, NDArray[np.uint8]]
"""What it took, and the labels at the end."""


def by_hand(street: Street) -> Effort:
    """Polygons and the bucket alone, from nothing."""
    return _labelled(street, _nothing(street), [hand_steps])


def from_prediction(
    street: Street, predicted_hw: NDArray[np.uint8], segmenter: InteractivePredictor | None = None
) -> Effort:
    """A prediction is accepted and corrected by polygons and superpixels, and by prompts where there is a segmenter."""
    return _labelled(street, predicted_hw, _assisted(street, segmenter), accepts=1)


def by_prompts(street: Street, segmenter: InteractivePredictor) -> Effort:
    """From nothing, by prompts, polygons and superpixels, whatever is worth most."""
    return _labelled(street, _nothing(street), _assisted(street, segmenter))


class ForestLabeller:
    """Labels image after image; the forests of those that are done begin the next. May have a segmenter to correct."""

    def __init__(self, segmenter: InteractivePredictor | None = None) -> None:
        self._forests: list[Forest] = []
        self._segmenter = segmenter

    def label(self, street: Street) -> Effort:
        """Dab while dabs are worth it, accept, correct by whatever is worth most, and learn from the result."""
        session = ForestSession(street.image_hwc, priors=self._forests)
        looks = list(self._dabbed(street, session))
        offers = _assisted(street, self._segmenter)

        def run(price: float | None) -> Labelled:
            look = _enough(looks, price)
            return _corrected(street, look.answer_hw, offers, price, dabs=look.dabs, accepts=1)

        effort, labels_hw = cheapest(run, _cost)
        self._learn(session, labels_hw)
        return effort

    def _dabbed(self, street: Street, session: ForestSession) -> Iterator[_Look]:
        """What the forest says after every few dabs, until the target is reached or dabs bring nothing."""
        dabs: list[Dab] = []
        if not self._forests:
            for dab in first_dabs(street.index_hw):
                paint(session, dab)
                dabs.append(dab)
        while True:
            answer_hw = answer_of(session)
            accepted_hw = answer_of(session, refine=True, sure=_SURE)
            look = _Look(tuple(dabs), Score(street.index_hw, answer_hw).miou, accepted_hw)
            yield look
            if look.miou >= TARGET or len(dabs) >= _MOST_DABS:
                return
            for _ in range(_LOOKED):
                further = next_dab(street.index_hw, answer_hw, dabs, by_class=True)
                if further is None:
                    return
                paint(session, further)
                dabs.append(further)
                answer_hw = answer_of(session)

    def _learn(self, session: ForestSession, labels_hw: NDArray[np.uint8]) -> None:
        classes_hw = np.where(labels_hw == NOT_COUNTED, NOTHING, labels_hw.astype(np.int32)).astype(np.int32)
        patches, class_ids = session.patches.painted(session.patches.seen(classes_hw))
        chosen = thinned(class_ids, _KEPT_PATCHES)
        self._forests.append(Forest.fit(session.patches.features[patches[chosen]], class_ids[chosen]))


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """After these dabs the forest was so good; what would be accepted of it."""

    dabs: tuple[Dab, ...]
    miou: float
    answer_hw: NDArray[np.uint8]


def _enough(looks: Sequence[_Look], price: float | None) -> _Look:
    """The first look after which the next dabs did not bring their price; of the last ones, for want of a price."""
    least = _DAB_PRICE if price is None else price
    for look, later in zip(looks, looks[1:], strict=False):
        if later.miou - look.miou < least * (len(later.dabs) - len(look.dabs)):
            return look
    return looks[-1]


def compare_effort(
    streets: Sequence[Street],
    *,
    predict: Callable[[Street], NDArray[np.uint8]] | None = None,
    segmenters: Mapping[str, InteractivePredictor] | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> list[Arm]:
    """The arms over the same images in the same order, by hand first.

    `predict` gives evaluation indices `[H, W]` of a model; each of `segmenters` by name, the Oracle among them as the
    ceiling, is prompted from nothing, and from the prediction where there is one.
    """
    asked: dict[str, InteractivePredictor] = {**(segmenters or {}), "Oracle": Oracle()}
    ways: list[tuple[str, Callable[[Street], Effort]]] = [("by hand", by_hand), ("forest", ForestLabeller().label)]
    if predict is not None:
        ways.append(("model", partial(_predicted, predict=predict)))
    for title, segmenter in asked.items():
        ways.append((f"prompts, {title}", partial(by_prompts, segmenter=segmenter)))
        if predict is not None and title != "Oracle":
            ways.append((f"model and prompts, {title}", partial(_predicted, predict=predict, segmenter=segmenter)))
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


def _predicted(
    street: Street, *, predict: Callable[[Street], NDArray[np.uint8]], segmenter: InteractivePredictor | None = None
) -> Effort:
    return from_prediction(street, predict(street), segmenter)


def _nothing(street: Street) -> NDArray[np.uint8]:
    return np.full(street.index_hw.shape, NOT_COUNTED, np.uint8)


def _cost(labelled: Labelled) -> tuple[bool, int]:
    effort, _ = labelled
    return effort.miou < TARGET, effort.presses


def _labelled(street: Street, begin_hw: NDArray[np.uint8], offers: Sequence[Offer], *, accepts: int = 0) -> Effort:
    """From labels to the target, at the price that takes fewest presses."""
    return cheapest(lambda price: _corrected(street, begin_hw, offers, price, accepts=accepts), _cost)[0]


def _corrected(
    street: Street,
    begin_hw: NDArray[np.uint8],
    offers: Sequence[Offer],
    price: float | None,
    *,
    dabs: Sequence[Dab] = (),
    accepts: int = 0,
) -> Labelled:
    """From labels to the target at one price: what it took with what was before, and the labels."""
    score = Score(street.index_hw, begin_hw)
    steps = list(carried_out(score, offers, price))
    order = [dab.index for dab in dabs] + [step.index for step in steps]
    changes = sum(one != other for one, other in zip(order, order[1:], strict=False))

    def presses(kind: str) -> int:
        return sum(step.presses for step in steps if step.kind == kind)

    taken = TAKING * sum(step.kind == "prompt" for step in steps)
    effort = Effort(
        street.name,
        len(dabs),
        accepts + taken,
        presses("single"),
        presses("prompt") - taken,
        presses("polygon"),
        changes,
        score.miou,
    )
    return effort, score.answer_hw


def _assisted(street: Street, segmenter: InteractivePredictor | None = None) -> list[Offer]:
    """Polygons, the bucket, superpixels, and prompts where there is a segmenter."""
    divided = [superpixels(street.image_hwc, cell=side) for side in CELLS]
    offers: list[Offer] = [hand_steps, lambda score, region: _cells(region, divided)]
    if segmenter is not None:
        offers.append(Prompted(street, segmenter).steps)
    return offers


def _cells(region: Region, divided: Sequence[NDArray[np.int32]]) -> Iterator[Step]:
    """Clicks on the superpixels of which most of the error is made."""
    for cells_hw in divided:
        hit, counts = np.unique(cells_hw[region.rect.slices][region.mask_hw], return_counts=True)
        cell = int(hit[counts.argmax()])
        room = region.rect.grown(4 * max(CELLS)).intersect(Rect.of_size(*cells_hw.shape))
        inside = np.asarray(cells_hw[room.slices] == cell)
        box = Rect.of_mask(inside)
        yield Step(box.moved(room.x0, room.y0), inside[box.slices], region.index, 1, "single")
