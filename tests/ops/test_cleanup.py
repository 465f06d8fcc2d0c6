"""Cleaning shapes agrees with cleaning their pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonPart, PolygonShape
from segstudio.ops import components, rle
from segstudio.ops.cleanup import without_holes, without_specks
from segstudio.ops.contours import polygon_of_mask
from segstudio.ops.shapes import mask_of
from tests.ops.strategies import masks

SIZE = 30, 34
WHOLE = Rect.of_size(*SIZE)
SQUARE = np.array([(0, 0), (12, 0), (12, 12), (0, 12)], np.float64)


@given(masks(), st.integers(1, 9))
def test_a_mask_is_cleaned_as_its_pixels(mask_hw, limit):
    height, width = mask_hw.shape
    shape = rle.mask_shape(mask_hw, size_hw=SIZE, at=Rect(5, 6, 5 + width, 6 + height))
    whole = rle.decode(shape)
    assert np.array_equal(rle.decode(without_holes(shape)), components.fill_holes(whole))
    closed = without_holes(shape, smaller_than=limit)
    assert np.array_equal(rle.decode(closed), components.fill_holes(whole, smaller_than=limit))
    kept = without_specks(shape, smaller_than=limit)
    assert np.array_equal(rle.decode(kept), components.remove_specks(whole, smaller_than=limit))


@given(masks(), st.integers(1, 9))
def test_a_traced_polygon_loses_the_specks_of_its_mask(mask_hw, limit):
    cleaned = without_specks(polygon_of_mask(mask_hw), smaller_than=limit)
    expected = components.remove_specks(mask_hw, smaller_than=limit, connectivity=4)
    assert np.array_equal(mask_of(cleaned, Rect.of_size(*mask_hw.shape), mask_hw.shape), expected)


def test_holes_of_a_polygon_go_by_size():
    small, large = SQUARE / 6 + 1, SQUARE / 3 + 6
    shape = PolygonShape((PolygonPart(SQUARE, (small, large)),))
    assert without_holes(shape) == PolygonShape.of(SQUARE)
    assert without_holes(shape, smaller_than=5) == PolygonShape((PolygonPart(SQUARE, (large,)),))
    assert without_specks(shape, smaller_than=124) == shape
    assert without_specks(shape, smaller_than=125) == PolygonShape(())
