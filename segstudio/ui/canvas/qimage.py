"""The one place where an array becomes a QImage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage


def wrap(words_hw: NDArray[np.uint32], device_pixel_ratio: float = 1.0) -> QImage:
    """A QImage over the memory of `words_hw`, contiguous uint32 `[H, W]` of 0xFFRRGGBB; later writes show in it.

    Use `copied` for an image that another thread or the clipboard gets. Raises `ValueError` for other arrays.
    """
    if words_hw.dtype != np.uint32 or words_hw.ndim != 2 or not words_hw.flags.c_contiguous:
        raise ValueError(f"not a contiguous array of 32-bit words: {words_hw.dtype} {words_hw.shape}")
    height, width = words_hw.shape
    image = QImage(words_hw.data, width, height, 4 * width, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(device_pixel_ratio)
    return image


def copied(words_hw: NDArray[np.uint32], device_pixel_ratio: float = 1.0) -> QImage:
    """As `wrap`, with memory of its own."""
    return wrap(np.ascontiguousarray(words_hw), device_pixel_ratio).copy()
