"""GrabCut: finds what stands out, and says when nothing does."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import EMPTY, Rect
from segstudio.ops.grabcut import cut_out
from tests.ops.strategies import on_canvas


def scene(size_hw=(160, 200), scale=1):
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0 : size_hw[0] * scale, 0 : size_hw[1] * scale] / scale
    truth = np.hypot((rows - 80) / 0.8, columns - 100) < 45
    picture = np.where(truth[..., None], (200, 60, 40), (50, 110, 60)) + rng.normal(0, 8, (*truth.shape, 3))
    return np.clip(picture, 0, 255).astype(np.uint8), truth


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize("scale", [1, 5])
def test_an_object_is_cut_out_of_its_box(scale):
    picture, truth = scene(scale=scale)
    box = Rect(45 * scale, 35 * scale, 155 * scale, 125 * scale)
    rect, mask_hw = cut_out(picture, box)
    assert iou(on_canvas(rect, mask_hw, truth.shape), truth) > 0.97
    assert box.contains(rect)
    again = cut_out(picture, box)
    assert again[0] == rect
    assert np.array_equal(again[1], mask_hw)


def test_scribbles_are_obeyed():
    picture, _ = scene()
    box = Rect(45, 35, 155, 125)
    foreground, background = np.zeros((90, 110), bool), np.zeros((90, 110), bool)
    foreground[2:6, 2:12] = True
    background[40:50, 50:60] = True
    rect, mask_hw = cut_out(picture, box, foreground_hw=foreground, background_hw=background)
    result = on_canvas(rect, mask_hw, picture.shape[:2])[box.slices]
    assert result[foreground].all()
    assert not result[background].any()


@pytest.mark.parametrize("box", [EMPTY, Rect(5, 5, 6, 30), Rect(-50, -50, -10, -10), Rect(0, 0, 200, 160)])
def test_no_room_for_background_or_object_is_no_object(box):
    assert cut_out(scene()[0], box)[0] == EMPTY


def test_a_flat_picture_has_no_object_and_raises_nothing():
    rect, mask_hw = cut_out(np.full((90, 90, 3), 128, np.uint8), Rect(20, 20, 60, 60))
    assert rect == EMPTY or mask_hw.any()


def test_a_box_over_the_border_is_cut_to_the_image():
    picture, truth = scene()
    shifted = np.ascontiguousarray(picture[:, 80:])
    rect, mask_hw = cut_out(shifted, Rect(-20, 35, 75, 125))
    assert iou(on_canvas(rect, mask_hw, shifted.shape[:2]), truth[:, 80:]) > 0.95
