"""The label raster: views that follow, views that write, and packed patches that come back exactly."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.raster import TILE, LabelRaster, RasterPatch

IDS = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12).flatmap(
    lambda shape: hnp.arrays(np.uint16, shape, elements=st.sampled_from([0, 1, 2, 300, 65535]), fill=st.just(0))
)


@given(IDS, st.integers(0, 40), st.integers(0, 40))
def test_a_patch_comes_back_exactly(ids_hw, x, y):
    height, width = ids_hw.shape
    patch = RasterPatch.pack(Rect(x, y, x + width, y + height), ids_hw)
    again = patch.unpack()
    assert again.dtype == np.uint16
    assert np.array_equal(again, ids_hw)
    again[...] = 1  # what comes back is our own and may be written


def test_few_runs_pack_small_and_noise_does_not_grow():
    rect = Rect(0, 0, TILE, TILE)
    flat = np.zeros((TILE, TILE), np.uint16)
    flat[:, 100:] = 7
    noise = np.random.default_rng(0).integers(0, 65536, (TILE, TILE)).astype(np.uint16)
    assert len(RasterPatch.pack(rect, flat).packed) < 4000
    assert len(RasterPatch.pack(rect, noise).packed) < 2 * TILE * TILE * 1.01
    for ids_hw in (flat, noise):
        assert np.array_equal(RasterPatch.pack(rect, ids_hw).unpack(), ids_hw)


@given(IDS, st.data())
def test_damaged_bytes_raise_and_never_crash(ids_hw, data):
    height, width = ids_hw.shape
    patch = RasterPatch.pack(Rect(0, 0, width, height), ids_hw)
    kind = data.draw(st.sampled_from(["cut", "flip", "random", "longer"]))
    packed = bytearray(patch.packed)
    if kind == "cut":
        packed = packed[: data.draw(st.integers(0, len(packed) - 1))]
    elif kind == "flip":
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    elif kind == "longer":
        packed += data.draw(st.binary(min_size=1, max_size=9))
    else:
        packed = bytearray(data.draw(st.binary(max_size=40)))
    try:
        again = RasterPatch(patch.rect, bytes(packed)).unpack()
    except ValueError as error:
        damage = str(error)
    else:
        assert again.shape == ids_hw.shape
        damage = "damaged"
    assert damage.startswith("damaged")


def test_a_bomb_does_not_unfold():
    import zlib

    bomb = b"Z" + zlib.compress(bytes(50_000_000))
    with pytest.raises(ValueError, match="damaged"):
        RasterPatch(Rect(0, 0, 4, 4), bomb).unpack()


def test_views_follow_and_cannot_be_written():
    raster = LabelRaster(6, 8)
    view = raster.ids_hw
    raster.writable(Rect(2, 1, 5, 3))[...] = 9
    assert view[1, 2] == 9
    assert view.sum() == 9 * 6
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        raster.view(Rect(0, 0, 2, 2))[...] = 1
    raster.writable(Rect(0, 0, 1, 1))[...] = 3  # a read-only view taken before does not lock the raster
    assert view[0, 0] == 3


@given(st.integers(1, 900), st.integers(1, 900), st.data())
def test_tiles_cover_a_rectangle_inside_the_image(height, width, data):
    raster = LabelRaster(height, width)
    x0, y0 = data.draw(st.integers(-50, width)), data.draw(st.integers(-50, height))
    rect = Rect(x0, y0, x0 + data.draw(st.integers(1, 600)), y0 + data.draw(st.integers(1, 600)))
    covered = np.zeros((height, width), np.uint8)
    for (row, column), tile in raster.tiles(rect):
        assert raster.bounds.contains(tile)
        assert (tile.y0 // TILE, tile.x0 // TILE) == (row, column)
        covered[tile.slices] += 1
    inside = rect.intersect(raster.bounds)
    assert covered.max(initial=0) <= 1
    assert covered[inside.slices].all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
def test_any_integers_that_fit_are_taken_over(dtype):
    given_ids = np.array([[0, 1], [2, 200]], dtype)
    raster = LabelRaster.from_array(given_ids)
    given_ids[0, 0] = 5
    assert raster.ids_hw.tolist() == [[0, 1], [2, 200]]


@pytest.mark.parametrize("bad", [np.array([[-1]]), np.array([[65536]]), np.zeros((2, 2, 3), np.uint8)])
def test_ids_that_do_not_fit_are_refused(bad):
    with pytest.raises(UserError):
        LabelRaster.from_array(bad)


@pytest.mark.parametrize("size_hw", [(0, 5), (5, 0), (-1, 4)])
def test_an_image_without_pixels_is_refused(size_hw):
    with pytest.raises(UserError, match="cannot be labelled"):
        LabelRaster(*size_hw)


@pytest.mark.parametrize("drawn", [(), ((0, 0),), ((299, 4999), (256, 2048), (255, 2047))])
def test_a_snapshot_has_every_pixel_and_stays_as_it_was(drawn):
    raster = LabelRaster(300, 5000)
    for row, column in drawn:
        raster.writable(raster.bounds)[row, column] = 7
    expected = raster.ids_hw.copy()
    copy = raster.snapshot()
    raster.writable(raster.bounds)[...] = 1
    np.testing.assert_array_equal(copy, expected)


@pytest.mark.parametrize(("highest", "bytes_a_pixel"), [(255, 1), (256, 2)])
def test_a_raster_to_look_at_takes_the_least_and_can_become_one_to_write(highest, bytes_a_pixel):
    ids_hw = np.random.default_rng(0).integers(0, highest + 1, (300, 520)).astype(np.uint16)
    ids_hw[0, 0] = highest
    raster = LabelRaster.over(ids_hw)
    assert raster.ids_hw.itemsize == bytes_a_pixel
    assert bytes_a_pixel == 1 or np.shares_memory(raster.ids_hw, ids_hw)
    np.testing.assert_array_equal(raster.ids_hw, ids_hw)
    np.testing.assert_array_equal(raster.snapshot(), ids_hw)
    assert raster.snapshot().dtype == np.uint16
    before = ids_hw.copy()
    raster.writable(Rect(0, 0, 2, 2))[...] = 65535
    assert raster.ids_hw.dtype == np.uint16
    assert (raster.ids_hw[:2, :2] == 65535).all()
    np.testing.assert_array_equal(raster.ids_hw[2:], before[2:])
    np.testing.assert_array_equal(ids_hw, before)


@pytest.mark.parametrize("make", [LabelRaster.from_array, LabelRaster.over])
def test_no_tile_with_a_label_is_said_to_be_empty(make):
    ids_hw = np.zeros((600, 520), np.uint16)
    ids_hw[255, 256] = ids_hw[599, 519] = 3
    raster = make(ids_hw)
    assert raster.drawn.shape == (3, 3)
    assert raster.drawn[0, 1]
    assert raster.drawn[2, 2]
    if make == LabelRaster.from_array:
        assert raster.drawn.sum() == 2
    drawn = raster.drawn
    raster.writable(Rect(100, 300, 101, 301))[...] = 1
    assert drawn[1, 0]
    with pytest.raises(ValueError, match="read-only"):
        drawn[0, 0] = True


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory was used")
def test_a_large_raster_takes_what_is_written_and_not_whole_rows():
    def resident():
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("RssAnon:")[1].split()[0]) * 1024

    raster = LabelRaster(20_000, 20_000)
    before = resident()
    raster.writable(Rect(9000, 9000, 11_000, 11_000))[...] = 7
    assert resident() - before < 30e6
    before = resident()
    copy = raster.snapshot()
    assert resident() - before < 30e6
    assert copy[10_999, 10_999] == 7
    assert copy[0, 0] == copy[11_000, 11_000] == 0
