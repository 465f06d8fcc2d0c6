"""Pictures from files: any bit depth, channel count and EXIF orientation in, upright RGB out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.errors import UserError
from segstudio.ops.embedded import is_label_file
from segstudio.ops.image_file import Header, check_complete, header_of, is_tiff, read_bytes
from segstudio.ops.label_png import read_label_png, write_png
from segstudio.ops.tiff import count_pages, read_tiff, tiff_header, write_page
from segstudio.ops.window import grey_as_rgb, window

__all__ = [
    "Picture",
    "num_pages",
    "probe_size_hw",
    "read_image",
    "read_label_png",
    "upright",
    "window",
    "write_page",
    "write_png",
]

_LARGE_PIXELS = 40_000_000
"""From this size on a second copy of the pixels matters, and reading the file a second time does not."""
_ROWS = 512

# Decoders report through return values; what they also print would land between the lines of a command's output.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, upright.

    `source` holds the samples as stored (`[H, W]` or `[H, W, C]`, RGB order, upright). `orientation` is the EXIF
    orientation that was applied (1 = none).
    """

    source: NDArray[Any]
    path: Path
    orientation: int = 1

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.source.shape[0], self.source.shape[1]

    @cached_property
    def image_hwc(self) -> NDArray[np.uint8]:
        """uint8 RGB `[H, W, 3]`, ready to feed to a model: `source` itself where that is 8-bit RGB, else made now."""
        return _shown(self.source)


def num_pages(path: str | Path) -> int:
    """How many pictures a file holds: the planes of a TIFF stack, else one. Raises `UserError` as `read_image` does."""
    path = Path(path)
    return count_pages(path) if path.suffix.lower() in (".tif", ".tiff") and is_tiff(path) else 1


def read_image(path: str | Path, *, page: int = 0) -> Picture:
    """Decode a picture; EXIF orientation is applied once, 16-bit and float samples are windowed for showing.

    Raises `UserError` with one line that names the file for what is missing, no picture, cut off, damaged or larger
    than `MAX_PIXELS`. `page` chooses one of the `num_pages` of a TIFF; of animated files the first picture is taken.
    Transparency is dropped from `image_hwc`.
    """
    path = Path(path)
    if is_tiff(path):
        stored, orientation = read_tiff(path, page)
    else:
        data = read_bytes(path)
        header = header_of(path, data)
        check_complete(path, header, data)
        stored, orientation = _decoded(path, header, data), header.orientation
    source = upright(stored, orientation)
    return Picture(source, path, orientation)


def probe_size_hw(path: str | Path) -> tuple[int, int]:
    """(height, width) of a picture as it will be shown, from its header alone.

    Raises `UserError` as `read_image` does.
    """
    path = Path(path)
    return (tiff_header(path) if is_tiff(path) else header_of(path)).shown_size_hw


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn stored rows and columns the way EXIF `orientation` (1…8, else unchanged) says they were meant."""
    if not 2 <= orientation <= 8:
        return pixels
    turned = np.swapaxes(pixels, 0, 1) if orientation >= 5 else pixels
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return np.ascontiguousarray(turned)


def _decoded(path: Path, header: Header, data: bytes) -> NDArray[Any]:
    pixels = None
    if header.format in ("JPEG", "MPO", "PNG", "WEBP", "BMP") and header.mode != "CMYK":
        pixels = _with_opencv(path, header, data)
    if pixels is None:
        pixels = _with_pillow(path, data)
    if pixels.shape[:2] != header.size_hw:
        raise UserError(f"{path}: is a damaged image: {pixels.shape[1]}×{pixels.shape[0]} pixels were found")
    return pixels


def _with_opencv(path: Path, header: Header, data: bytes) -> NDArray[Any] | None:
    plain = header.mode == "RGB" and header.bits <= 8
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION if plain else cv2.IMREAD_UNCHANGED
    height, width = header.size_hw
    pixels = None
    try:
        if height * width >= _LARGE_PIXELS and not is_label_file(path):
            # An empty `dst` makes OpenCV decode into memory of NumPy's; what `imdecode` returns was copied there.
            pixels = cv2.imread(str(path), dst=None, flags=flags)
        if pixels is None:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    if pixels is not None and not plain and pixels.ndim == 3:
        code = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        for row in range(0, len(pixels), _ROWS):
            pixels[row : row + _ROWS] = cv2.cvtColor(pixels[row : row + _ROWS], code)
    return pixels


def _with_pillow(path: Path, data: bytes) -> NDArray[Any]:
    try:
        with Image.open(BytesIO(data)) as picture:
            if picture.mode in ("L", "RGB", "RGBA", "I", "F", "I;16", "I;16B", "I;16L"):
                return np.array(picture)
            return np.array(picture.convert("L" if picture.mode in ("1", "LA") else "RGB"))
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise UserError(f"{path}: is a damaged image: {str(error) or type(error).__name__}") from None


def _shown(source: NDArray[Any]) -> NDArray[np.uint8]:
    if source.dtype != np.uint8:
        return window(source)
    channels = source.shape[2] if source.ndim == 3 else 1
    if channels == 3:
        return source
    if channels < 3:
        return grey_as_rgb(source if source.ndim == 2 else source[:, :, 0])
    return np.ascontiguousarray(source[:, :, :3])
