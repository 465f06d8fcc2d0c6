"""Splitting and merging lose no pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonShape
from segstudio.ops import instances, polygon, rle
from segstudio.ops.shapes import mask_of
from tests.ops.strategies import masks, rings
from tests.ops.test_shapes import ANY_SHAPE, SIZE, WHOLE

SQUARE = np.array([(5, 5), (35, 5), (35, 25), (5, 25)], np.float64)


@given(masks(), rings(min_points=2, max_points=4, low=-3, high=17))
def test_pieces_are_disjoint_and_together_the_mask(mask_hw, line_xy):
    pieces = instances.split_mask(mask_hw, line_xy)
    assert np.array_equal(np.sum(pieces, axis=0), mask_hw)
    if len(pieces) > 1:
        assert all(piece.any() for piece in pieces)


def test_a_line_halves_a_mask():
    mask_hw = np.zeros(SIZE, bool)
    mask_hw[5:25, 5:35] = True
    upper, lower = instances.split_mask(mask_hw, np.array([(0.0, 12.0), (50.0, 12.0)]))
    assert sorted((int(upper.sum()), int(lower.sum()))) == pytest.approx([30 * 7, 30 * 13], abs=31)
    assert {upper[24, 10], lower[24, 10]} == {True, False}
    assert {upper[5, 10], lower[5, 10]} == {True, False}


def test_a_line_that_stops_inside_or_misses_splits_nothing():
    mask_hw = np.zeros(SIZE, bool)
    mask_hw[5:25, 5:35] = True
    for line in ([(0, 12), (20, 12)], [(0, 30), (50, 30)], [(90, 90), (99, 99)]):
        assert len(instances.split_mask(mask_hw, np.array(line, float))) == 1


def test_only_the_piece_under_the_line_is_cut():
    mask_hw = np.zeros(SIZE, bool)
    mask_hw[2:6, 2:6] = True
    mask_hw[10:30, 10:40] = True
    left, right = instances.split_mask(mask_hw, np.array([(22.0, 0.0), (22.0, 40.0)]))
    assert right[:6, :6].sum() == 16 or left[:6, :6].sum() == 16
    assert left.sum() > right.sum()


def test_shapes_of_both_kinds_are_split():
    line = np.array([(0.0, 15.0), (50.0, 15.0)])
    pieces = instances.split_shape(PolygonShape.of(SQUARE), line)
    assert [polygon.area(piece) for piece in pieces] == [300, 300]
    mask = rle.mask_shape(mask_of(PolygonShape.of(SQUARE), WHOLE, SIZE), size_hw=SIZE)
    pieces = instances.split_shape(mask, line)
    assert len(pieces) == 2
    assert all(isinstance(piece, MaskShape) for piece in pieces)
    assert sum(rle.area(piece) for piece in pieces) == 600
    assert instances.split_shape(mask, line + 100) == [mask]


def both_masks(a, b):
    return mask_of(a, WHOLE, SIZE), mask_of(b, WHOLE, SIZE)


@given(masks().map(lambda m: rle.mask_shape(m, size_hw=SIZE, at=Rect(3, 5, 3 + m.shape[1], 5 + m.shape[0]))), ANY_SHAPE)
def test_operations_on_a_mask_are_operations_on_its_pixels(mask, other):
    a, b = both_masks(mask, other)
    for operation, expected in (
        (instances.subtract_shape, a & ~b),
        (instances.intersect_shape, a & b),
        (instances.xor_shape, a ^ b),
        (lambda x, y, size: instances.merge_shapes([x, y], size), a | b),
    ):
        assert np.array_equal(mask_of(operation(mask, other, SIZE), WHOLE, SIZE), expected)


@given(masks(), st.integers(0, 9))
def test_a_polygon_stays_a_polygon(mask_hw, shift):
    mask = rle.mask_shape(
        mask_hw, size_hw=SIZE, at=Rect(shift, shift, shift + mask_hw.shape[1], shift + mask_hw.shape[0])
    )
    shape = PolygonShape.of(SQUARE)
    a, b = both_masks(shape, mask)
    for operation, expected in ((instances.subtract_shape, a & ~b), (instances.intersect_shape, a & b)):
        result = operation(shape, mask, SIZE)
        assert isinstance(result, PolygonShape)
        assert np.array_equal(mask_of(result, WHOLE, SIZE), expected)


def test_polygons_merge_into_a_polygon():
    merged = instances.merge_shapes([PolygonShape.of(SQUARE), PolygonShape.of(SQUARE + (30, 0))], SIZE)
    assert isinstance(merged, PolygonShape)
    assert len(merged.parts) == 1
    assert polygon.area(merged) == 1200
    cut = instances.xor_shape(PolygonShape.of(SQUARE), PolygonShape.of(SQUARE + (10, 0)), SIZE)
    assert polygon.area(cut) == 400
