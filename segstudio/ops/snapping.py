"""Where a point being drawn or dragged is drawn to: vertices, edges, borders of labels, and angles of 45°."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import atan2, cos, floor, hypot, pi, sin
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ops.polygon import VertexRef, nearest_edge, nearest_vertex, vertex_xy


@dataclass(frozen=True, slots=True)
class Snap:
    """A place that attracts: where, what it is, how far away (pixels), and of which object it is a part."""

    point_xy: tuple[float, float]
    kind: Literal["vertex", "edge", "border"]
    distance: float
    object_id: int | None = None
    where: VertexRef | None = None


def snap_to_objects(
    point_xy: tuple[float, float],
    objects: Iterable[SegObject],
    reach: float,
    *,
    vertices: bool = True,
    edges: bool = True,
) -> Snap | None:
    """The nearest vertex within `reach` pixels, else the nearest point of an edge; None where nothing is near.

    Give it the few objects near the point (`ObjectIndex.near`). A vertex wins over an edge even where the edge is
    closer, because a corner can otherwise not be hit.
    """
    best: Snap | None = None
    for item in objects:
        if isinstance(item.shape, PolygonShape):
            found = _snap_to_polygon(point_xy, item, item.shape, reach, vertices, edges)
            if found is not None and (best is None or _rank(found) < _rank(best)):
                best = found
    return best


def _rank(snap: Snap) -> tuple[bool, float]:
    return snap.kind != "vertex", snap.distance


def _snap_to_polygon(
    point_xy: tuple[float, float], item: SegObject, shape: PolygonShape, reach: float, vertices: bool, edges: bool
) -> Snap | None:
    if vertices:
        found = nearest_vertex(shape, point_xy)
        if found is not None and found[1] <= reach:
            return Snap(vertex_xy(shape, found[0]), "vertex", found[1], item.id, found[0])
    if edges:
        hit = nearest_edge(shape, point_xy)
        if hit is not None and hit.distance <= reach:
            return Snap(hit.foot_xy, "edge", hit.distance, item.id, hit.edge)
    return None


def snap_to_labels(point_xy: tuple[float, float], ids_hw: NDArray[Any], reach: float) -> Snap | None:
    """The nearest corner of a pixel that lies on the border between two labels of `ids_hw`, within `reach` pixels."""
    x, y = point_xy
    bounds = Rect.of_size(*ids_hw.shape)
    window = Rect(floor(x - reach) - 1, floor(y - reach) - 1, floor(x + reach) + 2, floor(y + reach) + 2)
    window = window.intersect(bounds)
    if window.width < 2 or window.height < 2:
        return None
    ids = ids_hw[window.slices]
    first = ids[:-1, :-1]
    corner = (first != ids[:-1, 1:]) | (first != ids[1:, :-1]) | (first != ids[1:, 1:])
    rows, columns = np.nonzero(corner)
    if rows.size == 0:
        return None
    xs, ys = columns + 1.0 + window.x0, rows + 1.0 + window.y0
    distances = np.hypot(xs - x, ys - y)
    nearest = int(distances.argmin())
    if distances[nearest] > reach:
        return None
    return Snap((float(xs[nearest]), float(ys[nearest])), "border", float(distances[nearest]))


def at_right_angles(from_xy: tuple[float, float], to_xy: tuple[float, float]) -> tuple[float, float]:
    """The point that is nearest to `to_xy` on a line from `from_xy` at a multiple of 45°."""
    dx, dy = to_xy[0] - from_xy[0], to_xy[1] - from_xy[1]
    if hypot(dx, dy) == 0:
        return to_xy
    angle = round(atan2(dy, dx) / (pi / 4)) * (pi / 4)
    along = dx * cos(angle) + dy * sin(angle)
    return from_xy[0] + along * cos(angle), from_xy[1] + along * sin(angle)
