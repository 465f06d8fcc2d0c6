"""Small pictures of large files, decoded no larger than needed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.ops.image import read_image, upright
from segstudio.ops.image_file import Header, check_complete, header_of, is_tiff, read_bytes

_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


def read_thumbnail(path: str | Path, max_side: int, *, page: int = 0) -> NDArray[np.uint8]:
    """The picture, upright, shrunk so that its longer side has at most `max_side` pixels; uint8 RGB `[h, w, 3]`.

    A JPEG is decoded at ½, ¼ or ⅛ of its size, which takes a fraction of the time. Raises `UserError` as `read_image`
    does.
    """
    path = Path(path)
    if not is_tiff(path):
        data = read_bytes(path)
        header = header_of(path, data)
        if header.format in ("JPEG", "MPO") and header.mode != "CMYK":
            check_complete(path, header, data)
            reduced = _reduced(data, header, max_side)
            if reduced is not None:
                return _resized(reduced, _fitting(header.shown_size_hw, max_side))
    return shrunk(read_image(path, page=page).image_hwc, max_side)


def is_quick(path: Path) -> bool:
    """Whether the file can be decoded small, whatever its size."""
    return not is_tiff(path) and header_of(path).format in ("JPEG", "MPO")


def _reduced(data: bytes, header: Header, max_side: int) -> NDArray[np.uint8] | None:
    for factor, flag in _REDUCED:
        if max(header.size_hw) // factor >= max_side:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
            if pixels is None:
                return None
            return np.asarray(cv2.cvtColor(upright(pixels, header.orientation), cv2.COLOR_BGR2RGB), np.uint8)
    return None


def shrunk(image_hwc: NDArray[np.uint8], max_side: int) -> NDArray[np.uint8]:
    """The picture with its longer side at most `max_side` pixels, by averaging; itself where it is small enough."""
    height, width = image_hwc.shape[:2]
    return _resized(image_hwc, _fitting((height, width), max_side))


def _fitting(size_hw: tuple[int, int], max_side: int) -> tuple[int, int]:
    scale = min(1.0, max_side / max(size_hw))
    return max(1, round(size_hw[0] * scale)), max(1, round(size_hw[1] * scale))


def _resized(image_hwc: NDArray[np.uint8], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    if image_hwc.shape[:2] == size_hw:
        return image_hwc
    return np.asarray(cv2.resize(image_hwc, size_hw[::-1], interpolation=cv2.INTER_AREA), np.uint8)
