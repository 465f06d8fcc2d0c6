"""Pictures that a label file carries inside itself: unpacked into this user's cache, where a file is needed."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path

from segstudio.core.errors import UserError
from segstudio.ops.image import probe_size_hw
from segstudio.ops.label_png import write_whole

_SUFFIXES = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"RIFF", ".webp"), (b"BM", ".bmp"))


def unpacked(encoded: object) -> Path | None:
    """The file with the picture that `encoded` (base64) holds; None where it holds none that can be read.

    The same picture always has the same file; the data set's own folder is not written to.
    """
    if not isinstance(encoded, str) or not encoded:
        return None
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    suffix = next((suffix for magic, suffix in _SUFFIXES if content.startswith(magic)), None)
    if suffix is None:
        return None
    path = folder() / f"{hashlib.sha256(content).hexdigest()}{suffix}"
    try:
        if not path.is_file():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, content, flush=False)
        probe_size_hw(path)
    except UserError:
        path.unlink(missing_ok=True)
        return None
    return path


def folder() -> Path:
    """Where unpacked pictures lie: in this user's own cache."""
    from platformdirs import user_cache_path

    return user_cache_path("segstudio", appauthor=False) / "embedded"
