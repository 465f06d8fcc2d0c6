"""Traced outlines fill back to the mask they came from, and are polygons that other tools accept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape
from segstudio.ops import booleans, polygon
from segstudio.ops.contours import outline_mask, polygon_of_mask
from tests.ops.strategies import masks


@given(masks(), st.integers(0, 5), st.integers(0, 5))
@example(np.array([[1, 0], [0, 1]], bool), 0, 0)
@example(np.array([[0, 1], [1, 0]], bool), 0, 0)
@example(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], bool), 0, 0)
@example(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], bool), 0, 0)
@example(np.ones((1, 1), bool), 2, 3)
def test_filling_the_outline_gives_the_mask_back(mask_hw, left, top):
    whole = np.pad(mask_hw, ((top, 2), (left, 3)))
    shape = polygon_of_mask(mask_hw, offset_xy=(left, top))
    assert np.array_equal(polygon.fill_mask(shape, Rect.of_size(*whole.shape), whole.shape), whole)
    assert polygon.area(shape) == np.count_nonzero(mask_hw)


@given(masks())
def test_every_outline_is_valid_and_turned_the_right_way(mask_hw):
    shape = polygon_of_mask(mask_hw)
    assert booleans.why_invalid(shape) is None
    for part in shape.parts:
        assert polygon.signed_area(part.exterior_xy) > 0
        assert all(polygon.signed_area(hole) < 0 for hole in part.holes_xy)


@given(masks())
def test_no_point_lies_between_its_neighbours(mask_hw):
    for ring_xy in polygon_of_mask(mask_hw).rings_xy:
        before, after = np.roll(ring_xy, 1, axis=0), np.roll(ring_xy, -1, axis=0)
        assert not np.any((before == after).any(axis=1))


def test_an_empty_mask_has_no_outline():
    assert polygon_of_mask(np.zeros((4, 4), bool)) == PolygonShape(())


def test_pixels_that_touch_at_a_corner_are_two_parts():
    assert len(polygon_of_mask(np.eye(3, dtype=bool)).parts) == 3


@given(masks(max_side=8))
def test_an_outline_pixel_differs_to_the_right_or_below(ids_hw):
    outline = outline_mask(ids_hw)
    height, width = ids_hw.shape
    for row in range(height):
        for column in range(width):
            right = column + 1 < width and ids_hw[row, column] != ids_hw[row, column + 1]
            below = row + 1 < height and ids_hw[row, column] != ids_hw[row + 1, column]
            assert outline[row, column] == (right or below)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)])
def test_a_flat_map_has_no_outline(shape):
    assert not outline_mask(np.zeros(shape, np.uint16)).any()
