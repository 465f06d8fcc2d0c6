"""A labeller without assistance: polygons and the bucket, where they raise the mean IoU most for their clicks.

What it is spared makes it a strict comparison: it knows the truth, never errs in a click, and always picks the best
region, the best detail and the best order. The assisted labeller corrects with the same hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Connected pixels of class `index`: a part of the truth, or an error in it."""

    rect: Rect
    mask_hw: Mask
    index: int
    pixels: int


class Score:
    """Intersections and unions of one picture's classes, moved by differences; classes of the truth only.

    `whole_hw` int32 `[H, W]` numbers the connected regions of the truth, `wholes` says where each lies.
    """

    def __init__(self, truth_hw: Indices, answer_hw: Indices) -> None:
        self.truth_hw, self.answer_hw = truth_hw, answer_hw.copy()
        self.whole_hw, self.wholes = _whole_regions(truth_hw)
        self._errors: dict[int, list[Region]] = {}
        counted = truth_hw != NOT_COUNTED
        pairs = truth_hw[counted].astype(np.int64) * 256 + answer_hw[counted]
        matrix = np.bincount(pairs, minlength=256 * 256).reshape(256, 256)
        self.present = np.unique(truth_hw[counted])
        self.right, self.truths, self.answers = np.diag(matrix).copy(), matrix.sum(axis=1), matrix.sum(axis=0)

    @property
    def miou(self) -> float:
        return _miou(self.right, self.truths, self.answers, self.present)

    def gain(self, rect: Rect, mask_hw: Mask, index: int) -> float:
        """By how much the mean IoU would rise if the mask of `rect` became class `index`."""
        return _miou(*self._after(rect, mask_hw, index), self.present) - self.miou

    def paint(self, rect: Rect, mask_hw: Mask, index: int) -> None:
        """Let the mask of `rect` become class `index`."""
        self.right, self.truths, self.answers = self._after(rect, mask_hw, index)
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

    def _after(self, rect: Rect, mask_hw: Mask, index: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        truth, answer = self.truth_hw[rect.slices][mask_hw], self.answer_hw[rect.slices][mask_hw]
        changed = (truth != NOT_COUNTED) & (answer != index)
        truth, answer = truth[changed], answer[changed]
        answers = self.answers - np.bincount(answer, minlength=256)
        answers[index] += len(answer)
        right = self.right - np.bincount(answer[answer == truth], minlength=256)
        right[index] += int((truth == index).sum())
        return right, self.truths, answers


def _whole_regions(truth_hw: Indices) -> tuple[NDArray[np.int32], list[Rect]]:
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
    """Something that the hand can do: the pixels that change, to which class, at how many presses, for what gain."""

    rect: Rect
    mask_hw: Mask
    index: int
    presses: int
    gain: float

    @property
    def worth(self) -> float:
        return self.gain / self.presses


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
            yield Step(region.rect, mask_hw, region.index, clicks, score.gain(region.rect, mask_hw, region.index))


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
    return Step(rect, mask_hw, region.index, 1, score.gain(rect, mask_hw, region.index))


def hand_steps(score: Score, region: Region) -> Iterator[Step]:
    """All that a hand without assistance can do about a region."""
    yield from polygons(score, region)
    bucket = fill(score, region)
    if bucket is not None:
        yield bucket


def best_by_hand(score: Score) -> Step | None:
    """The step with the highest gain per press; None where none gains anything."""
    steps = [step for region in wrong_regions(score) for step in hand_steps(score, region)]
    best = max(steps, key=lambda step: step.worth, default=None)
    return best if best is not None and best.gain > 0 else None
