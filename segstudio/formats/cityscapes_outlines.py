"""Polygons for a raster that has none: drawn in order by Cityscapes' rule they give the raster again, pixel by pixel.

Every piece of a segment (4-connected) becomes the polygon of its outermost pixels. Stuff goes first, larger pieces
before smaller ones, so that what lies inside comes on top; then the instances in the order of their numbers, as
`createLabels` counts them. An instance of several pieces stays one polygon: thin bridges join them. Its class goes to
the back, where later polygons cover the bridges; whatever would cover more is slit open to its holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonPart, PolygonShape, SegObject
from segstudio.formats.cityscapes_polygons import GROUP, LABEL, paint_order

PER_CLASS = 1000
Vertex = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A 4-connected piece of the pixels of one value; `mask_hw` has the size of `rect`."""

    value: int
    class_id: int
    rect: Rect
    mask_hw: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class _Outline:
    """A polygon to paint: its ring, the value of its pixels, and its class."""

    value: int
    class_id: int
    ring: list[Vertex]


def outlines_of(
    label_hw: NDArray[np.uint8], instance_hw: NDArray[np.uint16], class_set: ClassSet
) -> tuple[list[SegObject], NDArray[np.uint16], int]:
    """(polygons in paint order, instanceIds numbered as their order numbers them, instances split into pieces).

    `label_hw` uint8 and `instance_hw` uint16 `[H, W]` hold Cityscapes' values. The numbering is that of `instance_hw`
    where it has no gaps.
    """
    of_instance = np.where(instance_hw >= PER_CLASS, instance_hw // PER_CLASS, instance_hw)
    value_hw = np.where(of_instance == label_hw, instance_hw, label_hw)
    pieces = [p for p in _pieces(value_hw) if p.class_id in class_set.by_id]
    labelled = [p for p in pieces if p.value != 0]
    outlines, split = _ordered(labelled, value_hw, slit_all=0 not in class_set.by_id)
    painted_hw = _painted(outlines, value_hw.shape)
    covered = [p for p in pieces if p.value == 0 and (painted_hw[p.rect.slices][p.mask_hw != 0] != 0).any()]
    if covered:
        outlines, split = _ordered([*labelled, *covered], value_hw, slit_all=False)
    objects = [_object(rank, outline, class_set) for rank, outline in enumerate(outlines)]
    return objects, _renumbered(outlines, objects, instance_hw, class_set), split


def _pieces(value_hw: NDArray[Any]) -> list[_Piece]:
    pieces = []
    values, boxes = _boxes(value_hw)
    for value, box in zip(values, boxes, strict=True):
        mask = np.ascontiguousarray(value_hw[box.slices] == value).view(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
        for number in range(1, count):
            x, y, width, height = (int(v) for v in stats[number][:4])
            local = Rect(x, y, x + width, y + height)
            piece_mask = (labels[local.slices] == number).astype(np.uint8)
            class_id = value // PER_CLASS if value >= PER_CLASS else value
            pieces.append(_Piece(value, class_id, local.moved(box.x0, box.y0), piece_mask))
    return pieces


def _boxes(value_hw: NDArray[Any]) -> tuple[list[int], list[Rect]]:
    """The values that occur and the smallest rectangle of each."""
    counts = np.bincount(value_hw.reshape(-1))
    values = [int(v) for v in np.flatnonzero(counts)]
    return values, [Rect.of_mask(value_hw == value) for value in values]


def _ordered(pieces: Sequence[_Piece], value_hw: NDArray[Any], *, slit_all: bool) -> tuple[list[_Outline], int]:
    """Outlines in paint order, and how many instances could not be kept in one polygon."""
    instances: dict[int, list[_Piece]] = {}
    for piece in pieces:
        if piece.value >= PER_CLASS:
            instances.setdefault(piece.value, []).append(piece)
    back_classes = {members[0].class_id for members in instances.values() if len(members) > 1}
    at_back = {value for value, members in instances.items() if members[0].class_id in back_classes}
    back_pieces = [piece for value in at_back for piece in instances[value]]
    stuff = sorted((p for p in pieces if p.value < PER_CLASS), key=lambda p: -p.rect.area)
    drawn = [_outline(p, slit=slit_all or _encloses_any(p, back_pieces)) for p in stuff]
    back: list[_Outline] = []
    front: list[_Outline] = []
    split = 0
    for value in sorted(instances):
        outlines = _instance_outlines(instances[value], value_hw, at_back - {value})
        split += len(outlines) > 1
        (back if value in at_back else front).extend(outlines)
    return [*back, *drawn, *front], split


def _instance_outlines(pieces: Sequence[_Piece], value_hw: NDArray[Any], forbidden: set[int]) -> list[_Outline]:
    """One outline for an instance, bridged where it has several pieces; one per piece where no bridge is free."""
    if len(pieces) > 1:
        ring = _bridged(pieces, value_hw, forbidden)
        if ring is not None:
            return [_Outline(pieces[0].value, pieces[0].class_id, ring)]
    return [_outline(piece, slit=True) for piece in pieces]


def _encloses_any(piece: _Piece, others: Sequence[_Piece]) -> bool:
    inner = [o for o in others if piece.rect.contains(o.rect) and piece.rect.area > o.rect.area]
    if not inner:
        return False
    filled = np.zeros(piece.mask_hw.shape, np.uint8)
    cv2.drawContours(filled, _contours(piece.mask_hw, cv2.RETR_EXTERNAL), -1, (1,), cv2.FILLED)
    for other in inner:
        row, column = (int(v[0]) for v in np.nonzero(other.mask_hw))
        if filled[row + other.rect.y0 - piece.rect.y0, column + other.rect.x0 - piece.rect.x0]:
            return True
    return False


def _contours(mask_hw: NDArray[np.uint8], mode: int) -> Sequence[Any]:
    return cv2.findContours(mask_hw, mode, cv2.CHAIN_APPROX_NONE)[0]


def _outline(piece: _Piece, *, slit: bool) -> _Outline:
    ring = _slit_ring(piece) if slit else _ring(_contours(piece.mask_hw, cv2.RETR_EXTERNAL)[0], piece.rect)
    return _Outline(piece.value, piece.class_id, _straightened(ring))


def _ring(contour: Any, rect: Rect) -> list[Vertex]:
    return [(int(x) + rect.x0, int(y) + rect.y0) for x, y in contour[:, 0]]


def _slit_ring(piece: _Piece) -> list[Vertex]:
    """One ring round the piece and, along vertical slits through its own pixels, round its holes."""
    rings, hierarchy = cv2.findContours(piece.mask_hw, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outer = next(i for i in range(len(rings)) if hierarchy[0][i][3] < 0)
    merged = _ring(rings[outer], piece.rect)
    holes = [_ring(rings[i], piece.rect) for i in range(len(rings)) if i != outer]
    for hole in sorted(holes, key=lambda ring: min(y for _, y in ring)):
        start = min(range(len(hole)), key=lambda i: (hole[i][1], hole[i][0]))
        x, y = hole[start]
        while y > piece.rect.y0 and piece.mask_hw[y - 1 - piece.rect.y0, x - piece.rect.x0]:
            y -= 1
        at = merged.index((x, y))
        around = [*hole[start:], *hole[: start + 1]]
        merged[at + 1 : at + 1] = [*around, (x, y)]
    return merged


def _bridged(pieces: Sequence[_Piece], value_hw: NDArray[Any], forbidden: set[int]) -> list[Vertex] | None:
    """One ring round all pieces, joined by bridges that cross none of the `forbidden` values; None where none does."""
    rings = [_slit_ring(piece) for piece in pieces]
    merged, rest = rings[0], rings[1:]
    while rest:
        best: tuple[int, int, int, int] | None = None
        here = np.array(merged, np.int64)
        for index, ring in enumerate(rest):
            there = np.array(ring, np.int64)
            step = max(1, len(here) // 400)
            distance = np.abs(here[::step, None] - there[None]).sum(axis=2)
            flat = int(distance.argmin())
            a, b = divmod(flat, len(there))
            if best is None or distance[a, b] < best[0]:
                best = int(distance[a, b]), index, a * step, b
        assert best is not None
        _, index, a, b = best
        ring = rest.pop(index)
        corner = _free_corner(merged[a], ring[b], value_hw, forbidden)
        if corner is None:
            return None
        around = [corner, *ring[b:], *ring[: b + 1], corner]
        merged[a + 1 : a + 1] = [*around, merged[a]]
    return _straightened(merged)


def _free_corner(a: Vertex, b: Vertex, value_hw: NDArray[Any], forbidden: set[int]) -> Vertex | None:
    """The corner of a way from `a` to `b` along a row and a column on which no forbidden value lies."""
    for corner in ((b[0], a[1]), (a[0], b[1])):
        rows = slice(min(a[1], b[1]), max(a[1], b[1]) + 1)
        columns = slice(min(a[0], b[0]), max(a[0], b[0]) + 1)
        crossed = np.concatenate((value_hw[rows, corner[0]], value_hw[corner[1], columns]))
        if not forbidden.intersection(np.unique(crossed).tolist()):
            return corner
    return None


def _straightened(ring: list[Vertex]) -> list[Vertex]:
    """The ring without points in the middle of a straight run (rows, columns and diagonals of unit steps)."""
    kept: list[Vertex] = []
    for index, point in enumerate(ring):
        before, after = ring[index - 1], ring[(index + 1) % len(ring)]
        step_in = _unit(before, point)
        if point != before and not (step_in == _unit(point, after) and point != after and kept and index):
            kept.append(point)
    kept = kept or ring[:1]
    # Cityscapes' scripts stumble over polygons of one point.
    return kept + [kept[-1]] * (3 - len(kept))


def _unit(a: Vertex, b: Vertex) -> tuple[float, float]:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = max(abs(dx), abs(dy)) or 1
    return dx / length, dy / length


def _painted(outlines: Sequence[_Outline], size_hw: tuple[int, ...]) -> NDArray[np.int32]:
    rings = [np.array(outline.ring, np.float64).reshape(-1, 2) for outline in outlines]
    order_hw = paint_order((size_hw[0], size_hw[1]), rings)
    return np.array([0, *(outline.value for outline in outlines)], np.int32)[order_hw]


def _object(rank: int, outline: _Outline, class_set: ClassSet) -> SegObject:
    known = class_set.by_id[outline.class_id]
    is_group = known.is_thing and outline.value < PER_CLASS
    shape = PolygonShape((PolygonPart(np.array(outline.ring, np.float64).reshape(-1, 2)),))
    label = known.name + GROUP if is_group else known.name
    return SegObject(rank, known.id, shape, is_crowd=is_group, z=rank, extra={LABEL: label})


def _renumbered(
    outlines: Sequence[_Outline],
    objects: Sequence[SegObject],
    instance_hw: NDArray[np.uint16],
    class_set: ClassSet,
) -> NDArray[np.uint16]:
    lut = np.arange(65536, dtype=np.uint16)
    number: dict[int, int] = {}
    done: set[int] = set()
    for outline, item in zip(outlines, objects, strict=True):
        if class_set.by_id[item.class_id].is_thing and not item.is_crowd:
            n = number.get(item.class_id, 0)
            number[item.class_id] = n + 1
            if outline.value not in done:
                lut[outline.value] = item.class_id * PER_CLASS + min(n, PER_CLASS - 1)
                done.add(outline.value)
    return lut[instance_hw]
