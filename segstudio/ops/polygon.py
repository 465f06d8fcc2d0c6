"""Polygons: filling by COCO's rule, measures, and the edits of single vertices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from segstudio.core.errors import UserError
from segstudio.core.geometry import Points, Rect
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape
from segstudio.ops.rle import decode

MAX_OUTLINE = 20_000_000
"""Outlines longer than this many pixels are clipped to the image first: filling keeps five points per pixel of them."""


class VertexRef(NamedTuple):
    """A vertex of a shape: which part, which ring of it (0 = exterior, then the holes), which point of the ring.

    As the name of an edge it means the one from this point to the next.
    """

    part: int
    ring: int
    vertex: int


class EdgeHit(NamedTuple):
    """The nearest place on an outline: the edge, the foot of the perpendicular on it and its distance in pixels."""

    edge: VertexRef
    foot_xy: tuple[float, float]
    distance: float


def fill_mask(shape: PolygonShape, rect: Rect, size_hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels of `rect` the shape covers, bool `[rect.height, rect.width]`, in an image of `size_hw`.

    Each ring is filled as pycocotools fills it (outline sampled at a fifth of a pixel, crossings counted), holes are
    taken from their exterior, parts are joined. The pixels are those of the whole image's mask, whatever `rect` is;
    the cost follows `rect` and the outline.
    """
    mask = np.zeros((rect.height, rect.width), np.bool_)
    for part in shape.parts:
        filled = _fill_ring(part.exterior_xy, rect, size_hw)
        if filled is None:
            continue
        for hole_xy in part.holes_xy:
            hole = _fill_ring(hole_xy, rect, size_hw)
            if hole is not None:
                filled &= ~hole
        mask |= filled
    return mask


def _fill_ring(ring_xy: Points, rect: Rect, size_hw: tuple[int, int]) -> NDArray[np.bool_] | None:
    if len(ring_xy) < 3 or rect.is_empty:
        return None
    left, top = ring_xy.min(axis=0).tolist()
    right, bottom = ring_xy.max(axis=0).tolist()
    extent = right - left + bottom - top
    if not isfinite(extent):
        raise UserError("a polygon has a point that is not a number")
    if left - 1 >= rect.x1 or top - 1 >= rect.y1 or right + 1 <= rect.x0 or bottom + 1 <= rect.y0:
        return None
    if extent * len(ring_xy) > MAX_OUTLINE and _outline_length(ring_xy) > MAX_OUTLINE:
        ring_xy = clip_ring(ring_xy, Rect.of_size(*size_hw).grown(2))
        if len(ring_xy) < 3:
            return None
    # The sampling rounds in image coordinates, so the ring must not be moved into the rectangle first.
    runs = coco_mask.frPyObjects([ring_xy.ravel().tolist()], *size_hw)[0]
    return decode(MaskShape(*size_hw, runs["counts"]), rect)


def _outline_length(ring_xy: Points) -> float:
    return float(np.abs(ring_xy - np.roll(ring_xy, 1, axis=0)).sum())


def clip_ring(ring_xy: Points, rect: Rect) -> Points:
    """The part of a ring inside `rect` (Sutherland and Hodgman, 1974); where it leaves, it follows the border."""
    for axis, limit, keep_less in ((0, rect.x0, False), (0, rect.x1, True), (1, rect.y0, False), (1, rect.y1, True)):
        if len(ring_xy) == 0:
            break
        following = np.roll(ring_xy, -1, axis=0)
        inside = ring_xy[:, axis] <= limit if keep_less else ring_xy[:, axis] >= limit
        next_inside = np.roll(inside, -1)
        crosses = inside != next_inside
        run = np.where(crosses, following[:, axis] - ring_xy[:, axis], 1.0)
        share = np.where(crosses, (limit - ring_xy[:, axis]) / run, 0.0)
        crossing = ring_xy + share[:, None] * (following - ring_xy)
        both = np.stack((crossing, following), axis=1).reshape(-1, 2)
        ring_xy = both[np.stack((crosses, next_inside), axis=1).reshape(-1)]
    return ring_xy


def signed_area(ring_xy: Points) -> float:
    """Area in square pixels; positive where the ring runs clockwise on the screen (x to the right, y down)."""
    if len(ring_xy) < 3:
        return 0.0
    x, y = (ring_xy - ring_xy[0]).T
    return float(0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def area(shape: PolygonShape) -> float:
    """Geometric area in square pixels: exteriors minus holes (overlapping parts count twice)."""
    return sum(
        abs(signed_area(part.exterior_xy)) - sum(abs(signed_area(hole)) for hole in part.holes_xy)
        for part in shape.parts
    )


def point_in_shape(shape: PolygonShape, point_xy: tuple[float, float]) -> bool:
    """Whether the point lies inside some part and in none of its holes (even-odd rule)."""
    return any(
        _point_in_ring(part.exterior_xy, point_xy) and not any(_point_in_ring(h, point_xy) for h in part.holes_xy)
        for part in shape.parts
    )


def _point_in_ring(ring_xy: Points, point_xy: tuple[float, float]) -> bool:
    x, y = point_xy
    ax, ay = ring_xy.T
    bx, by = np.roll(ax, -1), np.roll(ay, -1)
    crosses = (ay > y) != (by > y)
    if not crosses.any():
        return False
    at_x = ax[crosses] + (y - ay[crosses]) / (by[crosses] - ay[crosses]) * (bx[crosses] - ax[crosses])
    return bool(np.count_nonzero(at_x > x) % 2)


def nearest_vertex(shape: PolygonShape, point_xy: tuple[float, float]) -> tuple[VertexRef, float] | None:
    """The vertex closest to the point, and its distance in pixels; None for a shape without points."""
    best: tuple[VertexRef, float] | None = None
    for part_number, part in enumerate(shape.parts):
        for ring_number, ring_xy in enumerate(part.rings_xy):
            if len(ring_xy):
                squares = ((ring_xy - point_xy) ** 2).sum(axis=1)
                index = int(squares.argmin())
                distance = float(np.sqrt(squares[index]))
                if best is None or distance < best[1]:
                    best = VertexRef(part_number, ring_number, index), distance
    return best


def nearest_edge(shape: PolygonShape, point_xy: tuple[float, float]) -> EdgeHit | None:
    """The edge closest to the point; None for a shape without points."""
    best: EdgeHit | None = None
    for part_number, part in enumerate(shape.parts):
        for ring_number, ring_xy in enumerate(part.rings_xy):
            if len(ring_xy):
                index, foot, distance = _nearest_on_ring(ring_xy, np.asarray(point_xy, np.float64))
                if best is None or distance < best.distance:
                    best = EdgeHit(VertexRef(part_number, ring_number, index), foot, distance)
    return best


def _nearest_on_ring(ring_xy: Points, point: NDArray[Any]) -> tuple[int, tuple[float, float], float]:
    run = np.roll(ring_xy, -1, axis=0) - ring_xy
    squares = (run**2).sum(axis=1)
    share = np.clip(((point - ring_xy) * run).sum(axis=1) / np.where(squares > 0, squares, 1.0), 0.0, 1.0)
    feet = ring_xy + share[:, None] * run
    distances = ((feet - point) ** 2).sum(axis=1)
    index = int(distances.argmin())
    return index, (float(feet[index, 0]), float(feet[index, 1])), float(np.sqrt(distances[index]))


def vertex_xy(shape: PolygonShape, where: VertexRef) -> tuple[float, float]:
    """The coordinates of a vertex."""
    x, y = shape.parts[where.part].rings_xy[where.ring][where.vertex]
    return float(x), float(y)


def move_vertex(shape: PolygonShape, where: VertexRef, to_xy: tuple[float, float]) -> PolygonShape:
    """The shape with one vertex elsewhere."""
    ring_xy = shape.parts[where.part].rings_xy[where.ring].copy()
    ring_xy[where.vertex] = to_xy
    return with_ring(shape, where.part, where.ring, ring_xy)


def insert_vertex(shape: PolygonShape, edge: VertexRef, at_xy: tuple[float, float]) -> PolygonShape:
    """The shape with a new vertex on `edge`; its index is `edge.vertex + 1`."""
    ring_xy = shape.parts[edge.part].rings_xy[edge.ring]
    return with_ring(shape, edge.part, edge.ring, np.insert(ring_xy, edge.vertex + 1, at_xy, axis=0))


def remove_vertex(shape: PolygonShape, where: VertexRef) -> PolygonShape:
    """The shape without one vertex; a ring of fewer than three points goes too, an exterior with its holes."""
    ring_xy = shape.parts[where.part].rings_xy[where.ring]
    return with_ring(shape, where.part, where.ring, np.delete(ring_xy, where.vertex, axis=0))


def remove_vertices(shape: PolygonShape, vertices: Iterable[VertexRef]) -> PolygonShape:
    """The shape without several vertices; rings of fewer than three points go, as by `remove_vertex`."""
    of_ring: dict[tuple[int, int], list[int]] = {}
    for where in vertices:
        of_ring.setdefault((where.part, where.ring), []).append(where.vertex)
    # From the last ring to the first: one that goes renumbers those after it.
    for part, ring in sorted(of_ring, reverse=True):
        ring_xy = shape.parts[part].rings_xy[ring]
        shape = with_ring(shape, part, ring, np.delete(ring_xy, of_ring[part, ring], axis=0))
    return shape


def with_ring(shape: PolygonShape, part: int, ring: int, ring_xy: Points) -> PolygonShape:
    """The shape with ring number `ring` of a part replaced, or dropped where fewer than three points are left."""
    parts = list(shape.parts)
    old = parts[part]
    if ring == 0:
        parts[part : part + 1] = [replace(old, exterior_xy=ring_xy)] if len(ring_xy) >= 3 else []
    else:
        holes = list(old.holes_xy)
        holes[ring - 1 : ring] = [ring_xy] if len(ring_xy) >= 3 else []
        parts[part] = PolygonPart(old.exterior_xy, tuple(holes))
    return PolygonShape(tuple(parts))
