"""Whole shapes moved, scaled, grown and smoothed, as masks and as polygons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonPart, PolygonShape
from segstudio.ops import polygon, rle, smoothing, transform
from segstudio.ops.shapes import mask_of
from tests.ops.strategies import masks, view_of

SIZE = 30, 36
WHOLE = Rect.of_size(*SIZE)
SQUARE = np.array([(10, 10), (20, 10), (20, 20), (10, 20)], np.float64)
RING = PolygonShape((PolygonPart(SQUARE, (SQUARE / 2 + 7.5,)),))


def placed(mask_hw):
    height, width = mask_hw.shape
    return rle.mask_shape(mask_hw, size_hw=SIZE, at=Rect(6, 4, 6 + width, 4 + height))


@given(masks(), st.integers(-40, 40), st.integers(-40, 40))
def test_a_mask_moves_by_pixels_and_loses_what_leaves(mask_hw, dx, dy):
    shape = placed(mask_hw)
    moved = transform.move(shape, dx, dy)
    assert np.array_equal(mask_of(moved, WHOLE, SIZE), view_of(rle.decode(shape), WHOLE.moved(-dx, -dy)))


def test_a_polygon_moves_with_its_holes():
    moved = transform.move(RING, 2.5, -1)
    assert polygon.area(moved) == polygon.area(RING)
    assert moved.parts[0].holes_xy[0][0].tolist() == (RING.parts[0].holes_xy[0][0] + (2.5, -1)).tolist()


def test_scaling_a_polygon_scales_its_area():
    assert polygon.area(transform.scale(RING, 2, 0.5, around_xy=(3, 3))) == polygon.area(RING)
    assert transform.scale(RING, 3, 3, around_xy=(10, 10)).parts[0].exterior_xy[0].tolist() == [10, 10]


@given(masks(max_side=10))
def test_doubling_a_mask_repeats_its_pixels(mask_hw):
    shape = placed(mask_hw)
    doubled = transform.scale(shape, 2, 2, around_xy=(6, 4))
    expected = np.zeros(SIZE, bool)
    height, width = mask_hw.shape
    expected[4 : 4 + 2 * height, 6 : 6 + 2 * width] = mask_hw.repeat(2, axis=0).repeat(2, axis=1)[:26, :30]
    assert np.array_equal(mask_of(doubled, WHOLE, SIZE), expected)
    assert transform.scale(doubled, 0.5, 0.5, around_xy=(6, 4)) == shape


@given(masks(), st.integers(-6, 6).map(lambda v: v / 2))
def test_growing_is_euclidean_distance(mask_hw, pixels):
    padded = np.pad(mask_hw, 7)
    grown = smoothing.grow_mask(padded, pixels)
    if not mask_hw.any():
        expected = padded
    elif pixels >= 0:
        expected = ndimage.distance_transform_edt(~padded) <= pixels
    else:
        expected = ndimage.distance_transform_edt(padded) > -pixels
    assert np.array_equal(grown, expected)


@given(masks(), st.integers(-6, 6).map(lambda v: v / 2))
def test_growing_a_shape_is_growing_its_mask(mask_hw, pixels):
    shape = placed(mask_hw)
    expected = smoothing.grow_mask(rle.decode(shape), pixels)
    assert np.array_equal(rle.decode(smoothing.grow(shape, pixels)), expected)


def test_a_polygon_grows_round_and_shrinks_sharp():
    grown = smoothing.grow(PolygonShape.of(SQUARE), 2)
    assert polygon.area(grown) == pytest.approx(100 + 4 * 20 + 4 * np.pi, rel=0.005)
    assert polygon.area(smoothing.grow(PolygonShape.of(SQUARE), -2)) == pytest.approx(36)
    assert smoothing.grow(PolygonShape.of(SQUARE), -6).parts == ()


def test_smoothing_a_mask_cuts_spikes_and_fills_bays():
    mask_hw = np.zeros(SIZE, bool)
    mask_hw[8:22, 8:28] = True
    mask_hw[15, 28:33] = True
    mask_hw[8:11, 15] = False
    smooth = rle.decode(smoothing.smooth(rle.mask_shape(mask_hw, size_hw=SIZE), 1.5))
    assert not smooth[15, 30:33].any()
    assert smooth[9:11, 15].all()
    assert abs(int(smooth.sum()) - 14 * 20) < 15


def test_smoothing_a_polygon_keeps_its_place_and_size():
    smooth = smoothing.smooth(RING, 1.0)
    assert polygon.area(smooth) == pytest.approx(polygon.area(RING), rel=0.05)
    assert len(smooth.parts[0].holes_xy) == 1
    assert smoothing.smooth(RING, 0) is RING
