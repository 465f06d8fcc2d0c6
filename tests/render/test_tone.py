"""Tones: what is seen of 16 bits and of many channels is what a straightforward computation gives, at any zoom."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.render.compositor import Compositor
from segstudio.render.lut import display_curve
from segstudio.render.pyramid import Pyramid
from segstudio.render.scene import Scene
from segstudio.render.tone import tone_of
from segstudio.render.viewport import Viewport

RNG = np.random.default_rng(11)
SIZE_HW = (40, 60)
GREY16 = RNG.integers(500, 30_000, SIZE_HW, dtype=np.uint16)
FIVE16 = RNG.integers(0, 65_536, (*SIZE_HW, 5), dtype=np.uint16)
RGB8 = RNG.integers(0, 256, (*SIZE_HW, 3), dtype=np.uint8)
GREY8 = RNG.integers(0, 256, SIZE_HW, dtype=np.uint8)


def drawn(samples, scale=1.0, **tone):
    """The view of a picture as RGB, the image's corner in the view's."""
    photo = Pyramid(samples)
    photo.build()
    view = Viewport(round(SIZE_HW[1] * scale), round(SIZE_HW[0] * scale), scale)
    words = Compositor(view.width_px, view.height_px).full(view, Scene(SIZE_HW, photo, tone_of(photo, **tone)))
    return np.stack([(words >> shift) & 0xFF for shift in (16, 8, 0)], axis=2).astype(int)


def stretched(plane, low, high):
    bottom, top = np.percentile(plane, (low, high))
    return np.clip(np.rint((plane - bottom) / (top - bottom) * 255), 0, 255).astype(int)


def test_sixteen_bits_are_stretched_between_the_percentiles():
    seen = drawn(GREY16, percent=(10.0, 70.0))
    assert (seen == seen[:, :, :1]).all()
    assert np.abs(seen[:, :, 0] - stretched(GREY16, 10, 70)).max() <= 1


def test_any_three_channels_are_red_green_and_blue():
    seen = drawn(FIVE16, channels=(4, 0, 2))
    for place, channel in enumerate((4, 0, 2)):
        assert np.abs(seen[:, :, place] - stretched(FIVE16[:, :, channel], 0.5, 99.5)).max() <= 1


def test_one_channel_is_grey():
    seen = drawn(FIVE16, channels=(3,))
    assert np.abs(seen - stretched(FIVE16[:, :, 3], 0.5, 99.5)[:, :, None]).max() <= 1


@pytest.mark.parametrize("channels", [(9,), (0, 1), (0, 1, 2, 3), (-1,)])
def test_channels_that_are_not_there_give_the_own_choice(channels):
    np.testing.assert_array_equal(drawn(FIVE16, channels=channels), drawn(FIVE16))


def test_eight_bits_are_shown_as_they_are():
    np.testing.assert_array_equal(drawn(RGB8), RGB8)
    np.testing.assert_array_equal(drawn(GREY8), np.repeat(GREY8[:, :, None], 3, 2))
    assert tone_of(Pyramid(RGB8)) is None


def test_channels_of_eight_bit_rgb_can_be_chosen_and_swapped():
    np.testing.assert_array_equal(drawn(RGB8, channels=(1,)), np.repeat(RGB8[:, :, 1:2], 3, 2))
    np.testing.assert_array_equal(drawn(RGB8, channels=(2, 1, 0)), RGB8[:, :, ::-1])


def test_brightness_and_gamma_work_on_all_depths_alike():
    curve = display_curve(brightness=0.1, contrast=0.2, gamma=1.5)
    np.testing.assert_array_equal(drawn(RGB8, brightness=0.1, contrast=0.2, gamma=1.5), curve[RGB8])
    np.testing.assert_array_equal(drawn(GREY8, brightness=0.1, contrast=0.2, gamma=1.5)[:, :, 0], curve[GREY8])


@given(
    st.sampled_from([GREY16, FIVE16, GREY8]),
    st.sampled_from([0.26, 0.5, 0.73, 1.0, 1.7, 2.0, 5.0]),
    st.integers(0, 3),
    st.integers(0, 59),
    st.integers(0, 39),
)
def test_a_part_drawn_anew_is_the_part_of_the_whole(samples, scale, turns, x, y):
    photo = Pyramid(samples)
    view = Viewport(50, 40, scale, left=3.3, top=1.7, quarter_turns=turns).centred_on(30, 20)
    scene = Scene(SIZE_HW, photo, tone_of(photo))
    drawing = Compositor(50, 40)
    whole = drawing.full(view, scene).copy()
    drawing.buffer_hw[...] = 0
    part = drawing.update(Rect(x, y, x + 7, y + 5))
    np.testing.assert_array_equal(drawing.buffer_hw[part.slices], whole[part.slices])
