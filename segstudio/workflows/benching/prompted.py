"""Prompts as something that a hand can do about a region: click after click on it, then the key that takes the mask."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from segstudio.core.geometry import Rect
from segstudio.core.progress import CancelToken
from segstudio.models.interactive.candidate import Candidate, checked
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.predictor import InteractivePredictor
from segstudio.models.interactive.prompt import Prompt
from segstudio.workflows.benching.clicker import Click, iou_of, next_click
from segstudio.workflows.benching.hand import Mask, Region, Score, Step, whole_regions
from segstudio.workflows.benching.subjects import NOT_COUNTED, Street

MOST_CLICKS = 6
TAKING = 1
"""The key that takes what is shown."""
_ENOUGH = 0.97


class Prompted:
    """Asks a segmenter about the connected regions of a scene's truth; remembers what it answered."""

    def __init__(self, street: Street, predictor: InteractivePredictor) -> None:
        self._street, self._predictor = street, predictor
        self._whole_hw, _ = whole_regions(street.index_hw)
        things_hw = self._whole_hw.astype(np.uint16) if predictor.capabilities.reads_truth else None
        frame = Frame(street.name, street.image_hwc, things_hw)
        self._embedding = predictor.encode(frame, cancel=CancelToken())
        self._answers: dict[int, list[tuple[Rect, Mask]]] = {}

    def steps(self, score: Score, region: Region) -> Iterator[Step]:
        """The mask after each click on the region of the truth that holds the error: over everything, or only over what
        most of the error is labelled as now (a paint mode, as for polygons).
        """
        number = self._number(region)
        answer_hw = score.answer_hw[region.rect.slices]
        wrong = answer_hw[region.mask_hw & (answer_hw != region.index)]
        usual = int(np.bincount(wrong, minlength=1).argmax())
        for clicks, (rect, mask_hw) in enumerate(self._asked(number), start=1):
            yield Step(rect, mask_hw, region.index, clicks + TAKING, "prompt")
            over_usual = mask_hw & (score.answer_hw[rect.slices] == usual)
            yield Step(rect, over_usual, region.index, clicks + TAKING, "prompt")

    def _number(self, region: Region) -> int:
        row, column = (int(place[0]) for place in np.nonzero(region.mask_hw))
        return int(self._whole_hw[region.rect.y0 + row, region.rect.x0 + column])

    def _asked(self, number: int) -> list[tuple[Rect, Mask]]:
        if number not in self._answers:
            self._answers[number] = list(self._clicked(number))
        return self._answers[number]

    def _clicked(self, number: int) -> Iterator[tuple[Rect, Mask]]:
        """What is shown after 1, 2, … clicks, each in the middle of what is most wrong by then."""
        wanted_hw, void_hw = self._whole_hw == number, self._street.index_hw == NOT_COUNTED
        answer_hw = np.zeros(wanted_hw.shape, np.bool_)
        clicks: list[Click] = []
        prompt, last = Prompt(), list[Candidate]()
        while len(clicks) < MOST_CLICKS and iou_of(wanted_hw, answer_hw, void_hw) < _ENOUGH:
            click = next_click(wanted_hw, answer_hw, void_hw=void_hw, before=clicks)
            if click is None:
                return
            clicks.append(click)
            prompt = prompt.with_point(click.column + 0.5, click.row + 0.5, positive=click.positive)
            asked = Prompt(prompt.points_xy, prompt.positive, previous_hw=last[0].logits_hw if last else None)
            found = checked(self._predictor.predict(self._embedding, asked, cancel=CancelToken()), where="it")
            last = found[:1]
            answer_hw = np.zeros(wanted_hw.shape, np.bool_)
            if found:
                rect, mask_hw = found[0].pixels(wanted_hw.shape)
                answer_hw[rect.slices] = mask_hw
                yield rect, mask_hw
            else:
                yield Rect(0, 0, 0, 0), np.zeros((0, 0), np.bool_)
