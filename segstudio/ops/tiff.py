"""TIFF pictures: 16-bit, float, many channels, tiled, and stacks, each plane of which is a picture of its own."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.errors import UserError
from segstudio.ops.image_file import Header, check_size

_ORIENTATION_TAG = 274
_PLAIN = ("MINISBLACK", "RGB")


_BUFFER = 16 * 2**20
"""Bytes of compressed tiles that are read ahead; tifffile's own 256 MB would be a quarter of the largest picture."""
_MOST_CHANNELS = 64
"""A longer channel axis is taken for something else: planes of their own."""


def count_pages(path: Path) -> int:
    """How many pictures a TIFF holds: the planes of its first series, the channels of a microscope's plane together.

    Reduced copies, masks and pages of another size do not count. Raises `UserError` for a damaged file.
    """
    if not _has_more_than_one_page(path):
        return 1
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            return len(_planes(file))
    except Exception as error:  # noqa: BLE001 - tifffile raises whatever its parsing trips over
        raise UserError(f"{path}: is a damaged TIFF: {_one_line(error)}") from None


def _planes(file: Any) -> list[list[int]]:
    """For each picture, the pages of the first series that hold its channels."""
    series, first = file.series[0], file.pages[0]
    lead = series.axes[: -len(first.axes)]
    count = int(np.prod(series.shape[: len(lead)], dtype=np.int64))
    is_whole = series.axes.endswith(first.axes) and len(series.pages) == count and not series.is_multifile
    if not is_whole or count < 1 or series.pages[0] is not first:
        return [[0]]
    pages = np.arange(count).reshape(series.shape[: len(lead)])
    if "C" in lead and first.axes == "YX" and series.shape[lead.index("C")] <= _MOST_CHANNELS:
        pages = np.moveaxis(pages, lead.index("C"), -1)
        return [[int(page) for page in plane] for plane in pages.reshape(-1, pages.shape[-1])]
    return [[int(page)] for page in pages.reshape(-1)]


@cache
def _layout(is_big: bool, order: str) -> tuple[struct.Struct, struct.Struct, int]:
    """How the number of entries and the next directory's place are written, and the bytes of an entry."""
    return (
        struct.Struct(order + ("Q" if is_big else "H")),
        struct.Struct(order + ("Q" if is_big else "I")),
        20 if is_big else 12,
    )


def _has_more_than_one_page(path: Path) -> bool:
    """Whether a second directory follows the first: tells single pictures in a folder of thousands apart quickly."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
            order = "<" if head[:2] == b"II" else ">"
            is_big = head[2:4] in (b"+\0", b"\0+")
            entries, place, entry_bytes = _layout(is_big, order)
            file.seek(place.unpack_from(head, 8 if is_big else 4)[0])
            count = entries.unpack(file.read(entries.size))[0]
            file.seek(count * entry_bytes, 1)
            return bool(place.unpack(file.read(place.size))[0])
    except (OSError, struct.error, OverflowError, ValueError):
        return True  # the parser shall say what is wrong


def tiff_header(path: Path) -> Header:
    """Size and orientation of the first page."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            header = Header("TIFF", "", (page.imagelength, page.imagewidth), _orientation(page))
    except Exception as error:  # noqa: BLE001 - tifffile raises whatever its parsing trips over
        raise UserError(f"{path}: is a damaged TIFF: {_one_line(error)}") from None
    check_size(path, header.size_hw)
    return header


def read_tiff(path: Path, page: int = 0) -> tuple[NDArray[Any], int]:
    """A picture as stored, `[H, W]` or `[H, W, C]` in the machine's byte order, and its EXIF orientation.

    `page` counts as `count_pages` does. Palettes, YCbCr, CMYK and white-is-zero pages come as 8-bit RGB or grey.
    Raises `UserError` where nothing can decode it.
    """
    header = tiff_header(path)
    pixels = _with_tifffile(path, page)
    if pixels is None:
        pixels = _with_pillow(path, page)
    if pixels is None and page == 0:
        pixels = _with_opencv(path)
    if pixels is None or pixels.shape[:2] != header.size_hw:
        raise UserError(f"{path}: is a damaged TIFF, or one of an unknown compression")
    return pixels, header.orientation


def write_page(path: Path, page: int, target: Path) -> None:
    """Write one picture of a stack into a TIFF of its own, with its samples as they are stored."""
    import tifffile

    pixels, orientation = read_tiff(path, page)
    is_rgb = pixels.ndim == 3 and pixels.shape[2] in (3, 4)
    tags = [(_ORIENTATION_TAG, "H", 1, orientation, True)] if orientation != 1 else []
    tifffile.imwrite(
        target,
        pixels,
        photometric="rgb" if is_rgb else "minisblack",
        planarconfig="contig" if pixels.ndim == 3 else None,
        metadata=None,
        compression="zlib",
        extratags=tags,
    )


def _with_tifffile(path: Path, number: int) -> NDArray[Any] | None:
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            if page.photometric.name not in _PLAIN:
                return None
            planes = _planes(file) if _has_more_than_one_page(path) else [[0]]
            if planes == [[0]] and number == 0:
                pixels = np.asarray(page.asarray(buffersize=_BUFFER))
            else:
                pixels = np.asarray(file.asarray(key=planes[number][0], series=0, buffersize=_BUFFER))
                if len(planes[number]) > 1:
                    others = [file.asarray(key=key, series=0, buffersize=_BUFFER) for key in planes[number][1:]]
                    pixels = np.stack([pixels, *others], axis=-1)
    except Exception:  # noqa: BLE001 - unknown compressions and damage alike: the next decoder shall try
        return None
    if pixels.ndim == 3 and page.axes.startswith("S"):
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim not in (2, 3):
        return None
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("="), copy=False))


def _with_pillow(path: Path, page: int) -> NDArray[Any] | None:
    try:
        with Image.open(path) as picture:
            picture.seek(page)
            if picture.mode in ("I;16", "I;16B", "I", "F", "L", "RGB"):
                return np.array(picture)
            return np.array(picture.convert("L" if picture.mode == "1" else "RGB"))
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError):
        return None


def _with_opencv(path: Path) -> NDArray[Any] | None:
    try:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except (cv2.error, OSError):
        return None
    if pixels is None:
        return None
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        pixels = pixels[:, :, ::-1]
    elif pixels.ndim == 3 and pixels.shape[2] == 4:
        pixels = pixels[:, :, [2, 1, 0, 3]]
    return np.ascontiguousarray(pixels)


def _orientation(page: Any) -> int:
    tag = page.tags.get(_ORIENTATION_TAG)
    value = tag.value if tag is not None else 1
    return int(value) if isinstance(value, int) and 1 <= value <= 8 else 1


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
