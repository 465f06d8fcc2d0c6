"""TIFF pictures: 16-bit, float, many channels, tiled and multi-page (the first page is the picture)."""

from __future__ import annotations

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


def read_tiff(path: Path) -> tuple[NDArray[Any], int]:
    """The first page as stored, `[H, W]` or `[H, W, C]` in the machine's byte order, and its EXIF orientation.

    Palettes, YCbCr, CMYK and white-is-zero pages come as 8-bit RGB or grey. Raises `UserError` where nothing can
    decode it.
    """
    header = tiff_header(path)
    pixels = _with_tifffile(path)
    if pixels is None:
        pixels = _with_pillow(path)
    if pixels is None:
        pixels = _with_opencv(path)
    if pixels is None or pixels.shape[:2] != header.size_hw:
        raise UserError(f"{path}: is a damaged TIFF, or one of an unknown compression")
    return pixels, header.orientation


def _with_tifffile(path: Path) -> NDArray[Any] | None:
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            if page.photometric.name not in _PLAIN:
                return None
            pixels = np.asarray(page.asarray())
    except Exception:  # noqa: BLE001 - unknown compressions and damage alike: the next decoder shall try
        return None
    if pixels.ndim == 3 and page.axes.startswith("S"):
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim not in (2, 3):
        return None
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("="), copy=False))


def _with_pillow(path: Path) -> NDArray[Any] | None:
    try:
        with Image.open(path) as picture:
            if picture.mode in ("I;16", "I;16B", "I", "F", "L", "RGB"):
                return np.array(picture)
            return np.array(picture.convert("L" if picture.mode == "1" else "RGB"))
    except (OSError, SyntaxError, ValueError, MemoryError):
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
