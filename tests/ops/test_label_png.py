"""Label images keep their numbers exactly, whatever the PNG's way of storing them."""

from __future__ import annotations

import struct
import tempfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from segstudio.core.errors import UserError
from segstudio.ops.image import read_label_png, write_png

RNG = np.random.default_rng(3)


@given(
    st.sampled_from([np.uint8, np.uint16]),
    st.sampled_from([(5, 7), (5, 7, 3), (5, 7, 4), (1, 1), (1, 1, 3)]),
    st.data(),
)
def test_what_is_written_is_read(tmp_path_factory, dtype, shape, data):
    pixels = data.draw(hnp.arrays(dtype, shape))
    path = tmp_path_factory.mktemp("labels") / "a.png"
    write_png(path, pixels)
    again = read_label_png(path)
    assert again.dtype == dtype
    assert np.array_equal(again, pixels)


def test_other_programs_see_the_same_numbers(tmp_path):
    ids = RNG.integers(0, 65536, (6, 8)).astype(np.uint16)
    colours = RNG.integers(0, 256, (6, 8, 3)).astype(np.uint8)
    write_png(tmp_path / "ids.png", ids)
    write_png(tmp_path / "colours.png", colours)
    assert np.array_equal(cv2.imread(str(tmp_path / "ids.png"), cv2.IMREAD_UNCHANGED), ids)
    with Image.open(tmp_path / "colours.png") as picture:
        assert np.array_equal(np.asarray(picture), colours)


def test_palette_indices_come_back_and_look_right(tmp_path):
    ids = RNG.integers(0, 21, (6, 8)).astype(np.uint8)
    palette = RNG.integers(0, 256, (21, 3)).astype(np.uint8)
    write_png(tmp_path / "a.png", ids, palette_rgb=palette)
    assert np.array_equal(read_label_png(tmp_path / "a.png"), ids)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "P"
        assert np.array_equal(np.asarray(picture.convert("RGB")), palette[ids])


def grey_png(ids, bits):
    """A grey PNG of 1, 2 or 4 bits, put together by hand."""
    height, width = ids.shape
    rows = b""
    for row in ids:
        text = "".join(format(value, f"0{bits}b") for value in row)
        text += "0" * (-len(text) % 8)
        rows += b"\0" + bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_not_stretched(tmp_path, bits):
    ids = RNG.integers(0, 2**bits, (5, 7))
    (tmp_path / "a.png").write_bytes(grey_png(ids, bits))
    assert np.array_equal(read_label_png(tmp_path / "a.png"), ids)


def test_a_transparent_colour_adds_no_channel(tmp_path):
    pixels = RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", transparency=tuple(int(v) for v in pixels[0, 0]))
    assert np.array_equal(read_label_png(tmp_path / "a.png"), pixels)


def test_orientation_is_left_alone(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    ids = RNG.integers(0, 256, (5, 7)).astype(np.uint8)
    Image.fromarray(ids).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_label_png(tmp_path / "a.png"), ids)


@pytest.mark.parametrize("name", ["a.tif", "a.bmp", "a.gif"])
def test_other_lossless_formats_serve_as_well(tmp_path, name):
    ids = RNG.integers(0, 256, (5, 7)).astype(np.uint8)
    picture = Image.fromarray(ids)
    if name == "a.gif":
        picture = Image.fromarray(ids % 8).convert("P")
        ids = np.asarray(picture)
    picture.save(tmp_path / name)
    assert np.array_equal(read_label_png(tmp_path / name), ids)


def test_a_cut_off_label_image_is_refused(tmp_path):
    write_png(tmp_path / "a.png", RNG.integers(0, 256, (50, 70)).astype(np.uint8))
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match=r"a\.png: .*cut off"):
        read_label_png(tmp_path / "a.png")


def test_real_panoptic_ids_are_read(shared_data):
    path = next((shared_data / "coco-panoptic-ccby" / "panoptic").glob("*.png"))
    with Image.open(path) as picture:
        assert np.array_equal(read_label_png(path), np.asarray(picture))


def test_nothing_is_written_where_there_is_no_folder(tmp_path):
    with pytest.raises(UserError, match="there is no folder"):
        write_png(tmp_path / "none" / "a.png", np.zeros((2, 2), np.uint8))


def test_numbers_that_a_png_cannot_hold_are_a_bug(tmp_path):
    with pytest.raises(ValueError, match="int64"):
        write_png(tmp_path / "a.png", np.zeros((2, 2), np.int64))
    assert not list(tmp_path.iterdir())


@given(
    st.sampled_from([np.uint8, np.uint16]),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 9),
    st.integers(0, 2**31),
)
def test_grey_pngs_read_back_exactly_with_every_decoder(dtype, size_hw, level, seed) -> None:
    random = np.random.default_rng(seed)
    pixels_hw = random.integers(0, np.iinfo(dtype).max, size_hw, dtype, endpoint=True)
    pixels_hw[:: 1 + seed % 3] = pixels_hw[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        write_png(path, pixels_hw[:, ::-1], level=level)
        expected = pixels_hw[:, ::-1]
        assert np.array_equal(read_label_png(path), expected)
        assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), expected)
        with Image.open(path) as picture:
            picture.verify()
        with Image.open(path) as picture:
            assert np.array_equal(np.array(picture).astype(np.int64), expected)
