"""Fewer points, the same thing: distance, topology and borders that stay shared."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.objects import PolygonShape
from segstudio.ops import booleans, polygon
from segstudio.ops.contours import polygon_of_mask
from segstudio.ops.simplify import simplify, simplify_together
from tests.ops.strategies import masks


def blob(seed=0):
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    radius = 100 + 10 * np.sin(5 * angle) + np.random.default_rng(seed).normal(0, 0.3, 400)
    return PolygonShape.of(np.stack((200 + radius * np.cos(angle), 200 + radius * np.sin(angle)), axis=1))


@pytest.mark.parametrize("method", ["douglas-peucker", "visvalingam"])
@given(masks(), st.floats(0.1, 6))
def test_rings_stay_valid_and_points_are_only_dropped(method, mask_hw, tolerance):
    shape = polygon_of_mask(mask_hw)
    simpler = simplify(shape, tolerance, method=method)
    assert booleans.why_invalid(simpler) is None
    assert len(simpler.parts) >= 1 or not mask_hw.any()
    before = {tuple(point) for ring in shape.rings_xy for point in ring}
    assert {tuple(point) for ring in simpler.rings_xy for point in ring} <= before


@pytest.mark.parametrize("tolerance", [0.5, 1.0, 3.0])
def test_no_point_is_farther_than_the_tolerance(tolerance):
    shape = blob()
    simpler = simplify(shape, tolerance)
    outline = shapely.LinearRing(simpler.parts[0].exterior_xy)
    distances = sorted(outline.distance(shapely.Point(p)) for p in shape.parts[0].exterior_xy)
    assert distances[-1] <= 1.5 * tolerance  # GEOS drops the ring's first point last, without measuring the others anew
    assert distances[-8] <= tolerance + 1e-9
    assert simpler.num_points < shape.num_points / 3


@pytest.mark.parametrize("method", ["douglas-peucker", "visvalingam"])
def test_more_tolerance_leaves_fewer_points_and_about_the_area(method):
    counts = []
    for tolerance in (0.5, 1, 2, 4):
        simpler = simplify(blob(), tolerance, method=method)
        counts.append(simpler.num_points)
        assert polygon.area(simpler) == pytest.approx(polygon.area(blob()), rel=0.05)
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < counts[0]


def test_no_tolerance_changes_nothing():
    shape = blob()
    assert simplify(shape, 0) is shape
    assert simplify_together([shape], 0) == [shape]


def test_neighbours_keep_their_common_border():
    rng = np.random.default_rng(5)
    border = np.cumsum(rng.integers(-1, 2, 80)) + 40
    columns = np.arange(80)
    left, right = (polygon_of_mask(mask) for mask in (columns < border[:, None], columns >= border[:, None]))
    a, b = simplify_together([left, right], 3)
    assert a.num_points < left.num_points / 2
    assert polygon.area(booleans.intersect(a, b)) == 0
    assert polygon.area(booleans.union(a, b)) == pytest.approx(polygon.area(a) + polygon.area(b))
    assert len(booleans.union(a, b).parts[0].holes_xy) == 0
