"""Reading pictures: every depth and orientation, and one clear line for whatever is wrong with a file."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.ops.image import num_pages, probe_size_hw, read_image, upright, window, write_page
from segstudio.ops.label_png import write_whole
from segstudio.ops.window import as_samples

RNG = np.random.default_rng(7)
RGB = RNG.integers(0, 256, (20, 30, 3), np.uint8)


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp"])
def test_eight_bit_rgb_is_its_own_source(tmp_path, name):
    path = save(tmp_path / name, RGB, **({"lossless": True} if name.endswith("webp") else {}))
    picture = read_image(path)
    assert picture.image_hwc is picture.source
    assert np.array_equal(picture.image_hwc, RGB)
    assert picture.path == path
    assert picture.orientation == 1
    assert probe_size_hw(path) == picture.size_hw == (20, 30)


def test_a_jpeg_decodes_as_pillow_decodes_it(tmp_path):
    path = save(tmp_path / "a.jpg", cv2.GaussianBlur(RGB, (9, 9), 0), quality=90)
    with Image.open(path) as picture:
        expected = np.asarray(picture).astype(int)
    assert np.abs(read_image(path).image_hwc.astype(int) - expected).max() <= 3


MODES = {"png": "1 L LA P RGBA", "tif": "1 L LA P RGBA CMYK", "jpg": "1 L CMYK", "gif": "1 L P RGBA"}


@pytest.mark.parametrize(("suffix", "mode"), [(s, mode) for s, modes in MODES.items() for mode in modes.split()])
def test_every_mode_shows_the_colours_that_pillow_shows(tmp_path, mode, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).convert(mode).save(path, **({"quality": 95} if suffix == "jpg" else {}))
    with Image.open(path) as again:
        expected = np.asarray(again.convert("RGB")).astype(int)
    shown = read_image(path).image_hwc
    assert shown.shape == RGB.shape
    assert np.abs(shown.astype(int) - expected).max() <= (4 if suffix == "jpg" else 0)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "mit Umlaut ä.png"])
@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "I;16"])
def test_a_large_picture_is_decoded_as_a_small_one_is(tmp_path, monkeypatch, name, mode):
    whole = np.arange(600 * 30, dtype=np.uint16).reshape(600, 30)
    pixels = Image.fromarray(whole) if mode == "I;16" else Image.fromarray(np.tile(RGB, (30, 1, 1))).convert(mode)
    try:
        pixels.save(tmp_path / name, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0")
    except OSError:
        pytest.skip("the format has no such mode")
    expected = read_image(tmp_path / name).source
    monkeypatch.setattr("segstudio.ops.image._LARGE_PIXELS", 0)
    source = read_image(tmp_path / name).source
    assert source.flags.writeable
    assert source.dtype == expected.dtype
    assert np.array_equal(source, expected)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_large_picture_is_decoded_without_the_copy_of_imdecode(tmp_path, monkeypatch, name):
    path = save(tmp_path / name, RGB)
    expected = read_image(path).source
    monkeypatch.setattr("segstudio.ops.image._LARGE_PIXELS", 0)
    monkeypatch.setattr("cv2.imdecode", lambda *_: pytest.fail("imdecode copies what it decoded"))
    assert np.array_equal(read_image(path).source, expected)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_are_kept_and_windowed(tmp_path, name, channels):
    stored = RNG.integers(1000, 3000, (20, 30, channels), np.uint16)
    path = tmp_path / name
    if name == "a.tif":
        extra = {"photometric": "rgb"} if channels >= 3 else {}
        tifffile.imwrite(path, stored if channels > 1 else stored[:, :, 0], **extra)
    else:
        order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
        cv2.imwrite(str(path), stored[:, :, order])
    picture = read_image(path)
    assert picture.source.dtype == np.uint16
    assert np.array_equal(picture.source.reshape(20, 30, channels), stored)
    assert picture.image_hwc.min() == 0
    assert picture.image_hwc.max() == 255


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64, np.uint32])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_tiffs_of_any_sample_and_channel_count(tmp_path, dtype, channels):
    stored = RNG.integers(0, 200, (16, 18, channels)).astype(dtype)
    path = tmp_path / "a.tif"
    layout = {"planarconfig": "contig"} if channels > 1 else {}
    tifffile.imwrite(path, stored.squeeze(), photometric="minisblack", **layout)
    picture = read_image(path)
    assert np.array_equal(picture.source.reshape(16, 18, channels), stored)
    assert picture.image_hwc.shape == (16, 18, 3)


def test_planes_stored_one_after_the_other_become_channels(tmp_path):
    planes = RNG.integers(0, 256, (3, 16, 18), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    assert np.array_equal(read_image(tmp_path / "a.tif").source, np.moveaxis(planes, 0, -1))


def test_the_first_page_is_the_picture(tmp_path):
    pages = RNG.integers(0, 65536, (4, 16, 18), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack", byteorder=">")
    assert np.array_equal(read_image(tmp_path / "a.tif").source, pages[0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_orientation_is_applied_once(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / f"a.{suffix}", RGB, exif=exif, **({"lossless": True} if suffix == "webp" else {}))
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # numbers of Pillow's own transpositions
    expected = RGB if orientation == 1 else np.asarray(Image.fromarray(RGB).transpose(turn[orientation]))
    picture = read_image(path)
    assert picture.orientation == orientation
    assert np.array_equal(picture.image_hwc, expected)
    assert picture.image_hwc.flags.c_contiguous
    assert probe_size_hw(path) == expected.shape[:2]


def test_unknown_orientations_change_nothing():
    for orientation in (-1, 0, 1, 9, 77):
        assert upright(RGB, orientation) is RGB


@pytest.mark.parametrize("kind", ["Landscape", "Portrait"])
def test_photographs_of_every_orientation_look_alike(shared_data, kind):
    folder = shared_data / "image-formats" / "exif-orientation"
    first = read_image(folder / f"{kind}_1.jpg").image_hwc
    for path in sorted(folder.glob(f"{kind}_*.jpg")):
        shown = read_image(path).image_hwc
        assert shown.shape == first.shape
        assert np.corrcoef(shown[::20, ::20].ravel(), first[::20, ::20].ravel())[0, 1] > 0.98, path.name


def test_whole_suites_of_formats_are_read_or_refused_in_one_line(shared_data, capfd):
    suffixes = {".png", ".jpg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".ico", ".svs"}
    read = 0
    refusals = {}
    for path in sorted((shared_data / "image-formats").rglob("*")):
        if path.suffix.lower() not in suffixes or path.parent.name == "torchvision":
            continue
        try:
            picture = read_image(path)
        except UserError as error:
            refusals[path] = error
            continue
        read += 1
        assert picture.image_hwc.dtype == np.uint8
        assert probe_size_hw(path) == picture.size_hw
    assert read > 130
    assert len(refusals) > 10
    for path, error in refusals.items():
        assert str(path) in error.message
        assert "\n" not in str(error)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["corrupt34_2.jpg", "corrupt34_3.jpg", "corrupt34_4.jpg", "sigsegv.png"])
def test_damaged_downloads_are_refused(shared_data, name, capfd):
    with pytest.raises(UserError, match=name):
        read_image(shared_data / "image-formats" / "broken" / "torchvision" / name)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "gif", "webp"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_refused(tmp_path, suffix, share, capfd):
    path = save(tmp_path / f"a.{suffix}", RNG.integers(0, 256, (60, 80, 3), np.uint8))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError, match=f"a.{suffix}"):
        read_image(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_png_with_a_flipped_bit_is_refused(tmp_path, place, capfd):
    path = save(tmp_path / "a.png", RGB)
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"a\.png"):
        read_image(path)
    assert capfd.readouterr().err == ""


def png_header(width, height):
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + body + struct.pack(">I", zlib.crc32(b"IHDR" + body))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


def test_a_bomb_is_refused_by_its_header(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png_header(100_000, 100_000))
    for read in (read_image, probe_size_hw):
        with pytest.raises(UserError, match=r"bomb\.png: announces 100000×100000 pixels"):
            read(tmp_path / "bomb.png")


def test_what_is_no_picture_says_so(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture at all")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "half.tif").write_bytes(b"II*\0\x08")
    reasons = {
        "none.png": "no such file",
        "empty.png": "empty",
        "text.png": "not an image",
        "folder.png": "is a folder",
        "half.tif": "damaged TIFF",
    }
    for name, reason in reasons.items():
        for read in (read_image, probe_size_hw):
            with pytest.raises(UserError, match=f"{name}: .*{reason}"):
                read(tmp_path / name)


def test_window_stretches_between_percentiles():
    ramp = np.tile(np.linspace(0, 10_000, 1001).astype(np.uint16), (3, 1))
    shown = window(ramp, low=10, high=90)[0, :, 0]
    assert shown[100] == 0
    assert shown[900] == 255
    assert shown[500] in (127, 128)
    assert np.all(np.diff(shown.astype(int)) >= 0)


def test_window_survives_what_is_not_a_number():
    values = np.array([[np.nan, np.inf, -np.inf, 0.0, 1.0]], np.float32)
    assert window(values, low=0, high=100)[0, :, 0].tolist() == [0, 255, 0, 0, 255]
    assert not window(np.full((2, 2), np.nan)).any()
    assert window(np.full((2, 2), 7, np.uint16)).shape == (2, 2, 3)


def test_window_shows_the_channels_that_are_asked_for():
    stack = np.zeros((2, 4, 6), np.uint16)
    stack[:, :, 4] = [[0, 1, 2, 3]] * 2
    shown = window(stack, low=0, high=100, channels=(0, 4, 5))
    assert shown[0, :, 1].tolist() == [0, 85, 170, 255]
    assert not shown[:, :, 0].any()
    assert np.array_equal(window(stack, low=0, high=100, channels=(4,))[:, :, 0], shown[:, :, 1])
    with pytest.raises(ValueError, match="channels"):
        window(stack, channels=(6,))


def test_rgb_keeps_its_hue():
    colours = np.array([[[0, 0, 0], [40_000, 16_000, 8_000]]], np.uint16)
    assert window(colours, low=0, high=100)[0, 1].tolist() == [255, 102, 51]


def test_a_disk_that_refuses_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EnvironmentFault, match=r"a\.png: cannot be written: No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [child.name for child in Path(tmp_path).iterdir()] == ["a.png"]


PLANES = RNG.integers(0, 65536, (5, 3, 20, 30), dtype=np.uint16)


@pytest.mark.parametrize(
    ("options", "planes"),
    [
        ({"photometric": "minisblack"}, PLANES[:, 0]),
        ({"photometric": "minisblack", "metadata": None, "bigtiff": True}, PLANES[:, 0]),
        ({"photometric": "minisblack", "metadata": None, "byteorder": ">", "compression": "zlib"}, PLANES[:, 0]),
    ],
)
def test_every_page_of_a_stack_is_a_picture(tmp_path, options, planes):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, planes, **options)
    assert num_pages(path) == len(planes)
    for page, plane in enumerate(planes):
        np.testing.assert_array_equal(read_image(path, page=page).source, plane)


@pytest.mark.parametrize("options", [{"imagej": True, "metadata": {"axes": "ZCYX"}}, {"metadata": {"axes": "TCYX"}}])
def test_channels_of_a_microscope_belong_to_one_picture(tmp_path, options):
    path = tmp_path / ("a.tif" if "imagej" in options else "a.ome.tif")
    tifffile.imwrite(path, PLANES, **options)
    assert num_pages(path) == 5
    np.testing.assert_array_equal(read_image(path, page=3).source, np.moveaxis(PLANES[3], 0, -1))


def test_reduced_copies_and_other_sizes_are_no_pages(tmp_path):
    path = tmp_path / "levels.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(np.zeros((64, 64), np.uint8), metadata=None)
        writer.write(np.zeros((32, 32), np.uint8), metadata=None, subfiletype=1)
    assert num_pages(path) == 1
    assert read_image(path).size_hw == (64, 64)


def test_a_page_written_alone_is_the_page(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PLANES[:, 0], photometric="minisblack")
    write_page(tmp_path / "a.tif", 2, tmp_path / "b.tif")
    assert num_pages(tmp_path / "b.tif") == 1
    np.testing.assert_array_equal(read_image(tmp_path / "b.tif").source, PLANES[2, 0])


def test_a_page_that_is_not_there_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PLANES[:, 0], photometric="minisblack")
    with pytest.raises(UserError, match="damaged TIFF"):
        read_image(tmp_path / "a.tif", page=9)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32, np.float64, np.uint32])
def test_samples_of_any_kind_keep_their_order(dtype):
    values = np.linspace(-900 if np.dtype(dtype).kind != "u" else 0, 900, 60 * 50).reshape(60, 50).astype(dtype)
    samples = as_samples(values)
    assert samples.dtype == np.uint16
    assert (np.diff(samples.reshape(-1).astype(int)) >= 0).all()
    assert np.abs(window(samples).astype(int) - window(values)).max() <= 1


def test_samples_that_are_no_number_are_black():
    values = np.full((20, 20), 5.0, np.float32)
    values[3, 4], values[5, 6] = np.nan, np.inf
    values[:, 10:] = 9
    samples = as_samples(values)
    assert samples[3, 4] == 0
    assert samples[5, 6] == 65535
