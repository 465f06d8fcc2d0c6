"""A labeller without assistance: polygons and the bucket, where they raise the mean IoU most for their clicks.

What it is spared makes it a strict comparison: it knows the truth, never errs in a click, and plans with what comes
(see `planning.py`). The assisted labeller corrects with the same hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import EMPTY, Rect
from segstudio.ops.fill import flood
from segstudio.workflows.benching.clicker import distance_inside
from segstudio.workflows.benching.subjects import NOT_COUNTED

Indices = NDArray[np.uint8]
Mask = NDArray[np.bool_]

DETAILS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""How far, in pixels, the outlines that it tries may stray from the region (Douglas-Peucker)."""
LOOKED_AT = 16
"""How many regions it compares before each polygon: those from which the mean IoU has most to gain."""
LEAST_PIXELS = 6
CLOSING = 1
"""A polygon takes one press more than it has corners: the second of the double click, or the key, that closes it."""

Kind = Literal["polygon", "single", "prompt"]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Connected pixels of class `index`: a part of the truth, or an error in it."""

    rect: Rect
    mask_hw: Mask
    index: int
    pixels: int


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """By how much intersections and answered pixels of each class change, int64 `[256]` each."""

    right: NDArray[Any]
    answers: NDArray[Any]


class Score:
    """Intersections and unions of one picture's classes, moved by differences; classes of the truth only.

    `painted` are the rectangles that changed, in their order. `whole_hw` int32 `[H, W]` numbers the connected regions
    of the truth, `wholes` says where each lies.
    """

    def __init__(self, truth_hw: Indices, answer_hw: Indices) -> None:
        self.truth_hw, self.answer_hw = truth_hw, answer_hw.copy()
        self.whole_hw, self.wholes = whole_regions(truth_hw)
        self.painted: list[Rect] = []
        self._errors: dict[int, list[Region]] = {}
        counted = truth_hw != NOT_COUNTED
        pairs = truth_hw[counted].astype(np.int64) * 256 + answer_hw[counted]
        matrix = np.bincount(pairs, minlength=256 * 256).reshape(256, 256)
        self.present = np.unique(truth_hw[counted])
        self.right, self.truths, self.answers = np.diag(matrix).copy(), matrix.sum(axis=1), matrix.sum(axis=0)

    @property
    def miou(self) -> float:
        return _miou(self.right, self.truths, self.answers, self.present)

    def change(self, rect: Rect, mask_hw: Mask, index: int) -> Change:
        """What it would do to the counts if the mask of `rect` became class `index`."""
        truth, answer = self.truth_hw[rect.slices][mask_hw], self.answer_hw[rect.slices][mask_hw]
        changed = (truth != NOT_COUNTED) & (answer != index)
        truth, answer = truth[changed], answer[changed]
        answers = -np.bincount(answer, minlength=256)
        answers[index] += len(answer)
        right = -np.bincount(answer[answer == truth], minlength=256)
        right[index] += int((truth == index).sum())
        return Change(right, answers)

    def gain(self, change: Change) -> float:
        """By how much the mean IoU would rise."""
        return _miou(self.right + change.right, self.truths, self.answers + change.answers, self.present) - self.miou

    def paint(self, rect: Rect, mask_hw: Mask, index: int) -> None:
        """Let the mask of `rect` become class `index`."""
        change = self.change(rect, mask_hw, index)
        self.right, self.answers = self.right + change.right, self.answers + change.answers
        self.painted.append(rect)
        for touched in np.unique(self.truth_hw[rect.slices][mask_hw]).tolist():
            self._errors.pop(touched, None)
        self.answer_hw[rect.slices][mask_hw] = index

    def errors(self, index: int) -> list[Region]:
        """The largest connected pixels of class `index` that are labelled otherwise or not at all."""
        if index not in self._errors:
            wrong = ((self.truth_hw == index) & (self.answer_hw != index)).astype(np.uint8)
            _, parts_hw, stats, _ = cv2.connectedComponentsWithStats(wrong, connectivity=8)
            found = []
            for place in (np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[: LOOKED_AT // 2] + 1).tolist():
                x, y, width, height, pixels = stats[place].tolist()
                if pixels >= LEAST_PIXELS:
                    rect = Rect(x, y, x + width, y + height)
                    found.append(Region(rect, np.asarray(parts_hw[rect.slices] == place), index, pixels))
            self._errors[index] = found
        return self._errors[index]


def whole_regions(truth_hw: Indices) -> tuple[NDArray[np.int32], list[Rect]]:
    """Numbers 1 … of the connected regions of the truth, int32 `[H, W]`, and the rectangle of each, from number 0."""
    whole_hw, rects = np.zeros(truth_hw.shape, np.int32), [EMPTY]
    for index in np.unique(truth_hw[truth_hw != NOT_COUNTED]).tolist():
        inside = (truth_hw == index).astype(np.uint8)
        count, parts_hw, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
        np.copyto(whole_hw, parts_hw + (len(rects) - 1), where=parts_hw > 0)
        rects += [Rect(x, y, x + width, y + height) for x, y, width, height, _ in stats[1:count].tolist()]
    return whole_hw, rects


def _miou(right: NDArray[Any], truths: NDArray[Any], answers: NDArray[Any], present: Indices) -> float:
    inside = right[present]
    return float((inside / np.maximum(truths[present] + answers[present] - inside, 1)).mean()) if len(present) else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Something that the hand can do: the pixels that change, to which class, at how many presses of which kind."""

    rect: Rect
    mask_hw: Mask
    index: int
    presses: int
    kind: Kind


def wrong_regions(score: Score, *, most: int = LOOKED_AT) -> list[Region]:
    """Errors from which the mean IoU has most to gain, the largest by their share of their class, and the regions of
    the truth in which they lie: often it takes fewer clicks to draw a thing anew than to mend it.
    """
    found = [
        (region.pixels / float(score.truths[i]), region) for i in score.present.tolist() for region in score.errors(i)
    ]
    found.sort(key=lambda one: -one[0])
    errors = [region for _, region in found[:most]]
    wholes: dict[int, Region] = {}
    for error in errors:
        row, column = (int(place[0]) for place in np.nonzero(error.mask_hw))
        number = int(score.whole_hw[error.rect.y0 + row, error.rect.x0 + column])
        rect = score.wholes[number]
        if number not in wholes and rect != error.rect:
            inside = np.asarray(score.whole_hw[rect.slices] == number)
            wholes[number] = Region(rect, inside, error.index, int(inside.sum()))
    return errors + list(wholes.values())


def polygons(score: Score, region: Region) -> Iterator[Step]:
    """The outlines of a region in several details, over everything or only over what most of it is labelled as now.

    The latter is the paint mode “only unlabelled” or “only over a class”, which spares drawing along good borders.
    """
    outlines, _ = cv2.findContours(region.mask_hw.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    answer_hw = score.answer_hw[region.rect.slices]
    wrong = answer_hw[region.mask_hw & (answer_hw != region.index)]
    usual = answer_hw == np.bincount(wrong, minlength=1).argmax()
    tried: set[int] = set()
    for detail in DETAILS:
        ring = cv2.approxPolyDP(outline, detail, True)
        clicks = len(ring)
        if clicks < 3 or clicks in tried:
            continue
        tried.add(clicks)
        filled = np.zeros(region.mask_hw.shape, np.uint8)
        cv2.fillPoly(filled, [ring], (1,))
        inside = filled.astype(np.bool_)
        for mask_hw in (inside, inside & usual):
            yield Step(region.rect, mask_hw, region.index, clicks + CLOSING, "polygon")


def middle_of(region: Region) -> tuple[float, float]:
    """(x, y), the middle of the pixel that lies deepest in the region."""
    depth = distance_inside(region.mask_hw)
    row, column = (int(place) for place in np.unravel_index(int(depth.argmax()), depth.shape))
    return region.rect.x0 + column + 0.5, region.rect.y0 + row + 0.5


def fill(score: Score, region: Region) -> Step | None:
    """A click with the bucket on what the region's middle is labelled as: all that hangs together changes its class."""
    seed_xy = middle_of(region)
    rect, mask_hw = flood(score.answer_hw, seed_xy)
    if score.answer_hw[int(seed_xy[1]), int(seed_xy[0])] == region.index:
        return None
    return Step(rect, mask_hw, region.index, 1, "single")


def hand_steps(score: Score, region: Region) -> Iterator[Step]:
    """All that a hand without assistance can do about a region."""
    yield from polygons(score, region)
    bucket = fill(score, region)
    if bucket is not None:
        yield bucket
