"""Borders that two polygons have in common: found by their coordinates, moved together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from segstudio.core.geometry import Points
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ops.polygon import VertexRef, insert_vertex, with_ring

TOUCHING = 0.01
"""Vertices closer than this many pixels are one point; files round to hundredths."""


class SharedVertex(NamedTuple):
    """A vertex of an object."""

    object_id: int
    where: VertexRef


def vertices_at(
    objects: Iterable[SegObject], point_xy: tuple[float, float], *, tolerance: float = TOUCHING
) -> list[SharedVertex]:
    """Every vertex of every (unlocked, polygonal) object at the point; give it the objects near the point."""
    found = []
    for item, part, ring, ring_xy in _rings(objects):
        for index in np.flatnonzero(((ring_xy - point_xy) ** 2).sum(axis=1) <= tolerance * tolerance):
            found.append(SharedVertex(item.id, VertexRef(part, ring, int(index))))
    return found


def edges_at(
    objects: Iterable[SegObject],
    a_xy: tuple[float, float],
    b_xy: tuple[float, float],
    *,
    tolerance: float = TOUCHING,
) -> list[SharedVertex]:
    """Every edge between the two points, in either direction, named by its first vertex in its own ring."""
    found = []
    limit = tolerance * tolerance
    for item, part, ring, ring_xy in _rings(objects):
        following = np.roll(ring_xy, -1, axis=0)
        near_a, near_b = ((ring_xy - a_xy) ** 2).sum(axis=1), ((ring_xy - b_xy) ** 2).sum(axis=1)
        next_a, next_b = ((following - a_xy) ** 2).sum(axis=1), ((following - b_xy) ** 2).sum(axis=1)
        same = ((near_a <= limit) & (next_b <= limit)) | ((near_b <= limit) & (next_a <= limit))
        found += [SharedVertex(item.id, VertexRef(part, ring, int(index))) for index in np.flatnonzero(same)]
    return found


def move_together(
    shapes: Mapping[int, PolygonShape], vertices: Sequence[SharedVertex], to_xy: tuple[float, float]
) -> dict[int, PolygonShape]:
    """The changed shapes, by object id, after all `vertices` moved to one point."""
    return shift_together(shapes, {vertex: to_xy for vertex in vertices})


def shift_together(
    shapes: Mapping[int, PolygonShape], targets: Mapping[SharedVertex, tuple[float, float]]
) -> dict[int, PolygonShape]:
    """The changed shapes, by object id, after each vertex moved to its target: both ends of an edge, for example."""
    changed: dict[int, PolygonShape] = {}
    rings: dict[tuple[int, int, int], Points] = {}
    for vertex, to_xy in targets.items():
        key = vertex.object_id, vertex.where.part, vertex.where.ring
        if key not in rings:
            rings[key] = shapes[vertex.object_id].parts[vertex.where.part].rings_xy[vertex.where.ring].copy()
        rings[key][vertex.where.vertex] = to_xy
    for (object_id, part, ring), ring_xy in rings.items():
        changed[object_id] = with_ring(changed.get(object_id, shapes[object_id]), part, ring, ring_xy)
    return changed


def insert_together(
    shapes: Mapping[int, PolygonShape], edges: Sequence[SharedVertex], at_xy: tuple[float, float]
) -> dict[int, PolygonShape]:
    """The changed shapes after a vertex was added on a shared edge, so that it stays shared."""
    changed: dict[int, PolygonShape] = {}
    # From the last edge of a ring to the first: an insertion renumbers what follows it.
    for edge in sorted(edges, key=lambda edge: edge.where, reverse=True):
        changed[edge.object_id] = insert_vertex(changed.get(edge.object_id, shapes[edge.object_id]), edge.where, at_xy)
    return changed


def _rings(objects: Iterable[SegObject]) -> Iterable[tuple[SegObject, int, int, Points]]:
    for item in objects:
        if isinstance(item.shape, PolygonShape) and not item.locked:
            for part_number, part in enumerate(item.shape.parts):
                for ring_number, ring_xy in enumerate(part.rings_xy):
                    if len(ring_xy):
                        yield item, part_number, ring_number, ring_xy
