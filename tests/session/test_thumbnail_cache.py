"""Thumbnails on disk: found again, not after the picture changed, and never more bytes than allowed."""

from __future__ import annotations

import os

import cv2
import numpy as np
import pytest

from segstudio.session.dataset.thumbnail_cache import ThumbnailCache


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    return path


def noise(seed):
    return np.random.default_rng(seed).integers(0, 255, (66, 132, 3), dtype=np.uint8)


def test_a_thumbnail_is_found_again_in_its_colours(picture, tmp_path):
    red = np.zeros((66, 132, 3), np.uint8)
    red[:, :, 0] = 200
    ThumbnailCache(tmp_path / "kept").put(picture, 0, 264, red)
    again = ThumbnailCache(tmp_path / "kept").get(picture, 0, 264)
    assert np.abs(again.astype(int) - red).max() < 8
    assert ThumbnailCache(tmp_path / "kept").get(picture, 1, 264) is None


def test_a_picture_that_changed_has_none(picture, tmp_path):
    cache = ThumbnailCache(tmp_path / "kept")
    cache.put(picture, 0, 264, noise(1))
    os.utime(picture, (1, 1))
    assert cache.get(picture, 0, 264) is None
    picture.unlink()
    assert cache.get(picture, 0, 264) is None
    cache.put(picture, 0, 264, noise(1))


def test_the_folder_stays_within_its_bytes_and_drops_the_oldest(picture, tmp_path):
    cache = ThumbnailCache(tmp_path / "kept", limit_bytes=100_000)
    for page in range(20):
        cache.put(picture, page, 264, noise(page))
        for path in (tmp_path / "kept").glob("*/*.jpg"):  # older than what comes next, whatever the clock's grain
            state = path.stat()
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns - 10**9))
    assert 0 < sum(path.stat().st_size for path in (tmp_path / "kept").glob("*/*.jpg")) <= 100_000
    assert cache.get(picture, 19, 264) is not None
    assert cache.get(picture, 0, 264) is None


def test_a_folder_that_cannot_be_made_caches_nothing(picture, tmp_path):
    (tmp_path / "file").write_text("")
    cache = ThumbnailCache(tmp_path / "file" / "kept")
    cache.put(picture, 0, 264, noise(1))
    assert cache.get(picture, 0, 264) is None


def test_a_damaged_thumbnail_is_none(picture, tmp_path):
    cache = ThumbnailCache(tmp_path / "kept")
    cache.put(picture, 0, 264, noise(1))
    (kept,) = (tmp_path / "kept").glob("*/*.jpg")
    kept.write_bytes(b"no picture")
    assert cache.get(picture, 0, 264) is None
