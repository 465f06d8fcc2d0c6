"""Numbers of a raster through a table, strip by strip: NumPy first makes eight bytes of every index."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_STRIP_PIXELS = 1 << 21


def look_up(table: NDArray[Any], numbers_hw: NDArray[Any]) -> NDArray[Any]:
    """`table[numbers_hw]`, `[H, W]` of the table's kind, for unsigned integers that all have an entry.

    Of a large raster the indices alone would take several times the memory of what they give.
    """
    height, width = numbers_hw.shape
    found = np.empty((height, width), table.dtype)
    rows = max(1, _STRIP_PIXELS // max(1, width))
    for top in range(0, height, rows):
        np.take(table, numbers_hw[top : top + rows], out=found[top : top + rows], mode="clip")
    return found
