"""How often each value occurs in a label raster: NumPy's `bincount` first makes eight bytes of each pixel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_EXACT = 1 << 24
"""OpenCV counts in float32, which holds whole numbers up to here."""


def value_counts(values_hw: NDArray[Any]) -> NDArray[np.int64]:
    """Pixels of each value, int64 `[greatest value + 1]`, of unsigned integers `[H, W]`; empty for no pixels."""
    if values_hw.dtype not in (np.uint8, np.uint16) or values_hw.ndim != 2 or not values_hw.size:
        return np.bincount(values_hw.reshape(-1))
    highest = int(values_hw.max())
    total = np.zeros(highest + 1, np.int64)
    rows = max(1, _EXACT // values_hw.shape[1])
    for y in range(0, len(values_hw), rows):
        band = np.ascontiguousarray(values_hw[y : y + rows])
        total += cv2.calcHist([band], [0], None, [highest + 1], [0, highest + 1]).reshape(-1).astype(np.int64)
    return total
