"""The layer that compares two rasters with the truth: codes and colours of the drawn pixels, hatching that pans."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.render.compositor import Compositor
from segstudio.render.lut import AGREEMENT_COLORS, agreement_table
from segstudio.render.scene import AgreementLayer, Scene
from segstudio.render.viewport import Viewport

SIZE_HW = (90, 120)


def who_is_right(truth, a, b):
    """0 both, 1 only A, 2 only B, 3 neither and alike, 4 neither and differently."""
    wrong = np.where(a == b, 3, 4)
    return np.select([(a == truth) & (b == truth), a == truth, b == truth], [0, 1, 2], wrong).astype(np.uint8)


@pytest.fixture
def rasters():
    """Truth, A and B as indices in blocks of 10 × 10 pixels, so that hatching has room."""
    rng = np.random.default_rng(3)
    return [np.kron(rng.integers(0, 3, (9, 12)), np.ones((10, 10), int)).astype(np.uint8) for _ in range(3)]


@pytest.fixture
def scene(rasters):
    truth, a, b = rasters
    # Segment ids are another numbering than indices, and another one in A than in B.
    a_index, b_index = np.full(65536, 255, np.uint8), np.full(65536, 255, np.uint8)
    a_index[[7, 8, 9]], b_index[[300, 200, 100]] = (0, 1, 2), (0, 1, 2)
    layer = AgreementLayer(
        truth,
        np.array([7, 8, 9], np.uint16)[a],
        a_index,
        np.array([300, 200, 100], np.uint16)[b],
        b_index,
        who_is_right,
        agreement_table(opacity=1.0),
    )
    return Scene(SIZE_HW, layers=(layer,), background=(1, 2, 3))


def test_each_pixel_has_the_colour_of_its_case(scene, rasters) -> None:
    drawn = Compositor(1, 1).full(Viewport(SIZE_HW[1], SIZE_HW[0]), scene)
    codes = who_is_right(*rasters)
    assert set(np.unique(codes)) == {0, 1, 2, 3, 4}
    rgb = np.stack([(drawn >> shift) & 255 for shift in (16, 8, 0)], axis=2)
    for code, color in ((0, (1, 2, 3)), (1, AGREEMENT_COLORS[1]), (2, AGREEMENT_COLORS[2]), (3, AGREEMENT_COLORS[3])):
        assert (rgb[codes == code] == color).all(), code
    hatched = {tuple(color) for color in rgb[codes == 4].tolist()}
    assert hatched == {AGREEMENT_COLORS[4], (220, 220, 220)}


def test_updates_and_pans_give_what_a_full_picture_gives(scene) -> None:
    viewport = Viewport(80, 70, scale=1.7, left=13.25, top=4.5)
    moving = Compositor(80, 70)
    moving.full(viewport, scene)
    moving.pan(-9, 14)
    moving.update(Rect(5, 5, 40, 30))
    expected = Compositor(80, 70).full(viewport.panned(-9, 14), scene)
    assert np.array_equal(moving.buffer_hw, expected)
