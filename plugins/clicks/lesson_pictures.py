"""Pictures with numbered regions to learn from, and new ones made by putting things of some onto others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

NOWHERE = 0
"""Pixels of no region: the network is not told what they are, unless they lie around a region of another number."""
LEAST_PIXELS = 60
_COMPOSITE_SIDE = 448


@dataclass(frozen=True, eq=False)
class Picture:
    """uint8 `[H, W, 3]` and int32 `[H, W]`: the number of each pixel's region, `NOWHERE` where none is known.

    `things` are the numbers that may be cut out and put onto other pictures.
    """

    image_hwc: NDArray[np.uint8]
    regions_hw: NDArray[np.int32]
    things: tuple[int, ...] = ()

    @cached_property
    def regions(self) -> list[tuple[int, tuple[int, int, int, int], int]]:
        """(number, (x0, y0, x1, y1), pixels) of every region that is large enough to be learnt."""
        return boxes_of(self.regions_hw)


def boxes_of(regions_hw: NDArray[np.int32]) -> list[tuple[int, tuple[int, int, int, int], int]]:
    """Number, box and pixels of every region of at least `LEAST_PIXELS`."""
    found = []
    sizes = np.bincount(regions_hw.ravel())
    for number in np.flatnonzero(sizes >= LEAST_PIXELS).tolist():
        if number != NOWHERE:
            x, y, width, height = cv2.boundingRect((regions_hw == number).astype(np.uint8))
            found.append((number, (x, y, x + width, y + height), int(sizes[number])))
    return found


def connected(classes_hw: NDArray[np.int32]) -> NDArray[np.int32]:
    """A number for each connected piece of each class above 0; what is 0 stays `NOWHERE`."""
    pieces_hw = np.zeros(classes_hw.shape, np.int32)
    last = 0
    for number in np.unique(classes_hw[classes_hw > 0]).tolist():
        count, parts_hw = cv2.connectedComponents((classes_hw == number).astype(np.uint8), connectivity=8)
        inside = parts_hw > 0
        pieces_hw[inside] = parts_hw[inside] + last
        last += count - 1
    return pieces_hw


def composite(
    pictures: Sequence[Picture], grounds: Sequence[NDArray[np.uint8]], chance: np.random.Generator
) -> Picture:
    """A piece of a picture with things of others, and shapes filled with pieces of `grounds`, put upon it.

    What was there before keeps its numbers as far as it is still seen.
    """
    side = _COMPOSITE_SIDE
    ground = pictures[int(chance.integers(len(pictures)))]
    image_hwc, regions_hw = _piece(ground.image_hwc, ground.regions_hw, side, chance)
    number = int(regions_hw.max(initial=0))
    for _ in range(int(chance.integers(2, 8))):
        number += 1
        if chance.random() < 0.6:
            colours_hwc, shape_hw = _thing(pictures, side, chance)
        else:
            shape_hw = _shape(side, chance)
            texture = grounds[int(chance.integers(len(grounds)))]
            colours_hwc, _ = _piece(texture, None, side, chance)
            colours_hwc = _tinted(colours_hwc, chance)
        soft_hw = cv2.GaussianBlur(shape_hw.astype(np.float32), (0, 0), float(chance.uniform(0.3, 1.2)))[..., None]
        image_hwc = np.asarray(image_hwc * (1 - soft_hw) + colours_hwc * soft_hw, np.uint8)
        regions_hw = np.where(shape_hw, number, regions_hw).astype(np.int32)
    return Picture(image_hwc, regions_hw)


def _piece(
    image_hwc: NDArray[np.uint8], regions_hw: NDArray[np.int32] | None, side: int, chance: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """A square of a picture at a scale of chance, mirrored by chance."""
    height, width = image_hwc.shape[:2]
    cut = int(min(height, width) * chance.uniform(0.5, 1.0))
    y, x = int(chance.integers(0, height - cut + 1)), int(chance.integers(0, width - cut + 1))
    way = cv2.INTER_AREA if cut > side else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(image_hwc[y : y + cut, x : x + cut], (side, side), interpolation=way), np.uint8)
    numbers = np.zeros((side, side), np.int32)
    if regions_hw is not None:
        numbers = np.asarray(
            cv2.resize(regions_hw[y : y + cut, x : x + cut], (side, side), interpolation=cv2.INTER_NEAREST), np.int32
        )
    if chance.random() < 0.5:
        small, numbers = small[:, ::-1], numbers[:, ::-1]
    return np.ascontiguousarray(small), np.ascontiguousarray(numbers)


def _thing(
    pictures: Sequence[Picture], side: int, chance: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A thing of a picture, turned, sized and placed by chance in a square: its colours, and where it is."""
    while True:
        picture = pictures[int(chance.integers(len(pictures)))]
        large = [region for region in picture.regions if region[0] in picture.things and region[2] >= 400]
        if large:
            break
    number, (x0, y0, x1, y1), _ = large[int(chance.integers(len(large)))]
    wanted = side * chance.uniform(0.1, 0.7)
    scale = min(2.0, wanted / max(x1 - x0, y1 - y0))
    turn = cv2.getRotationMatrix2D(((x0 + x1) / 2, (y0 + y1) / 2), float(chance.normal(0, 12)), scale)
    turn[:, 2] += chance.uniform(0, side, 2) - ((x0 + x1) / 2, (y0 + y1) / 2)
    if chance.random() < 0.5:
        turn[0] = -turn[0]
        turn[0, 2] += side
    mask = (picture.regions_hw == number).astype(np.uint8)
    colours_hwc = cv2.warpAffine(picture.image_hwc, turn, (side, side), flags=cv2.INTER_LINEAR)
    shape_hw = cv2.warpAffine(mask, turn, (side, side), flags=cv2.INTER_NEAREST)
    return np.asarray(colours_hwc, np.uint8), np.asarray(shape_hw > 0)


def _shape(side: int, chance: np.random.Generator) -> NDArray[np.bool_]:
    """A blob, a polygon, a bar or an ellipse."""
    shape = np.zeros((side, side), np.uint8)
    centre = chance.uniform(0, side, 2)
    radius = side * chance.uniform(0.04, 0.3)
    kind = int(chance.integers(4))
    if kind == 0:
        angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        waves = sum(chance.normal(0, 0.35 / k) * np.cos(k * angles + chance.uniform(0, 6.3)) for k in range(1, 6))
        reach = radius * np.clip(1 + waves, 0.25, 2)
        ring = centre + reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(shape, [np.round(ring).astype(np.int32)], (1,))
    elif kind == 1:
        angles = np.sort(chance.uniform(0, 2 * np.pi, int(chance.integers(3, 9))))
        reach = radius * chance.uniform(0.5, 1.3, len(angles))
        ring = centre + reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(shape, [np.round(ring).astype(np.int32)], (1,))
    elif kind == 2:
        far = centre + chance.normal(0, 1, 2) * side * 0.3
        thick = max(2, int(side * chance.uniform(0.008, 0.06)))
        cv2.line(shape, tuple(int(v) for v in centre), tuple(int(v) for v in far), (1,), thick)
    else:
        axes = (max(2, int(radius)), max(2, int(radius * chance.uniform(0.3, 1))))
        cv2.ellipse(shape, tuple(int(v) for v in centre), axes, float(chance.uniform(0, 180)), 0, 360, (1,), -1)
    return np.asarray(shape > 0)


def _tinted(colours_hwc: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """The same texture in other colours."""
    tint = chance.uniform(0, 255, 3)
    share = chance.uniform(0, 0.8)
    return np.asarray(np.clip(colours_hwc * (1 - share) + tint * share, 0, 255), np.uint8)
