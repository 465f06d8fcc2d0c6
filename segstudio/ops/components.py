"""Connected components of a mask: the one under a point, holes, specks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.ops.fill import flood

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """One connected piece: its smallest rectangle, its pixel count, and a bool mask of the rectangle's size."""

    rect: Rect
    area: int
    mask_hw: Mask


def component_at(
    mask_hw: NDArray[Any], point_xy: tuple[float, float], *, connectivity: int = 4
) -> tuple[Rect, Mask] | None:
    """The piece of a mask under a point as (rectangle, mask of its size); None where there is none."""
    rect, piece = flood(mask_hw != 0 if mask_hw.dtype != np.bool_ else mask_hw, point_xy, connectivity=connectivity)
    if rect.is_empty or not mask_hw[int(point_xy[1]), int(point_xy[0])]:
        return None
    return rect, piece


def components(mask_hw: NDArray[Any], *, connectivity: int = 8) -> list[Component]:
    """All pieces of a mask, largest first (equal ones in reading order of their first pixel)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_as_uint8(mask_hw), connectivity=connectivity)
    pieces = []
    for number in range(1, count):
        x, y, width, height, size = (int(value) for value in stats[number])
        rect = Rect(x, y, x + width, y + height)
        pieces.append(Component(rect, size, np.asarray(labels[rect.slices] == number)))
    return sorted(pieces, key=lambda piece: -piece.area)


def remove_specks(mask_hw: NDArray[Any], *, smaller_than: int, connectivity: int = 8) -> Mask:
    """The mask without its pieces of fewer than `smaller_than` pixels."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_as_uint8(mask_hw), connectivity=connectivity)
    keep = stats[:, cv2.CC_STAT_AREA] >= smaller_than
    keep[0] = False
    return np.asarray(keep[labels]) if count > 1 else np.zeros(mask_hw.shape, np.bool_)


def fill_holes(mask_hw: NDArray[Any], *, smaller_than: int | None = None, connectivity: int = 4) -> Mask:
    """The mask with its holes closed: pieces of background that do not reach the border of the array.

    Only holes of fewer than `smaller_than` pixels where given. `connectivity` is the background's.
    """
    background = cv2.copyMakeBorder(_as_uint8(mask_hw) ^ 1, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(1,))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(background, connectivity=connectivity)
    hole = np.ones(len(stats), np.bool_)
    hole[0] = False
    hole[labels[0, 0]] = False
    if smaller_than is not None:
        hole &= stats[:, cv2.CC_STAT_AREA] < smaller_than
    return np.asarray((mask_hw != 0) | hole[labels[1:-1, 1:-1]])


def _as_uint8(mask_hw: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(mask_hw != 0).view(np.uint8)
