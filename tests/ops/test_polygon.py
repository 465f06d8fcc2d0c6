"""Filling against pycocotools, measures against shapely, and the edits of vertices."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from shapely.geometry import LinearRing, Point, Polygon

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonPart, PolygonShape
from segstudio.ops import polygon
from segstudio.ops.polygon import VertexRef
from tests.ops.strategies import coordinates, rects, rings, view_of

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools.decode

SIZE = 40, 50
SQUARE = np.array([(0, 0), (9, 0), (9, 9), (0, 9)], np.float64)


def coco_fill(ring_xy, size_hw=SIZE):
    return coco_mask.decode(coco_mask.frPyObjects([ring_xy.ravel().tolist()], *size_hw)[0]).astype(bool)


@given(rings(), rects())
def test_every_rectangle_shows_cocos_pixels(ring_xy, rect):
    filled = polygon.fill_mask(PolygonShape.of(ring_xy), rect, SIZE)
    assert np.array_equal(filled, view_of(coco_fill(ring_xy), rect))


@given(rings(), rings(), rings(), rects())
def test_holes_are_taken_out_and_parts_joined(exterior_xy, hole_xy, other_xy, rect):
    shape = PolygonShape((PolygonPart(exterior_xy, (hole_xy,)), PolygonPart(other_xy)))
    expected = (coco_fill(exterior_xy) & ~coco_fill(hole_xy)) | coco_fill(other_xy)
    assert np.array_equal(polygon.fill_mask(shape, rect, SIZE), view_of(expected, rect))


def test_the_square_that_other_libraries_fill_otherwise():
    assert polygon.fill_mask(PolygonShape.of(SQUARE), Rect(0, 0, 50, 40), SIZE).sum() == 81


def test_a_polygon_far_larger_than_the_image_fills_it_without_filling_memory():
    huge = PolygonShape.of((SQUARE - 4) * 1e8)
    assert polygon.fill_mask(huge, Rect(0, 0, 50, 40), SIZE).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_point_that_is_no_number_is_refused(bad):
    ring_xy = SQUARE.copy()
    ring_xy[2, 0] = bad
    with pytest.raises(UserError, match="not a number"):
        polygon.fill_mask(PolygonShape.of(ring_xy), Rect(0, 0, 5, 5), SIZE)


@pytest.mark.parametrize("points", [0, 1, 2])
def test_fewer_than_three_points_cover_nothing(points):
    assert not polygon.fill_mask(PolygonShape.of(SQUARE[:points]), Rect(0, 0, 50, 40), SIZE).any()


@given(rings())
def test_clipping_keeps_what_lies_inside(ring_xy):
    shape = Polygon(ring_xy)
    assume(shape.is_valid)
    clipped = polygon.clip_ring(ring_xy, Rect(0, 0, 30, 20))
    expected = shape.intersection(shapely.box(0, 0, 30, 20)).area
    assert abs(polygon.signed_area(clipped)) == pytest.approx(expected, abs=1e-6)


@given(rings())
def test_area_and_direction_are_those_of_shapely(ring_xy):
    shape = Polygon(ring_xy)
    assume(shape.is_valid)
    assert polygon.area(PolygonShape.of(ring_xy)) == pytest.approx(shape.area, abs=1e-6)
    if shape.area > 1e-6:
        # Shapely calls a ring counter-clockwise with y upwards, which is clockwise on the screen.
        assert (polygon.signed_area(ring_xy) > 0) == LinearRing(ring_xy).is_ccw


@given(rings(), coordinates(), coordinates())
def test_point_in_shape_is_shapelys_contains(ring_xy, x, y):
    shape = Polygon(ring_xy)
    assume(shape.is_valid and shape.exterior.distance(Point(x, y)) > 1e-6)
    assert polygon.point_in_shape(PolygonShape.of(ring_xy), (x, y)) == shape.contains(Point(x, y))


def test_a_point_in_a_hole_is_outside():
    shape = PolygonShape((PolygonPart(SQUARE, (SQUARE / 3 + 3,)),))
    assert not polygon.point_in_shape(shape, (4, 4))
    assert polygon.point_in_shape(shape, (1, 1))


@given(rings(), coordinates(), coordinates())
def test_the_nearest_edge_is_as_near_as_shapely_says(ring_xy, x, y):
    hit = polygon.nearest_edge(PolygonShape.of(ring_xy), (x, y))
    closed = shapely.LineString(np.vstack((ring_xy, ring_xy[:1])))
    assert hit.distance == pytest.approx(closed.distance(Point(x, y)), abs=1e-6)
    assert np.hypot(hit.foot_xy[0] - x, hit.foot_xy[1] - y) == pytest.approx(hit.distance, abs=1e-9)
    edge = shapely.LineString(np.vstack((ring_xy, ring_xy[:1]))[hit.edge.vertex : hit.edge.vertex + 2])
    assert edge.distance(Point(hit.foot_xy)) < 1e-6


def test_nearest_vertex_looks_at_parts_and_holes():
    shape = PolygonShape((PolygonPart(SQUARE, (SQUARE / 3 + 3,)), PolygonPart(SQUARE + 20)))
    assert polygon.nearest_vertex(shape, (21, 20)) == (VertexRef(1, 0, 0), 1.0)
    assert polygon.nearest_vertex(shape, (3, 3)) == (VertexRef(0, 1, 0), 0.0)
    assert polygon.nearest_vertex(PolygonShape(()), (0, 0)) is None
    assert polygon.nearest_edge(PolygonShape(()), (0, 0)) is None


@given(rings(min_points=4), st.data())
def test_a_vertex_inserted_and_removed_leaves_no_trace(ring_xy, data):
    shape = PolygonShape((PolygonPart(SQUARE, (ring_xy,)),))
    where = VertexRef(0, 1, data.draw(st.integers(0, len(ring_xy) - 1)))
    longer = polygon.insert_vertex(shape, where, (5.0, 6.0))
    added = where._replace(vertex=where.vertex + 1)
    assert polygon.vertex_xy(longer, added) == (5.0, 6.0)
    assert polygon.remove_vertex(longer, added) == shape
    moved = polygon.move_vertex(shape, where, (7.0, 8.0))
    assert polygon.vertex_xy(moved, where) == (7.0, 8.0)
    assert polygon.move_vertex(moved, where, polygon.vertex_xy(shape, where)) == shape


def test_a_ring_of_two_points_is_no_ring():
    triangle = SQUARE[:3]
    with_hole = PolygonShape((PolygonPart(SQUARE, (triangle,)),))
    assert polygon.remove_vertex(with_hole, VertexRef(0, 1, 0)) == PolygonShape.of(SQUARE)
    two_parts = PolygonShape((PolygonPart(triangle, (triangle / 3,)), PolygonPart(SQUARE)))
    assert polygon.remove_vertex(two_parts, VertexRef(0, 0, 1)) == PolygonShape.of(SQUARE)
