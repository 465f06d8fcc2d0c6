"""Vertices that move together: those chosen on one outline, and those of neighbours at the same places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ops.polygon import VertexRef, remove_vertices, vertex_xy
from segstudio.ops.shared_borders import (
    TOUCHING,
    SharedVertex,
    edges_at,
    insert_together,
    shift_together,
    vertices_at,
)
from segstudio.session.edits.object_view import is_pickable
from segstudio.ui.canvas.tools.tool import ToolContext

Point = tuple[float, float]


def neighbours_at(context: ToolContext, own: int, points: Iterable[Point]) -> dict[int, SegObject]:
    """The other editable polygons whose boxes reach one of the points, where borders are shared; by id."""
    view = context.view
    if not view.shared_borders or view.mode != "objects":
        return {}
    near = (item for point in points for item in context.objects.index.near(point, TOUCHING))
    return {
        item.id: item
        for item in near
        if item.id != own and is_pickable(view, item) and isinstance(item.shape, PolygonShape)
    }


class VertexGroup:
    """Vertices of one outline and those that neighbours have at the same places; they move by the same step."""

    def __init__(
        self, shape: PolygonShape, own: int, vertices: Iterable[VertexRef], neighbours: Mapping[int, SegObject]
    ) -> None:
        self._own = own
        self._shapes = {own: shape, **{key: _polygon(item) for key, item in neighbours.items()}}
        self._from: dict[SharedVertex, Point] = {}
        for vertex in vertices:
            point = vertex_xy(shape, vertex)
            self._from[SharedVertex(own, vertex)] = point
            for shared in vertices_at(neighbours.values(), point):
                self._from[shared] = point

    @property
    def neighbours(self) -> frozenset[int]:
        """The other objects that change."""
        return frozenset(vertex.object_id for vertex in self._from) - {self._own}

    def moved(self, dx: float, dy: float) -> tuple[PolygonShape, dict[int, PolygonShape]]:
        """The outline and its neighbours after a step in pixels."""
        targets = {vertex: (x + dx, y + dy) for vertex, (x, y) in self._from.items()}
        changed = shift_together(self._shapes, targets)
        return changed.pop(self._own), changed


def with_vertex(
    shape: PolygonShape, own: int, edge: VertexRef, at_xy: Point, neighbours: Mapping[int, SegObject]
) -> tuple[PolygonShape, dict[int, PolygonShape]]:
    """The outline with a vertex on an edge, and the neighbours that share that edge with one too."""
    a, b = edge_ends(shape, edge)
    edges = [SharedVertex(own, edge), *edges_at(neighbours.values(), a, b)]
    changed = insert_together({own: shape, **{key: _polygon(item) for key, item in neighbours.items()}}, edges, at_xy)
    return changed.pop(own), changed


def without_points(neighbours: Mapping[int, SegObject], points: Iterable[Point]) -> dict[int, PolygonShape]:
    """The neighbours that have vertices at the points, without them; by id."""
    of_object: dict[int, set[VertexRef]] = {}
    for point in points:
        for shared in vertices_at(neighbours.values(), point):
            of_object.setdefault(shared.object_id, set()).add(shared.where)
    return {key: remove_vertices(_polygon(neighbours[key]), vertices) for key, vertices in of_object.items()}


def edge_ends(shape: PolygonShape, edge: VertexRef) -> tuple[Point, Point]:
    """Where an edge begins and ends."""
    return vertex_xy(shape, edge), vertex_xy(shape, following(shape, edge))


def following(shape: PolygonShape, vertex: VertexRef) -> VertexRef:
    """The next vertex of the ring."""
    ring_xy = shape.parts[vertex.part].rings_xy[vertex.ring]
    return vertex._replace(vertex=(vertex.vertex + 1) % len(ring_xy))


def vertices_in(shape: PolygonShape, low: Point, high: Point) -> frozenset[VertexRef]:
    """The vertices inside a box given by two opposite corners in any order."""
    (x0, x1), (y0, y1) = sorted((low[0], high[0])), sorted((low[1], high[1]))
    found = []
    for part_number, part in enumerate(shape.parts):
        for ring_number, ring_xy in enumerate(part.rings_xy):
            x, y = ring_xy.T
            inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
            found += [VertexRef(part_number, ring_number, int(index)) for index in np.flatnonzero(inside)]
    return frozenset(found)


def _polygon(item: SegObject) -> PolygonShape:
    assert isinstance(item.shape, PolygonShape)
    return item.shape
