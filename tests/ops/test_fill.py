"""Flood fill and wand against scipy's labelling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from segstudio.core.geometry import EMPTY, Rect
from segstudio.ops import fill
from tests.ops.strategies import on_canvas

NEIGHBOURS = {4: ndimage.generate_binary_structure(2, 1), 8: ndimage.generate_binary_structure(2, 2)}
LABELS = hnp.array_shapes(min_dims=2, max_dims=2, max_side=16).flatmap(
    lambda shape: hnp.arrays(np.uint16, shape, elements=st.sampled_from([0, 1, 40_000]))
)


def piece_at(same, row, column, connectivity):
    labels, _ = ndimage.label(same, NEIGHBOURS[connectivity])
    return labels == labels[row, column]


@given(LABELS, st.data(), st.sampled_from([4, 8]), st.sampled_from([2, 8, 512]))
def test_flood_finds_the_component_of_equal_ids(ids_hw, data, connectivity, window):
    row = data.draw(st.integers(0, ids_hw.shape[0] - 1))
    column = data.draw(st.integers(0, ids_hw.shape[1] - 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fill, "_FIRST_WINDOW", window)
        rect, mask_hw = fill.flood(ids_hw, (column + 0.5, row + 0.5), connectivity=connectivity)
    expected = piece_at(ids_hw == ids_hw[row, column], row, column, connectivity)
    assert np.array_equal(on_canvas(rect, mask_hw, ids_hw.shape), expected)
    assert rect == Rect.of_mask(expected)


def test_a_component_larger_than_the_first_window_is_found_whole():
    ids_hw = np.zeros((1500, 1700), np.uint16)
    ids_hw[100:1400, 200:1500] = 7
    ids_hw[700, 201:1499] = 0
    rect, mask_hw = fill.flood(ids_hw, (800, 300))
    assert np.array_equal(on_canvas(rect, mask_hw, ids_hw.shape), piece_at(ids_hw == 7, 300, 800, 4))


@pytest.mark.parametrize("seed", [(-1, 2), (2, -0.5), (4, 2), (2, 3)])
def test_a_seed_outside_floods_nothing(seed):
    assert fill.flood(np.zeros((3, 4), np.uint16), seed)[0] == EMPTY
    assert fill.wand(np.zeros((3, 4, 3), np.uint8), seed, 9)[0] == EMPTY


PICTURES = hnp.arrays(np.uint8, (9, 11, 3), elements=st.sampled_from([0, 10, 20, 200, 255]))


@given(PICTURES, st.integers(0, 8), st.integers(0, 10), st.integers(0, 255), st.sampled_from([4, 8]))
def test_the_wand_takes_connected_pixels_within_the_tolerance(space_hwc, row, column, tolerance, connectivity):
    near = np.abs(space_hwc.astype(int) - space_hwc[row, column]).max(axis=2) <= tolerance
    expected = piece_at(near, row, column, connectivity)
    rect, mask_hw = fill.wand(space_hwc, (column, row), tolerance, connectivity=connectivity)
    assert np.array_equal(on_canvas(rect, mask_hw, near.shape), expected)
    rect, mask_hw = fill.wand(space_hwc, (column, row), tolerance, contiguous=False)
    assert np.array_equal(on_canvas(rect, mask_hw, near.shape), near)


@given(PICTURES, st.integers(0, 8), st.integers(0, 10), st.floats(0, 12))
def test_the_wand_keeps_within_its_reach(space_hwc, row, column, reach):
    rows, columns = np.mgrid[0:9, 0:11]
    rect, mask_hw = fill.wand(space_hwc, (column, row), 255, reach=reach)
    expected = (rows - row) ** 2 + (columns - column) ** 2 <= reach * reach
    assert np.array_equal(on_canvas(rect, mask_hw, (9, 11)), expected)


def test_the_space_of_the_wand_tells_colours_apart_and_forgives_noise():
    picture = np.full((30, 40, 3), (200, 40, 40), np.uint8)
    picture[:, 20:] = (40, 200, 40)
    picture[5, 5] = (255, 255, 255)
    space = fill.wand_space(picture)
    assert space.shape == picture.shape
    rect, mask_hw = fill.wand(space, (10, 15), 10)
    assert rect == Rect(0, 0, 20, 30)
    assert mask_hw.all()


def test_flood_gives_up_where_it_would_look_at_more_than_it_may():
    ids_hw = np.zeros((700, 900), np.uint16)
    ids_hw[300:320, 300:320] = 1
    everything = Rect.of_size(700, 900)
    assert fill.flood_within(ids_hw, (10.0, 10.0), 300_000) is None
    found = fill.flood_within(ids_hw, (10.0, 10.0), everything.area)
    assert found is not None
    assert found[0] == everything
    small = fill.flood_within(ids_hw, (310.0, 310.0), 300_000)
    assert small is not None
    assert small[0] == Rect(300, 300, 320, 320)
