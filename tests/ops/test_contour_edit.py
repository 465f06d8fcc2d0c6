"""Redrawing replaces the stretch that was drawn over, whichever way it was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.objects import PolygonPart, PolygonShape
from segstudio.ops import booleans, polygon
from segstudio.ops.contour_edit import redraw
from segstudio.ops.polygon import VertexRef

ANGLE = np.linspace(0, 2 * np.pi, 36, endpoint=False)
CIRCLE = np.stack((np.cos(ANGLE), np.sin(ANGLE)), axis=1) * 100 + 200


def bulge(start, end, height):
    """Points of a wider arc over the circle's vertices `start` … `end`, without the two."""
    inner = np.linspace(ANGLE[0] + np.pi * 2 * start / 36, np.pi * 2 * end / 36, 12)[1:-1]
    return np.stack((np.cos(inner), np.sin(inner)), axis=1) * (100 + height) + 200


@given(st.integers(0, 35), st.integers(2, 12), st.sampled_from([-30, 20]), st.booleans())
def test_a_short_stretch_is_replaced_and_the_rest_stays(first, length, height, reverse):
    last = (first + length) % 36
    start, end = VertexRef(0, 0, first), VertexRef(0, 0, last)
    path_xy = bulge(first, first + length, height)
    shape = PolygonShape.of(CIRCLE)
    changed = redraw(shape, end, start, path_xy[::-1]) if reverse else redraw(shape, start, end, path_xy)
    points = {tuple(p) for p in changed.parts[0].exterior_xy}
    kept = {tuple(CIRCLE[(last + i) % 36]) for i in range(36 - length + 1)}
    assert points == kept | {tuple(p) for p in path_xy}
    assert booleans.why_invalid(changed) is None
    assert (polygon.area(changed) > polygon.area(shape)) == (height > 0)


def test_a_hole_can_be_redrawn():
    shape = PolygonShape((PolygonPart(CIRCLE * 3 - 400, (CIRCLE,)),))
    changed = redraw(shape, VertexRef(0, 1, 0), VertexRef(0, 1, 6), bulge(0, 6, 30))
    assert polygon.area(changed) < polygon.area(shape)
    assert changed.parts[0].exterior_xy is shape.parts[0].exterior_xy


def test_a_straight_line_cuts_the_shorter_way_off():
    changed = redraw(PolygonShape.of(CIRCLE), VertexRef(0, 0, 0), VertexRef(0, 0, 9), np.zeros((0, 2)))
    assert len(changed.parts[0].exterior_xy) == 36 - 8


@pytest.mark.parametrize("end", [VertexRef(0, 0, 3), VertexRef(0, 1, 5), VertexRef(1, 0, 5)])
def test_two_vertices_of_one_ring_are_needed(end):
    with pytest.raises(ValueError, match="one ring"):
        redraw(PolygonShape.of(CIRCLE, CIRCLE), VertexRef(0, 0, 3), end, np.zeros((0, 2)))
