"""Snapping against a search of everything."""

from __future__ import annotations

from math import atan2, degrees, hypot

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.objects import MaskShape, PolygonShape, SegObject
from segstudio.ops import snapping
from segstudio.ops.polygon import VertexRef
from tests.ops.strategies import coordinates, rings

POINT = st.tuples(coordinates(), coordinates())
SQUARE = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], np.float64)
OBJECTS = [
    SegObject(1, 1, PolygonShape.of(SQUARE)),
    SegObject(2, 1, PolygonShape.of(SQUARE + (12, 0))),
    SegObject(3, 1, MaskShape(9, 9, b"")),
]


@given(st.lists(rings(), min_size=1, max_size=4), POINT, st.floats(0, 20))
def test_the_nearest_vertex_within_reach_wins(all_rings, point, reach):
    objects = [SegObject(i, 0, PolygonShape.of(ring)) for i, ring in enumerate(all_rings)]
    distances = [float(np.hypot(*(ring - point).T).min()) for ring in all_rings]
    snap = snapping.snap_to_objects(point, objects, reach, edges=False)
    if min(distances) > reach:
        assert snap is None
    else:
        assert snap.kind == "vertex"
        assert snap.distance == pytest.approx(min(distances))
        assert hypot(snap.point_xy[0] - point[0], snap.point_xy[1] - point[1]) == pytest.approx(snap.distance)
        ring = all_rings[snap.object_id]
        assert ring[snap.where.vertex].tolist() == list(snap.point_xy)


def test_a_corner_wins_over_a_closer_edge():
    snap = snapping.snap_to_objects((11.5, 1.0), OBJECTS, 3)
    assert (snap.kind, snap.object_id, snap.point_xy) == ("vertex", 2, (12, 0))
    snap = snapping.snap_to_objects((10.8, 5.0), OBJECTS, 3)
    assert (snap.kind, snap.object_id, snap.point_xy) == ("edge", 1, (10, 5))
    assert snap.where == VertexRef(0, 0, 1)
    assert snapping.snap_to_objects((10.8, 5.0), OBJECTS, 3, edges=False) is None
    assert snapping.snap_to_objects((5.0, 5.0), OBJECTS, 3) is None


LABELS = hnp.arrays(np.uint16, (9, 12), elements=st.sampled_from([0, 1, 2]))


@given(LABELS, st.floats(-3, 15), st.floats(-3, 12), st.floats(0, 5))
def test_the_nearest_corner_of_a_border_between_labels(ids_hw, x, y, reach):
    corners = [
        (column, row)
        for row in range(1, 9)
        for column in range(1, 12)
        if len(np.unique(ids_hw[row - 1 : row + 1, column - 1 : column + 1])) > 1
    ]
    distances = [hypot(cx - x, cy - y) for cx, cy in corners]
    snap = snapping.snap_to_labels((x, y), ids_hw, reach)
    if not distances or min(distances) > reach:
        assert snap is None
    else:
        assert snap.kind == "border"
        assert snap.distance == pytest.approx(min(distances))
        assert snap.point_xy in corners


@given(POINT, POINT)
def test_angles_are_multiples_of_45_degrees(start, end):
    assume(start != end)
    x, y = snapping.at_right_angles(start, end)
    dx, dy = x - start[0], y - start[1]
    if hypot(dx, dy) > 1e-6:
        assert abs((degrees(atan2(dy, dx)) + 22.5) % 45 - 22.5) < 1e-3
    # No point of the four lines is nearer to the cursor.
    miss = hypot(x - end[0], y - end[1])
    way = np.array(end) - start
    others = [abs(way @ (-np.sin(a), np.cos(a))) for a in np.radians([0, 45, 90, 135])]
    assert miss == pytest.approx(min(others), abs=1e-9)


def test_no_way_has_no_angle():
    assert snapping.at_right_angles((3, 4), (3, 4)) == (3, 4)
