"""Polygon algebra: areas by inclusion and exclusion, pieces of a cut, and what is called invalid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given

from segstudio.core.errors import UserError
from segstudio.core.objects import PolygonPart, PolygonShape
from segstudio.ops import booleans, polygon
from tests.ops.strategies import rings

SQUARE = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], np.float64)
RING = PolygonShape((PolygonPart(SQUARE, (SQUARE / 2 + 2.5,)),))


@given(rings(), rings())
@example(
    np.array([(-1.0, 0.0), (0.1, 0.3), (-1.6, 0.0)]),
    np.array([(-1.0, 0.0), (0.1, 0.3), (-2.0, 0.0), (1.0, 0.3)]),
).via("GEOS subtracted wrongly without a grid")
def test_the_areas_of_the_four_operations_agree(first_xy, second_xy):
    a = booleans.repaired(PolygonShape.of(first_xy))
    b = booleans.repaired(PolygonShape.of(second_xy))
    both = polygon.area(booleans.intersect(a, b))
    assert polygon.area(booleans.union(a, b)) == pytest.approx(polygon.area(a) + polygon.area(b) - both, abs=1e-3)
    assert polygon.area(booleans.subtract(a, b)) == pytest.approx(polygon.area(a) - both, abs=1e-3)
    expected = polygon.area(a) + polygon.area(b) - 2 * both
    assert polygon.area(booleans.xor(a, b)) == pytest.approx(expected, abs=1e-3)


def test_subtracting_from_the_middle_makes_a_hole():
    hole = booleans.subtract(PolygonShape.of(SQUARE), PolygonShape.of(SQUARE / 2 + 2.5))
    assert len(hole.parts) == 1
    assert len(hole.parts[0].holes_xy) == 1
    assert polygon.area(hole) == 75


def test_union_of_many_joins_what_touches():
    row = [PolygonShape.of(SQUARE + (10 * i, 0)) for i in range(4)]
    assert polygon.area(booleans.union_of(row)) == 400
    assert len(booleans.union_of(row).parts) == 1


def test_a_line_cuts_a_ring_into_its_halves():
    pieces = booleans.cut(RING, np.array([(-1.0, 4.0), (11.0, 4.0)]))
    assert [polygon.area(piece) for piece in pieces] == pytest.approx([60 - 17.5, 40 - 7.5])


def test_a_line_that_stops_inside_cuts_nothing():
    assert booleans.cut(RING, np.array([(-1.0, 1.0), (5.0, 1.0)])) == [RING]
    assert booleans.cut(RING, np.array([(20.0, 0.0), (20.0, 9.0)])) == [RING]
    assert booleans.cut(RING, np.array([(0.0, 0.0)])) == [RING]


def test_what_is_wrong_is_named_and_left_as_it_is():
    bow_tie = PolygonShape.of(SQUARE[[0, 1, 3, 2]])
    assert booleans.why_invalid(bow_tie) == "Self-intersection at (5 5)"
    assert booleans.why_invalid(PolygonShape.of(SQUARE[:2])) == "a ring has fewer than three points"
    assert booleans.why_invalid(PolygonShape.of(SQUARE * np.nan)) == "a point is not a number"
    assert booleans.why_invalid(RING) is None


def test_a_self_crossing_outline_is_repaired_only_on_request():
    repaired = booleans.repaired(PolygonShape.of(SQUARE[[0, 1, 3, 2]]))
    assert booleans.why_invalid(repaired) is None
    assert polygon.area(repaired) == 50


def test_no_number_is_no_shape():
    with pytest.raises(UserError, match="not a number"):
        booleans.union(RING, PolygonShape.of(SQUARE + np.inf))
