"""Thumbnails look like the picture, upright and small enough."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from segstudio.core.errors import UserError
from segstudio.ops.image import read_image
from segstudio.ops.thumbnail import read_thumbnail, shrunk


@pytest.fixture
def picture_hwc():
    small = np.random.default_rng(0).integers(0, 256, (12, 18, 3)).astype(np.uint8)
    return cv2.resize(small, (900, 600), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("max_side", [64, 150, 449, 451, 2000])
def test_a_thumbnail_is_the_shrunk_picture(tmp_path, picture_hwc, suffix, orientation, max_side):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(picture_hwc).save(path, exif=exif)
    expected = shrunk(read_image(path).image_hwc, max_side)
    thumbnail = read_thumbnail(path, max_side)
    assert thumbnail.shape == expected.shape
    assert max(thumbnail.shape) <= max(max_side, 900 if max_side > 900 else 0)
    assert np.abs(thumbnail.astype(int) - expected).mean() < 5


def test_a_cut_off_photograph_has_no_thumbnail(tmp_path, picture_hwc):
    path = tmp_path / "a.jpg"
    Image.fromarray(picture_hwc).save(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UserError, match="cut off"):
        read_thumbnail(path, 64)


def test_a_thin_picture_keeps_a_pixel():
    assert shrunk(np.zeros((2, 1000, 3), np.uint8), 100).shape == (1, 100, 3)
