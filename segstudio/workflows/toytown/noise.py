"""Smooth noise that repeats without a seam."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.workflows.toytown.chance import Chance

SIZE = 512


def cloudy(chance: Chance, size: int, coarsest: int, octaves: int, fade: float = 0.55) -> NDArray[np.float32]:
    """Return float32 `[size, size]` in about -1 … 1: octaves of random grids, the coarsest of `coarsest` cells."""
    total = np.zeros((size, size), np.float32)
    weight, reach = 1.0, 0.0
    for octave in range(octaves):
        cells = coarsest << octave
        grid = (chance.units(cells, cells) * 2 - 1).astype(np.float32)
        grid = np.pad(grid, 2, mode="wrap")
        step = size // cells
        smooth = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += np.float32(weight) * smooth[2 * step : 2 * step + size, 2 * step : 2 * step + size]
        reach += weight
        weight *= fade
    return total / np.float32(reach)


@lru_cache(maxsize=1)
def grain() -> NDArray[np.float32]:
    """Return fine noise `[512, 512]`, about -1 … 1: the roughness of asphalt, plaster and leaves."""
    return np.asarray(np.clip(cloudy(Chance(1), SIZE, 64, 3, 0.9) * 1.8, -1, 1), np.float32)


@lru_cache(maxsize=1)
def patchy() -> NDArray[np.float32]:
    """Return broad noise `[512, 512]`, about -1 … 1: stains and wear."""
    return np.asarray(np.clip(cloudy(Chance(2), SIZE, 8, 4) * 1.6, -1, 1), np.float32)
