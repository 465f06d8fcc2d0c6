"""Neighbours that share a border keep sharing it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject
from segstudio.ops import booleans, polygon
from segstudio.ops.polygon import VertexRef
from segstudio.ops.shared_borders import (
    SharedVertex,
    edges_at,
    heirs_of,
    insert_together,
    move_together,
    shift_together,
    vertices_at,
)

SQUARE = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], np.float64)


def grid(locked=()):
    """Four squares round (10, 10), numbered in reading order."""
    corners = [(0, 0), (10, 0), (0, 10), (10, 10)]
    return [SegObject(i, 1, PolygonShape.of(SQUARE + c), locked=i in locked) for i, c in enumerate(corners)]


def shapes_of(objects):
    return {item.id: item.shape for item in objects}


@given(st.floats(4, 16), st.floats(4, 16))
def test_a_shared_vertex_moves_in_all_and_leaves_no_gap(x, y):
    objects = grid()
    shared = vertices_at(objects, (10, 10))
    assert sorted(vertex.object_id for vertex in shared) == [0, 1, 2, 3]
    moved = move_together(shapes_of(objects), shared, (x, y))
    assert set(moved) == {0, 1, 2, 3}
    assert sum(polygon.area(shape) for shape in moved.values()) == pytest.approx(400)
    assert polygon.area(booleans.union_of(list(moved.values()))) == pytest.approx(400)


def test_locked_objects_and_masks_do_not_share():
    objects = [*grid(locked={3}), SegObject(9, 1, MaskShape(9, 9, b""))]
    assert sorted(vertex.object_id for vertex in vertices_at(objects, (10, 10))) == [0, 1, 2]
    assert vertices_at(objects, (10.5, 10)) == []
    assert len(vertices_at(objects, (10.5, 10), tolerance=1)) == 3


def test_a_shared_edge_is_found_in_both_directions_and_moves_as_one():
    objects = grid()
    edges = edges_at(objects, (10, 0), (10, 10))
    assert edges == edges_at(objects, (10, 10), (10, 0))
    assert sorted(edge.object_id for edge in edges) == [0, 1]
    ends = {(10.0, 0.0): (12.0, 0.0), (10.0, 10.0): (12.0, 10.0)}
    targets = {vertex: to for at, to in ends.items() for vertex in vertices_at(objects[:2], at)}
    moved = shift_together(shapes_of(objects), targets)
    assert polygon.area(moved[0]) == pytest.approx(120)
    assert polygon.area(moved[1]) == pytest.approx(80)


def test_a_vertex_added_on_a_shared_edge_is_shared():
    objects = grid()
    changed = insert_together(shapes_of(objects), edges_at(objects, (10, 0), (10, 10)), (10, 5))
    after = [item.with_shape(changed.get(item.id, item.shape)) for item in objects]
    assert sorted(vertex.object_id for vertex in vertices_at(after, (10, 5))) == [0, 1]
    assert all(polygon.area(item.shape) == 100 for item in after)


def test_rings_of_one_object_share_too():
    hole = PolygonShape((PolygonPart(SQUARE * 3, (SQUARE + 10,)), PolygonPart(SQUARE + 10)))
    found = vertices_at([SegObject(1, 1, hole)], (10, 10))
    assert found == [SharedVertex(1, VertexRef(0, 1, 0)), SharedVertex(1, VertexRef(1, 0, 0))]
    moved = move_together({1: hole}, found, (11, 11))[1]
    assert polygon.vertex_xy(moved, VertexRef(0, 1, 0)) == polygon.vertex_xy(moved, VertexRef(1, 0, 0)) == (11, 11)
    edges = edges_at([SegObject(1, 1, hole)], (10, 10), (20, 10))
    longer = insert_together({1: hole}, edges, (15, 10))[1]
    assert longer.num_points == hole.num_points + 2
    assert polygon.area(longer) == polygon.area(hole)


def test_what_a_region_gives_up_goes_to_whom_it_bordered():
    ids_hw = np.zeros((40, 60), np.uint16)
    ids_hw[:, :20], ids_hw[:, 20:40], ids_hw[:20, 40:50] = 1, 2, 3
    freed_hw = np.zeros(ids_hw.shape, np.bool_)
    freed_hw[5:15, 20:24] = freed_hw[5:15, 37:40] = freed_hw[25:35, 38:40] = True
    heirs_hw = heirs_of(ids_hw, freed_hw)
    expected = np.zeros_like(ids_hw)
    expected[5:15, 20:24], expected[5:15, 37:40] = 1, 3
    np.testing.assert_array_equal(heirs_hw, expected)
    assert not heirs_of(np.full((5, 5), 2, np.uint16), np.ones((5, 5), np.bool_)).any()
    assert not heirs_of(ids_hw, np.zeros_like(freed_hw)).any()
