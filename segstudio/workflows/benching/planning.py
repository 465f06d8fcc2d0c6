"""What to do next, and how finely: the plan of the simulated labellers, the same for every way of labelling.

A labeller does what gains most for its presses, at a price: a press must bring so much mean IoU. A high price draws
coarsely and mends later, a low one draws finely at once. Which price takes fewest presses in the end depends on the
picture; the simulated labeller tries several and takes the best, as nobody could, by hand and with assistance alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from segstudio.core.geometry import Rect
from segstudio.workflows.benching.hand import Change, Region, Score, Step, wrong_regions

TARGET = 0.90
PRICES = (0.0005, 0.001, 0.003, None)
"""Mean IoU that a press must bring; None goes by the gain for each press alone."""
_MOST_STEPS = 400

Told = TypeVar("Told")
_Key = tuple[Rect, int, int]
Offer = Callable[[Score, Region], Iterable[Step]]
"""What can be done about a region."""


@dataclass(frozen=True, slots=True, eq=False)
class _Offered:
    """The steps for a region and what each would change, as it was after so many strokes."""

    strokes: int
    steps: tuple[tuple[Step, Change], ...]


class Planner:
    """Looks for the best step; remembers what can be done about a region until something near it changes."""

    def __init__(self, score: Score, offers: Sequence[Offer], price: float | None) -> None:
        self._score, self._offers, self._price = score, offers, price
        self._known: dict[_Key, _Offered] = {}

    def best(self) -> tuple[Step, float] | None:
        """The best step and its gain; None where nothing gains anything.

        At a price, the step that leaves most after paying for its presses; where none does, and without a price, the
        one with the highest gain per press.
        """
        worth: tuple[float, Step, float] | None = None
        profit: tuple[float, Step, float] | None = None
        for steps in self._all_offered():
            for step, change in steps:
                gain = self._score.gain(change)
                if gain <= 0:
                    continue
                if worth is None or gain / step.presses > worth[0]:
                    worth = gain / step.presses, step, gain
                left = 0.0 if self._price is None else gain - self._price * step.presses
                if left > 0 and (profit is None or left > profit[0]):
                    profit = left, step, gain
        chosen = profit or worth
        return None if chosen is None else chosen[1:]

    def _all_offered(self) -> list[tuple[tuple[Step, Change], ...]]:
        known: dict[_Key, _Offered] = {}
        for region in wrong_regions(self._score):
            key = (region.rect, region.index, region.pixels)
            known[key] = self._offered(region, self._known.get(key))
        self._known = known
        return [offered.steps for offered in known.values()]

    def _offered(self, region: Region, before: _Offered | None) -> _Offered:
        painted = self._score.painted
        if before is not None:
            places = [region.rect, *(step.rect for step, _ in before.steps)]
            if all(place.intersect(new).is_empty for new in painted[before.strokes :] for place in places):
                return _Offered(len(painted), before.steps)
        steps = [step for offer in self._offers for step in offer(self._score, region)]
        changes = [(step, self._score.change(step.rect, step.mask_hw, step.index)) for step in steps]
        return _Offered(len(painted), tuple(changes))


def carried_out(score: Score, offers: Sequence[Offer], price: float | None) -> Iterator[Step]:
    """Paint the best step until the target is reached or nothing helps any more."""
    planner = Planner(score, offers, price)
    for _ in range(_MOST_STEPS):
        if score.miou >= TARGET:
            return
        found = planner.best()
        if found is None:
            return
        step, _ = found
        score.paint(step.rect, step.mask_hw, step.index)
        yield step


def cheapest(run: Callable[[float | None], Told], cost: Callable[[Told], tuple[bool, int]]) -> Told:
    """What `run` gives at the price at which it costs least; `cost` is (did not reach the target, presses)."""
    return min((run(price) for price in PRICES), key=cost)
