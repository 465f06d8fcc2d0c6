"""One thing of a picture with the clicks that a person may have made on it, as the network is shown it to learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from .lesson_pictures import NOWHERE, Picture
from .planes import Said, Window

_LEAST_WINDOW = 24
_TRIES = 20
JITTER = 0.4
"""A click of chance lies at least this share of the largest distance away from the border of what it is in."""


@dataclass(eq=False)
class Lesson:
    """A square uint8 `[S, S, 3]`, what is to be found bool `[S, S]`, pixels that teach nothing, and what was said."""

    colours_hwc: NDArray[np.uint8]
    mask_hw: NDArray[np.bool_]
    unknown_hw: NDArray[np.bool_]
    points: list[tuple[float, float]] = field(default_factory=list)
    signs: list[bool] = field(default_factory=list)
    before_hw: NDArray[np.float32] | None = None

    def said(self) -> Said:
        points_xy = np.array(self.points, np.float64).reshape(-1, 2)
        return Said(self.colours_hwc, points_xy, np.array(self.signs, np.bool_), self.before_hw)

    def click(self, answer_hw: NDArray[np.bool_], chance: np.random.Generator) -> None:
        """Click into the largest error of an answer, in its middle or close by; nothing where there is none."""
        missed = depth_of(self.mask_hw & ~answer_hw & ~self.unknown_hw)
        extra = depth_of(answer_hw & ~self.mask_hw & ~self.unknown_hw)
        positive = bool(missed.max() >= extra.max())
        depth = missed if positive else extra
        if depth.max() > 0:
            self._click_in(depth, positive, chance)

    def begin(self, chance: np.random.Generator) -> None:
        """What a person says first: a click, several, a box, or corrections to a mask that is there."""
        way = chance.random()
        if way < 0.12:
            self.before_hw = _boxed(self.mask_hw, chance)
            if chance.random() < 0.5:
                return
        elif way < 0.22:
            self.before_hw = _spoilt(self.mask_hw, chance)
            self.click(self.before_hw > 0.5, chance)
            return
        self._click_in(depth_of(self.mask_hw), True, chance)
        if chance.random() < 0.15:
            outside = depth_of(~self.mask_hw & ~self.unknown_hw)
            for _ in range(int(chance.integers(0, 3))):
                if outside.max() > 0:
                    self._click_in(outside, False, chance)
            for _ in range(int(chance.integers(0, 3))):
                self._click_in(depth_of(self.mask_hw), True, chance, loose=True)

    def _click_in(
        self, depth: NDArray[np.float32], positive: bool, chance: np.random.Generator, *, loose: bool = False
    ) -> None:
        if loose or chance.random() < 0.6:
            least = (0.05 if loose else JITTER) * depth.max()
            places = np.flatnonzero((depth >= least) & (depth > 0))
            place = int(places[chance.integers(len(places))])
        else:
            place = int(depth.argmax())
        row, column = divmod(place, depth.shape[1])
        self.points.append((column + 0.5, row + 0.5))
        self.signs.append(positive)


def depth_of(mask_hw: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of each pixel of the mask to the nearest outside, float32 `[H, W]`; the picture's border is outside."""
    padded = np.pad(mask_hw.astype(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1], np.float32)


def lesson_of(picture: Picture, side: int, chance: np.random.Generator) -> Lesson | None:
    """A lesson about a region of chance, in a square of `side` pixels; None where no square shows enough of one."""
    regions = picture.regions
    if not regions:
        return None
    sizes = np.array([pixels for _, _, pixels in regions], np.float64)
    weights = sizes ** (0.5 if chance.random() < 0.5 else 0.15)
    for _ in range(_TRIES):
        number, box, _ = regions[int(chance.choice(len(regions), p=weights / weights.sum()))]
        window = _window(box, picture.regions_hw.shape, chance)
        numbers_hw = _numbers(picture.regions_hw, window)
        share_hw = _shrunk((numbers_hw == number).astype(np.float32), side)
        mask_hw = share_hw >= 0.5
        if not 20 <= int(mask_hw.sum()) <= 0.97 * side * side:
            continue
        unknown_hw = _shrunk((numbers_hw == NOWHERE).astype(np.float32), side) > 0.3
        colours_hwc = _looking_different(np.asarray(window.cut(picture.image_hwc, (side, side)), np.uint8), chance)
        lesson = Lesson(colours_hwc, mask_hw, unknown_hw & ~mask_hw)
        if chance.random() < 0.5:
            lesson.colours_hwc = np.ascontiguousarray(lesson.colours_hwc[:, ::-1])
            lesson.mask_hw = np.ascontiguousarray(lesson.mask_hw[:, ::-1])
            lesson.unknown_hw = np.ascontiguousarray(lesson.unknown_hw[:, ::-1])
        lesson.begin(chance)
        return lesson
    return None


def batch(
    sources: Sequence[tuple[float, Sequence[Picture]]], count: int, side: int, chance: np.random.Generator
) -> list[Lesson]:
    """So many lessons; each source is asked by its weight."""
    weights = np.array([weight for weight, _ in sources])
    found: list[Lesson] = []
    while len(found) < count:
        _, pictures = sources[int(chance.choice(len(sources), p=weights / weights.sum()))]
        lesson = lesson_of(pictures[int(chance.integers(len(pictures)))], side, chance)
        if lesson is not None:
            found.append(lesson)
    return found


def _window(box: tuple[int, int, int, int], size_hw: tuple[int, ...], chance: np.random.Generator) -> Window:
    """A square round a region, tight or wide, now and then only a part of it; beyond the picture only if it must."""
    x0, y0, x1, y1 = box
    long = max(x1 - x0, y1 - y0)
    share = chance.uniform(0.4, 1.0) if chance.random() < 0.1 else float(np.exp(chance.uniform(0.05, 1.7)))
    most = max(size_hw) if chance.random() < 0.2 else min(size_hw)
    side = max(_LEAST_WINDOW, min(int(long * share), most))
    corner = []
    for low, high, whole in ((x0, x1, size_hw[1]), (y0, y1, size_hw[0])):
        free = abs(side - (high - low)) / 2
        at = (low + high) / 2 + chance.uniform(-1, 1) * free - side / 2
        corner.append(round(min(max(at, 0), whole - side) if side <= whole else at))
    return Window(corner[0], corner[1], side, side)


def _numbers(regions_hw: NDArray[np.int32], window: Window) -> NDArray[np.int32]:
    """The region numbers of a window at the picture's own size; `NOWHERE` beyond."""
    return np.asarray(window.cut(regions_hw, (window.height, window.width)), np.int32)


def _shrunk(share_hw: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    way = cv2.INTER_AREA if share_hw.shape[0] > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(share_hw, (side, side), interpolation=way), np.float32)


def _boxed(mask_hw: NDArray[np.bool_], chance: np.random.Generator) -> NDArray[np.float32]:
    """One half inside of the box of the mask, drawn with a person's care."""
    x, y, width, height = cv2.boundingRect(mask_hw.astype(np.uint8))
    slack = chance.normal(0, 0.04, 4) * (width, height, width, height)
    x0, y0, x1, y1 = np.round(np.array([x, y, x + width, y + height]) + slack).astype(int).tolist()
    before_hw = np.zeros(mask_hw.shape, np.float32)
    before_hw[max(0, y0) : max(y1, y0 + 2, 1), max(0, x0) : max(x1, x0 + 2, 1)] = 0.5
    return before_hw


def _spoilt(mask_hw: NDArray[np.bool_], chance: np.random.Generator) -> NDArray[np.float32]:
    """The mask with mistakes: grown or shrunk, a part missing, a part too much."""
    spoilt = mask_hw.astype(np.uint8)
    size = int(chance.integers(1, 6)) * 2 + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    way = int(chance.integers(3))
    if way == 0:
        spoilt = cv2.dilate(spoilt, kernel)
    elif way == 1:
        spoilt = cv2.erode(spoilt, kernel)
    side = mask_hw.shape[0]
    for _ in range(int(chance.integers(1, 4))):
        centre = tuple(int(v) for v in chance.integers(0, side, 2))
        axes = tuple(int(v) for v in chance.integers(3, max(4, side // 4), 2))
        cv2.ellipse(spoilt, centre, axes, float(chance.uniform(0, 180)), 0, 360, (int(chance.integers(2)),), -1)
    return np.asarray(spoilt, np.float32)


def _looking_different(colours_hwc: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """Another light, other colours, now and then grey, blurred, noisy or badly compressed."""
    seen = colours_hwc.astype(np.float32)
    seen = (seen - 114) * chance.uniform(0.6, 1.4) + 114 + chance.normal(0, 18)
    seen *= 1 + chance.normal(0, 0.08, 3)
    grey = seen.mean(axis=2, keepdims=True)
    seen = grey + (seen - grey) * (0.0 if chance.random() < 0.05 else chance.uniform(0.5, 1.5))
    if chance.random() < 0.12:
        seen = cv2.GaussianBlur(seen, (0, 0), float(chance.uniform(0.5, 1.5)))
    if chance.random() < 0.15:
        seen = seen + chance.normal(0, chance.uniform(2, 12), seen.shape)
    if chance.random() < 0.3:
        seen = seen[..., chance.permutation(3)]
    return np.asarray(np.clip(seen, 0, 255), np.uint8)
