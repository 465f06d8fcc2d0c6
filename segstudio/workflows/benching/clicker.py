"""An annotator made of arithmetic: clicks where the answer is most wrong, until it is right or the budget is spent.

Source: the clicker of Sofiiuk et al., RITM, ICIP 2022; off the middle as Antonov et al., RClicks, NeurIPS 2024, found
people to click.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect

Mask = NDArray[np.bool_]

JITTER = 0.4
"""An inexact click lies at least this share of the largest distance away from the border of the error."""
BUDGET = 20


@dataclass(frozen=True, slots=True)
class Click:
    """A pixel, and whether it belongs to the object."""

    column: int
    row: int
    positive: bool


def distance_inside(mask_hw: NDArray[Any]) -> NDArray[np.float32]:
    """Exact Euclidean distance of each pixel of the mask to the nearest pixel outside, float32 `[H, W]`.

    What lies beyond the image counts as outside.
    """
    depth = np.zeros(mask_hw.shape, np.float32)
    box = Rect.of_mask(mask_hw)  # outside of it nothing can be nearer than its own border
    if not box.is_empty:
        padded = np.pad(mask_hw[box.slices].astype(np.uint8), 1)
        depth[box.slices] = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return depth


def next_click(
    truth_hw: Mask,
    answer_hw: Mask,
    *,
    void_hw: Mask | None = None,
    before: Sequence[Click] = (),
    chance: np.random.Generator | None = None,
) -> Click | None:
    """Where the clicker points next: the middle of the largest error; None where nothing is wrong.

    All masks are bool `[H, W]`; pixels of `void_hw` and those that were clicked `before` are never clicked. With
    `chance`, a random pixel among those that lie at least `JITTER` of the largest distance inside the error.
    """
    counted = np.ones(truth_hw.shape, np.bool_) if void_hw is None else ~void_hw
    missed = distance_inside(truth_hw & ~answer_hw & counted)
    extra = distance_inside(answer_hw & ~truth_hw & counted)
    for click in before:
        missed[click.row, click.column] = extra[click.row, click.column] = 0
    positive = bool(missed.max(initial=0) > extra.max(initial=0))
    depth = missed if positive else extra
    deepest = float(depth.max(initial=0))
    if deepest == 0:
        return None
    near = depth >= JITTER * deepest
    place = int(depth.argmax()) if chance is None else int(chance.choice(np.flatnonzero(near)))
    row, column = divmod(place, truth_hw.shape[1])
    return Click(column, row, positive)


def iou_of(truth_hw: Mask, answer_hw: Mask, void_hw: Mask | None = None) -> float:
    """IoU of two masks outside of `void_hw`; 1 where both are empty."""
    counted = True if void_hw is None else ~void_hw
    union = int(((truth_hw | answer_hw) & counted).sum())
    return int((truth_hw & answer_hw & counted).sum()) / union if union else 1.0


def click_through(
    answer: Callable[[Sequence[Click]], Mask],
    truth_hw: Mask,
    *,
    void_hw: Mask | None = None,
    budget: int = BUDGET,
    stop_at: float = 1.0,
    chance: np.random.Generator | None = None,
) -> list[float]:
    """The IoU after each click; ends early where `stop_at` is reached or nothing is wrong any more.

    `answer(clicks)` gives a bool mask of the truth's size for all clicks so far.
    """
    answer_hw = np.zeros(truth_hw.shape, np.bool_)
    clicks: list[Click] = []
    ious: list[float] = []
    while len(clicks) < budget:
        click = next_click(truth_hw, answer_hw, void_hw=void_hw, before=clicks, chance=chance)
        if click is None:
            break
        clicks.append(click)
        answer_hw = answer(clicks)
        ious.append(iou_of(truth_hw, answer_hw, void_hw))
        if ious[-1] >= stop_at:
            break
    return ious


def held(ious: Sequence[float], clicks: int) -> float:
    """The IoU after so many clicks of a run that may have ended before: then it stays; 0 before the first click."""
    return ious[min(clicks, len(ious)) - 1] if ious and clicks > 0 else 0.0
