"""The smart brush stops at edges, is a plain brush where there is none, and never paints beyond its tip."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.ops.brush import stroke_path
from segstudio.ops.smart_brush import smart_stroke


def painted(image, path, radius):
    whole = np.zeros(image.shape[:2], bool)
    rect, mask = smart_stroke(image, np.array(path, float), radius)
    whole[rect.slices] = mask
    return whole


def plain(size_hw, path, radius):
    whole = np.zeros(size_hw, bool)
    rect, mask = stroke_path(np.array(path, float), radius, Rect.of_size(*size_hw))
    whole[rect.slices] = mask
    return whole


@pytest.mark.parametrize("radius", [5, 20, 70])
def test_where_there_is_no_edge_the_whole_tip_paints(radius):
    image = np.full((300, 300, 3), 120, np.uint8)
    path = [(140, 150), (160, 150)]
    assert (painted(image, path, radius) & plain((300, 300), path, radius)).sum() >= 0.97 * plain(
        (300, 300), path, radius
    ).sum()


def test_it_stops_at_an_edge():
    image = np.full((200, 200, 3), 90, np.uint8)
    image[:, 110:] = (200, 60, 60)
    mask = painted(image, [(95, 100)], 25)
    disc = plain((200, 200), [(95, 100)], 25)
    assert mask[:, 112:].sum() == 0
    assert disc[:, 112:].sum() > 100
    assert (disc & ~mask)[:, :108].sum() < 0.03 * disc.sum()


@given(st.floats(-30, 130), st.floats(-30, 90), st.floats(0.5, 60), st.integers(0, 5))
def test_it_never_paints_beyond_the_plain_tip_or_the_picture(x, y, radius, seed):
    image = np.random.default_rng(seed).integers(0, 256, (60, 100, 3), dtype=np.uint8)
    path = [(x, y), (x + 7, y + 3)]
    assert not (painted(image, path, radius) & ~plain((60, 100), path, radius)).any()


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_odd_pictures(size_hw):
    image = np.zeros((*size_hw, 3), np.uint8)
    assert painted(image, [(0.5, 0.5)], 8).any()
