"""From pixels to outlines: polygons along the pixels' edges that fill to exactly the same mask."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Points, Rect
from segstudio.core.objects import PolygonPart, PolygonShape


def polygon_of_mask(mask_hw: NDArray[Any], *, offset_xy: tuple[int, int] = (0, 0)) -> PolygonShape:
    """The outlines of the non-zero pixels of `mask_hw` `[H, W]`, moved by `offset_xy`.

    The points are corners of pixels, without collinear ones; exteriors run clockwise on the screen, holes the other
    way. Pixels that touch only at a corner belong to different parts, so every ring is simple. `polygon.fill_mask` of
    the result is the mask again, pixel by pixel.
    """
    box = Rect.of_mask(mask_hw)
    if box.is_empty:
        return PolygonShape(())
    inside = np.zeros((box.height + 2, box.width + 2), np.uint8)
    inside[1:-1, 1:-1] = mask_hw[box.slices] != 0
    _, component = cv2.connectedComponents(inside, connectivity=4)
    shift = np.array([box.x0 - 1 + offset_xy[0], box.y0 - 1 + offset_xy[1]], np.float64)
    exteriors: dict[int, Points] = {}
    holes: dict[int, list[Points]] = {}
    for ring in _rings(inside):
        x, y = ring[0]
        outline = np.array(ring, np.float64) + shift
        if inside[y, x]:
            exteriors[int(component[y, x])] = outline
        else:
            holes.setdefault(int(component[y, x - 1]), []).append(outline)
    return PolygonShape(tuple(PolygonPart(ring, tuple(holes.get(key, ()))) for key, ring in exteriors.items()))


def _rings(inside: NDArray[np.uint8]) -> list[list[tuple[int, int]]]:
    """Closed rings of corners (x, y) round the ones of a mask whose border is zero.

    Each ring begins at its topmost, then leftmost corner and leaves it to the right where it is an exterior, downwards
    where it is a hole.
    """
    xs, ys, across, along, pinched = _corner_links(inside)
    place_x, place_y = xs.tolist(), ys.tolist()
    partner_across, partner_along = across.tolist(), along.tolist()
    is_pinched = pinched.tolist()
    seen = [False] * len(place_x)
    rings: list[list[tuple[int, int]]] = []
    for first in range(len(place_x)):
        if seen[first]:
            continue
        path: list[tuple[int, int]] = []
        met: dict[tuple[int, int], int] = {}
        corner = first
        turn_across = True
        while not seen[corner]:
            seen[corner] = True
            point = place_x[corner], place_y[corner]
            if is_pinched[corner]:
                if point in met:
                    rings.append(path[met[point] :])
                    del path[met[point] :]
                met[point] = len(path)
            path.append(point)
            corner = partner_across[corner] if turn_across else partner_along[corner]
            turn_across = not turn_across
        rings.append(path)
    return [_from_top_left(ring, inside) for ring in rings]


def _corner_links(
    inside: NDArray[np.uint8],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Corners of the outline in reading order, and for each its neighbour along the row and along the column.

    Where two pixels meet at a corner only, the corner is there twice: first the one that ends the edge from the left.
    """
    upper_left, upper_right = inside[:-1, :-1], inside[:-1, 1:]
    lower_left, lower_right = inside[1:, :-1], inside[1:, 1:]
    odd = (upper_left ^ upper_right ^ lower_left ^ lower_right).astype(np.bool_)
    crossing = (upper_left == lower_right) & (upper_right == lower_left) & (upper_left != upper_right)
    copies = odd.astype(np.intp) + 2 * crossing
    ys, xs = np.nonzero(copies)
    repeat = copies[ys, xs]
    falling = np.repeat(upper_left[ys, xs].astype(np.bool_) & (repeat == 2), repeat)
    pinched = np.repeat(repeat == 2, repeat)
    second = np.zeros(pinched.size, np.bool_)
    second[1:] = pinched[1:] & (np.arange(1, pinched.size) - _first_copy(repeat)[1:] == 1)
    xs, ys = np.repeat(xs, repeat) + 1, np.repeat(ys, repeat) + 1
    number = np.arange(xs.size)
    across = number ^ 1
    # Foreground is joined through edges only: in a pinch the corner of each of its two pixels keeps to that pixel.
    downwards = np.where(pinched, second == falling, False)
    order = np.lexsort((downwards, ys, xs))
    along = np.empty_like(number)
    along[order[0::2]], along[order[1::2]] = order[1::2], order[0::2]
    return xs, ys, across, along, pinched


def _first_copy(repeat: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.repeat(np.cumsum(repeat) - repeat, repeat)


def _from_top_left(ring: list[tuple[int, int]], inside: NDArray[np.uint8]) -> list[tuple[int, int]]:
    start = min(range(len(ring)), key=lambda index: (ring[index][1], ring[index][0]))
    ring = ring[start:] + ring[:start]
    x, y = ring[0]
    leaves_to_the_right = ring[1][1] == y
    if leaves_to_the_right != bool(inside[y, x]):
        ring = [ring[0], *reversed(ring[1:])]
    return ring


def outline_mask(ids_hw: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels whose id differs from the one to the right or below; bool, of the size of `ids_hw`."""
    outline = np.zeros(ids_hw.shape, np.bool_)
    np.not_equal(ids_hw[:, :-1], ids_hw[:, 1:], out=outline[:, :-1])
    outline[:-1] |= ids_hw[:-1] != ids_hw[1:]
    return outline
