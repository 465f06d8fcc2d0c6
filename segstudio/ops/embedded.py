"""Pictures inside label files: a JSON document with base64 in `imageData`, as LabelMe writes it.

Such a file stands for its picture wherever a path of a picture is wanted, so that nothing is unpacked to the disk.
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path

from segstudio.core.errors import UserError

SUFFIX = ".json"
_FIELD = "imageData"
_SUFFIXES = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"RIFF", ".webp"), (b"BM", ".bmp"))


def is_label_file(path: Path) -> bool:
    """Whether the picture of this path lies inside a label file."""
    return path.suffix.lower() == SUFFIX


def picture_in(path: Path, content: bytes) -> bytes:
    """The encoded picture in the `content` of a label file; raises `UserError` naming `path` where it holds none."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    picture = decoded(document.get(_FIELD)) if isinstance(document, dict) else None
    if picture is None:
        raise UserError(f"{path}: holds no picture")
    return picture


def decoded(encoded: object) -> bytes | None:
    """The picture's file that `encoded` (base64) holds; None where it begins as none that we know."""
    if not isinstance(encoded, str) or not encoded:
        return None
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if _suffix(content) else None


def picture_suffix(path: Path) -> str:
    """What the name of a copy of the picture ends in: `.jpg`, `.png` … also where it lies inside a label file.

    Raises `UserError` where such a file cannot be read.
    """
    if not is_label_file(path):
        return path.suffix
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    return _suffix(picture_in(path, content))


def _suffix(content: bytes) -> str:
    return next((suffix for magic, suffix in _SUFFIXES if content.startswith(magic)), "")
