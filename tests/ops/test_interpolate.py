"""In-betweens: the ends are the key frames, and in the middle lies the middle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape
from segstudio.ops import rle
from segstudio.ops.interpolate import between
from segstudio.ops.shapes import mask_of
from tests.ops.strategies import masks
from tests.ops.test_shapes import ANY_SHAPE, SIZE, WHOLE


def disc(x, y, radius):
    rows, columns = np.mgrid[0:200, 0:300] + 0.5
    return rle.mask_shape(np.hypot(columns - x, rows - y) <= radius, size_hw=(200, 300))


@given(ANY_SHAPE, ANY_SHAPE)
def test_the_ends_are_the_key_frames(first, second):
    a, b = mask_of(first, WHOLE, SIZE), mask_of(second, WHOLE, SIZE)
    if a.any() and b.any():
        assert np.array_equal(rle.decode(between(first, second, 0, SIZE)), a)
        assert np.array_equal(rle.decode(between(first, second, 1, SIZE)), b)
    elif a.any() or b.any():
        assert np.array_equal(rle.decode(between(first, second, 0.5, SIZE)), a | b)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_disc_on_its_way_grows_and_moves(share):
    result = between(disc(60, 60, 20), disc(220, 130, 40), share, (200, 300))
    rows, columns = np.nonzero(rle.decode(result))
    assert columns.mean() + 0.5 == pytest.approx(60 + share * 160, abs=1)
    assert rows.mean() + 0.5 == pytest.approx(60 + share * 70, abs=1)
    assert (rows.size / np.pi) ** 0.5 == pytest.approx(20 + share * 20, abs=1)


@given(masks(), st.floats(0, 1))
def test_a_shape_that_only_moves_keeps_its_pixels(mask_hw, share):
    height, width = mask_hw.shape
    first = rle.mask_shape(mask_hw, size_hw=(60, 80), at=Rect(5, 5, 5 + width, 5 + height))
    second = rle.mask_shape(mask_hw, size_hw=(60, 80), at=Rect(45, 25, 45 + width, 25 + height))
    assert rle.area(between(first, second, share, (60, 80))) == rle.area(first)


def test_what_leaves_the_image_is_cut():
    square = np.array([(0, 0), (20, 0), (20, 20), (0, 20)], np.float64)
    result = between(PolygonShape.of(square), PolygonShape.of(square), 0.5, (10, 10))
    assert rle.decode(result).all()
