"""What a picture's file says before it is decoded: format, size, orientation, whether its end is there."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from segstudio.core.errors import UserError
from segstudio.ops.embedded import is_label_file, picture_in

MAX_PIXELS = 1_200_000_000
"""A header that announces more pixels is refused before anything is decoded (the largest picture we promise is
20,000 × 20,000).
"""

Image.MAX_IMAGE_PIXELS = None  # every path below compares with MAX_PIXELS itself, and says which file it was

_ORIENTATION_TAG = 0x0112
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a file say. `size_hw` is as stored, before `orientation` (EXIF, 1…8) is applied.

    `mode` is Pillow's ("RGB", "P", "I;16" …); `bits` the bits per sample of a PNG, else 0.
    """

    format: str
    mode: str
    size_hw: tuple[int, int]
    orientation: int = 1
    bits: int = 0

    @property
    def shown_size_hw(self) -> tuple[int, int]:
        """(height, width) after the orientation is applied."""
        height, width = self.size_hw
        return (width, height) if self.orientation >= 5 else (height, width)


def read_bytes(path: Path) -> bytes:
    """The whole file of a picture, also where it lies inside a label file (see `embedded`).

    `UserError` names the file where it is missing, a folder, unreadable, empty or a label file without a picture.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder, not an image") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not data:
        raise UserError(f"{path}: the file is empty")
    return picture_in(path, data) if is_label_file(path) else data


def is_tiff(path: Path) -> bool:
    """Whether the file begins as a TIFF does; `UserError` where it cannot be opened."""
    try:
        with path.open("rb") as file:
            return file.read(4) in _TIFF_MAGIC
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder, not an image") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None


def header_of(path: Path, data: bytes | None = None) -> Header:
    """Read the header of a file that is no TIFF, from `data` where it was read already.

    Raises `UserError` for what is not a picture, has no pixels or announces more than `MAX_PIXELS`.
    """
    if data is None and is_label_file(path):
        data = read_bytes(path)
    if data is not None:
        return _header(path, BytesIO(data))
    try:
        with path.open("rb") as file:
            return _header(path, file)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None


def _header(path: Path, file: BinaryIO) -> Header:
    first = file.read(26)
    file.seek(0)
    if not first:
        raise UserError(f"{path}: the file is empty")
    try:
        with Image.open(file) as picture:
            width, height = picture.size
            header = Header(
                str(picture.format),
                picture.mode,
                (height, width),
                _orientation(picture),
                first[24] if first.startswith(_PNG_MAGIC) else 0,
            )
    except UnidentifiedImageError:
        raise UserError(f"{path}: is not an image of a known format") from None
    except (OSError, SyntaxError, ValueError, OverflowError) as error:
        raise UserError(f"{path}: cannot be read as an image: {error}") from None
    check_size(path, header.size_hw)
    return header


def check_size(path: Path, size_hw: tuple[int, int]) -> None:
    """Refuse pictures without pixels and pictures too large to hold."""
    height, width = size_hw
    if height <= 0 or width <= 0:
        raise UserError(f"{path}: is an image of {width}×{height} pixels")
    if height * width > MAX_PIXELS:
        raise UserError(f"{path}: announces {width}×{height} pixels, more than the {MAX_PIXELS:,} that can be opened")


def _orientation(picture: Image.Image) -> int:
    # Pillow decodes a whole PNG in search of an EXIF chunk behind its pixels; the standard place is before them.
    if picture.format == "PNG" and "exif" not in picture.info:
        return 1
    value = picture.getexif().get(_ORIENTATION_TAG, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def check_complete(path: Path, header: Header, data: bytes) -> None:
    """Refuse a JPEG whose end is missing and a PNG whose chunks are damaged or missing.

    Decoders fill the rest with grey, or print to the terminal. A JPEG has no check sums: damage inside it goes unseen.
    """
    if header.format in ("JPEG", "MPO"):
        # Inside the pixels every 0xFF byte is followed by a zero, so this pair there can only be the end mark.
        complete = data.rfind(b"\xff\xd9", max(0, data.find(b"\xff\xda"))) >= 0
    elif header.format == "PNG":
        complete = _png_is_complete(path, data)
    else:
        return
    if not complete:
        raise UserError(f"{path}: the file is cut off: the end of its pixels is missing")


def _png_is_complete(path: Path, data: bytes) -> bool:
    view = memoryview(data)
    place = len(_PNG_MAGIC)
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(view[place : place + 4], "big")
        if end + 4 > len(data):
            return False
        kind = bytes(view[place + 4 : place + 8])
        if zlib.crc32(view[place + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise UserError(f"{path}: is a damaged image: a check sum does not match")
        if kind == b"IEND":
            return True
        place = end + 4
    return False
