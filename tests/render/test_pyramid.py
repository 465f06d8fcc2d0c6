"""The pyramid: levels are means of four, odd sides keep their place, memory is what it says."""

import threading

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.ops.window import window
from segstudio.render.pyramid import Pyramid


def rgb_of(level):
    """A level as float RGB, whether it is kept as samples or as words."""
    if level.ndim == 3:
        return level.astype(float)
    return np.stack([(level >> shift) & 0xFF for shift in (16, 8, 0)], axis=2).astype(float)


def test_each_level_is_the_mean_of_four_pixels_below():
    picture = np.random.default_rng(1).integers(0, 256, (600, 1000, 3), dtype=np.uint8)
    photo = Pyramid(picture)
    photo.build()
    means = picture.astype(float).reshape(300, 2, 500, 2, 3).mean(axis=(1, 3))
    assert np.abs(rgb_of(photo.level(1)) - means).max() <= 0.5


def test_the_second_level_is_the_mean_of_four_pixels_of_the_first():
    photo = Pyramid(np.random.default_rng(4).integers(0, 256, (1024, 1024, 3), dtype=np.uint8))
    photo.build()
    first, second = rgb_of(photo.level(1)), rgb_of(photo.level(2))
    assert np.abs(second - first.reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))).max() <= 0.5
    assert (photo.level(2) >> 24 == 255).all()


def test_odd_sides_repeat_their_last_pixel():
    picture = np.zeros((601, 1023, 3), np.uint8)
    picture[600], picture[:, 1022] = 80, 80
    photo = Pyramid(picture)
    photo.build(1)
    level = rgb_of(photo.level(1))
    assert level.shape[:2] == (301, 512)
    assert (level[300] == 80).all()
    assert (level[:, 511] == 80).all()
    assert (level[:300, :511] == 0).all()


def test_levels_appear_only_when_built_and_only_once():
    photo = Pyramid(np.zeros((2048, 2048, 3), np.uint8))
    assert photo.best(0.1) == 0
    assert photo.wanted(0.1) == 3
    threads = [threading.Thread(target=photo.build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert photo.is_complete
    assert photo.best(0.1) == 3
    assert [photo.level(k).shape[:2] for k in range(photo.depth)] == [(2048 >> k, 2048 >> k) for k in range(4)]


@pytest.mark.parametrize(
    ("scale", "level"), [(3.0, 0), (1.0, 0), (0.51, 0), (0.5, 1), (0.26, 1), (0.25, 2), (0.001, 3)]
)
def test_the_wanted_level_has_one_to_two_pixels_for_each_on_screen(scale, level):
    assert Pyramid(np.zeros((2048, 2048, 3), np.uint8)).wanted(scale) == level


def test_memory_stays_below_three_eighths_as_much_again():
    picture = np.zeros((2048, 2048, 3), np.uint8)
    photo = Pyramid(picture)
    photo.build()
    assert picture.nbytes < photo.nbytes <= 1.375 * picture.nbytes


@pytest.mark.parametrize(
    "array", [np.zeros((4,), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4), np.uint8)]
)
def test_other_arrays_are_refused(array):
    with pytest.raises(UserError, match="uint8"):
        Pyramid(array)


@pytest.mark.parametrize(("dtype", "channels"), [(np.uint16, 0), (np.uint16, 3), (np.uint8, 0), (np.uint16, 7)])
def test_levels_of_other_samples_are_means_of_samples(dtype, channels):
    shape = (520, 700, channels) if channels else (520, 700)
    samples = np.random.default_rng(2).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    photo = Pyramid(samples)
    photo.build(1)
    level = photo.level(1)
    means = samples.astype(float).reshape(260, 2, 350, 2, *shape[2:]).mean(axis=(1, 3))
    assert level.dtype == dtype
    assert np.abs(level - means).max() <= 0.5
    assert not photo.is_plain


def test_parts_of_deep_pictures_are_shown_as_the_whole_is():
    samples = np.random.default_rng(3).integers(100, 4000, (60, 80, 4), dtype=np.uint16)
    photo = Pyramid(samples)
    whole = np.asarray(photo.image_hwc)
    expected = window(samples)
    assert np.abs(whole.astype(int) - expected).max() <= 1, "a percentile is looked up in steps"
    np.testing.assert_array_equal(photo.image_hwc[10:20, 5:70][::2, ::2], whole[10:20:2, 5:70:2])
    np.testing.assert_array_equal(photo.image_hwc[7, 9], whole[7, 9])
    assert photo.image_hwc.shape == (60, 80, 3)
