"""Labels and shapes carried along a motion that is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape
from segstudio.ops import polygon, propagate, rle
from segstudio.ops.shapes import mask_of

SIZE = 180, 240
RECT = Rect(60, 50, 130, 110)


@pytest.fixture(scope="module")
def moved():
    """A textured picture, the same seven pixels to the right and four down, and the flow both ways."""
    rng = np.random.default_rng(1)
    texture = ndimage.gaussian_filter(rng.normal(0, 1, (220, 280, 3)), (3, 3, 0))
    texture = np.clip(128 + 500 * texture, 0, 255).astype(np.uint8)
    before, after = texture[20:200, 20:260], texture[16:196, 13:253]
    return before, after, propagate.optical_flow(before, after), propagate.optical_flow(after, before)


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_the_flow_is_the_motion(moved):
    *_, flow, _ = moved
    assert flow.shape == (*SIZE, 2)
    assert np.median(flow[20:-20, 20:-20], axis=(0, 1)) == pytest.approx([7, 4], abs=0.3)


def test_labels_go_along(moved):
    *_, back_flow = moved
    ids_hw = np.zeros(SIZE, np.uint16)
    ids_hw[RECT.slices] = 300
    carried = propagate.carry_labels(ids_hw, back_flow)
    expected = np.zeros(SIZE, bool)
    expected[RECT.moved(7, 4).slices] = True
    assert carried.dtype == np.uint16
    assert set(np.unique(carried)) == {0, 300}
    assert iou(carried == 300, expected) > 0.95


def test_what_comes_from_outside_is_filled():
    ids_hw = np.full((4, 6), 5, np.uint16)
    back_flow = np.full((4, 6, 2), (-2, 0), np.float32)
    assert propagate.carry_labels(ids_hw, back_flow, fill=9)[0].tolist() == [9, 9, 5, 5, 5, 5]


def test_shapes_of_both_kinds_go_along(moved):
    *_, flow, back_flow = moved
    pixels = np.zeros(SIZE, bool)
    pixels[RECT.slices] = True
    expected = np.zeros(SIZE, bool)
    expected[RECT.moved(7, 4).slices] = True
    mask = propagate.carry_shape(rle.mask_shape(pixels, size_hw=SIZE), flow, back_flow)
    assert iou(rle.decode(mask), expected) > 0.95
    corners = np.array([(60, 50), (130, 50), (130, 110), (60, 110)], np.float64)
    shape = propagate.carry_shape(PolygonShape.of(corners), flow, back_flow)
    assert shape.parts[0].exterior_xy == pytest.approx(corners + (7, 4), abs=1)
    assert iou(mask_of(shape, Rect.of_size(*SIZE), SIZE), expected) > 0.95
    assert polygon.area(shape) == pytest.approx(4200, rel=0.05)


def test_an_empty_mask_stays_empty(moved):
    *_, flow, back_flow = moved
    empty = rle.mask_shape(np.zeros(SIZE, bool), size_hw=SIZE)
    assert propagate.carry_shape(empty, flow, back_flow) == empty


def test_what_was_hidden_is_doubtful(moved):
    before, after, flow, back_flow = moved
    doubt = propagate.doubtful(flow, back_flow)
    assert doubt[:3].mean() > 0.7  # came in from above
    assert doubt[30:-30, 30:-30].mean() < 0.02
    covered = after.copy()
    covered[60:100, 100:140] = np.random.default_rng(0).integers(0, 256, (40, 40, 3))
    hidden = propagate.doubtful(propagate.optical_flow(before, covered), propagate.optical_flow(covered, before))
    assert hidden[65:95, 105:135].mean() > 5 * doubt[65:95, 105:135].mean() + 0.1


def test_large_pictures_are_shrunk_for_the_flow():
    rng = np.random.default_rng(2)
    small = ndimage.gaussian_filter(rng.normal(0, 1, (100, 330, 3)), (2, 2, 0))
    texture = np.clip(128 + 400 * small, 0, 255).astype(np.uint8).repeat(5, axis=0).repeat(5, axis=1)
    flow = propagate.optical_flow(texture[:, :1600], texture[:, 20:1620])
    assert flow.shape == (500, 1600, 2)
    assert np.median(flow[50:-50, 50:-50], axis=(0, 1)) == pytest.approx([-20, 0], abs=1)


def test_pictures_of_different_size_are_refused():
    with pytest.raises(UserError, match="same size"):
        propagate.optical_flow(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 8, 3), np.uint8))
