"""Lasso, figures and thinning."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import EMPTY, Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ops import lasso, polygon, rle
from segstudio.ops.shapes import ObjectIndex
from tests.ops.strategies import coordinates, on_canvas, rings

SIZE = 40, 50
POINT = st.tuples(coordinates(), coordinates())


@given(rings(min_points=1))
def test_the_lasso_fills_what_the_polygon_would(path_xy):
    rect, mask_hw = lasso.lasso_fill(path_xy, SIZE)
    expected = polygon.fill_mask(PolygonShape.of(path_xy), Rect.of_size(*SIZE), SIZE)
    assert np.array_equal(on_canvas(rect, mask_hw, SIZE), expected)


def test_the_lasso_selects_what_lies_wholly_inside():
    square = np.array([(0, 0), (6, 0), (6, 6), (0, 6)], np.float64)
    pixels = np.zeros(SIZE, bool)
    pixels[30:34, 30:34] = True
    objects = [
        SegObject(1, 1, PolygonShape.of(square + 5)),
        SegObject(2, 1, PolygonShape.of(square + (16, 5))),
        SegObject(3, 1, rle.mask_shape(pixels, size_hw=SIZE), z=1),
    ]
    index = ObjectIndex(objects)
    around_first = np.array([(4, 4), (18, 4), (18, 12), (4, 12)], np.float64)
    assert [item.id for item in lasso.lasso_select(index, around_first)] == [1]
    everything = np.array([(0, 0), (50, 0), (50, 40), (0, 40)], np.float64)
    assert [item.id for item in lasso.lasso_select(index, everything)] == [3, 2, 1]
    through_the_mask = np.array([(0, 0), (50, 0), (50, 31), (32, 31), (32, 40), (0, 40)], np.float64)
    assert [item.id for item in lasso.lasso_select(index, through_the_mask)] == [2, 1]
    assert lasso.lasso_select(index, everything[:2]) == []


@given(st.lists(POINT, min_size=1, max_size=30), st.floats(0, 20))
def test_thinning_keeps_the_ends_and_the_spacing(points, spacing):
    path_xy = np.array(points)
    kept = lasso.thinned(path_xy, spacing)
    assert kept[0].tolist() == path_xy[0].tolist()
    assert kept[-1].tolist() == path_xy[-1].tolist()
    steps = np.hypot(*np.diff(kept, axis=0).T)
    assert np.all(steps[:-1] >= spacing - 1e-9)


@given(POINT, POINT)
def test_a_rectangle_has_the_two_corners(p0, p1):
    ring_xy = lasso.rectangle(p0, p1).parts[0].exterior_xy
    assert polygon.signed_area(ring_xy) == pytest.approx(abs((p1[0] - p0[0]) * (p1[1] - p0[1])))
    assert list(p0) in ring_xy.tolist()
    assert list(p1) in ring_xy.tolist()


@given(st.floats(1, 400), st.floats(1, 400), st.sampled_from([0.1, 0.25, 1.0]))
def test_an_ellipse_is_nowhere_farther_than_its_error(width, height, error):
    ring_xy = lasso.ellipse((0, 0), (width, height), error=error).parts[0].exterior_xy
    angle = np.linspace(0, 2 * np.pi, 2000)
    exact = np.stack((width / 2 * (1 + np.cos(angle)), height / 2 * (1 + np.sin(angle))), axis=1)
    outline = shapely.LinearRing(ring_xy)
    assert shapely.distance(outline, shapely.points(exact)).max() <= error + 1e-6
    assert polygon.signed_area(ring_xy) > 0


def test_a_lasso_round_nothing_is_nothing():
    assert lasso.lasso_fill(np.zeros((0, 2)), SIZE)[0] == EMPTY
