"""Pieces of a raster inside an area, against scipy's labelling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from segstudio.core.geometry import Rect
from segstudio.ops.pieces import pieces_inside


def expected(ids_hw, allowed_hw):
    """Every 4-connected piece whose pixels are all allowed."""
    found = set()
    for number in np.unique(ids_hw[ids_hw > 0]):
        labels, count = ndimage.label(ids_hw == number)
        for piece in range(1, count + 1):
            inside = labels == piece
            if allowed_hw[inside].all():
                found.add((int(number), inside.tobytes()))
    return found


def found_by(ids_hw, at, area_hw=None):
    made = set()
    for segment_id, rect, mask_hw in pieces_inside(ids_hw, at, area_hw=area_hw):
        whole = np.zeros(ids_hw.shape, bool)
        whole[rect.slices] = mask_hw
        assert Rect.of_mask(whole) == rect
        made.add((segment_id, whole.tobytes()))
    return made


boxes = st.tuples(st.integers(-3, 14), st.integers(-3, 11), st.integers(1, 16), st.integers(1, 14))


@settings(max_examples=150, deadline=None)
@given(ids_hw=arrays(np.uint16, (11, 14), elements=st.integers(0, 3)), box=boxes)
def test_those_in_a_box(ids_hw, box):
    x, y, width, height = box
    allowed = np.zeros(ids_hw.shape, bool)
    at = Rect(x, y, x + width, y + height)
    allowed[at.intersect(Rect.of_size(*ids_hw.shape)).slices] = True
    assert found_by(ids_hw, at) == expected(ids_hw, allowed)


@settings(max_examples=100, deadline=None)
@given(
    ids_hw=arrays(np.uint16, (9, 12), elements=st.sampled_from([0, 1, 700])),
    area_hw=arrays(np.bool_, (6, 7), elements=st.booleans()),
    corner=st.tuples(st.integers(-3, 9), st.integers(-3, 7)),
)
def test_those_in_any_area(ids_hw, area_hw, corner):
    at = Rect(corner[0], corner[1], corner[0] + 7, corner[1] + 6)
    allowed = np.zeros((30, 30), bool)
    allowed[at.y0 + 10 : at.y1 + 10, at.x0 + 10 : at.x1 + 10] = area_hw
    assert found_by(ids_hw, at, area_hw) == expected(ids_hw, allowed[10:19, 10:22])


@pytest.mark.parametrize("at", [Rect(0, 0, 0, 0), Rect(-9, -9, -2, -2), Rect(40, 0, 50, 9)])
def test_beyond_the_image_there_are_none(at):
    assert list(pieces_inside(np.ones((9, 12), np.uint16), at)) == []
