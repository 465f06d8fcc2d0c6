"""Colours of who made the labels: people, models, the forest, what was carried on or brought."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segstudio.core.class_set import Color
from segstudio.render.lut import ColorTable

ORIGIN_COLORS: Mapping[int, Color] = {
    1: (86, 180, 233),
    2: (213, 94, 0),
    3: (0, 158, 115),
    4: (204, 121, 167),
    5: (240, 228, 66),
    6: (170, 170, 170),
}
"""Colours of 1 people, 2 models, 3 the forest, 4 carried on from another image, 5 brought by the data set, 6 not known.
From the palette of Okabe and Ito, so that everybody can tell them apart."""


def origin_table(*, opacity: float = 0.6) -> ColorTable:
    """Colours of the kinds of origins (see `ORIGIN_COLORS`): unlabelled stays bare, what nobody knows is hatched."""
    colors, alpha = np.zeros((len(ORIGIN_COLORS) + 1, 3), np.uint8), np.zeros(len(ORIGIN_COLORS) + 1)
    for code, color in ORIGIN_COLORS.items():
        colors[code], alpha[code] = color, opacity
    return ColorTable.of(colors, alpha, striped=np.arange(len(alpha)) == len(ORIGIN_COLORS))
