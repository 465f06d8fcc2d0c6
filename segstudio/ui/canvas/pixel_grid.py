"""Lines between the pixels of the image, where a pixel is large enough on the screen to be told from its neighbours."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRect
from PySide6.QtGui import QColor, QPainter, QPen

from segstudio.core.geometry import Rect
from segstudio.render.sampling import Grid
from segstudio.render.viewport import Viewport

GRID_FROM = 8.0
"""The scale, in device pixels per image pixel, from which there are lines."""

_GREY = QColor(128, 128, 128, 130)
"""Seen on black and on white, and quiet beside the labels' outlines."""


def draw_pixel_grid(painter: QPainter, viewport: Viewport, size_hw: tuple[int, int], area: QRect, ratio: float) -> None:
    """Draw the lines that cross `area` (logical pixels); nothing below `GRID_FROM`. `ratio` is device per logical."""
    if viewport.scale < GRID_FROM:
        return
    part = Rect(
        floor(area.left() * ratio),
        floor(area.top() * ratio),
        ceil((area.right() + 1) * ratio),
        ceil((area.bottom() + 1) * ratio),
    )
    # One pixel more: whether a line runs through a pixel is told from the one before it.
    shown = viewport.device_rect(Rect.of_size(*size_hw)).intersect(part.grown(1))
    if shown.is_empty:
        return
    grid = Grid.of(viewport, shown)
    across, down = (grid.y, grid.x) if grid.is_swapped else (grid.x, grid.y)
    x0, x1, y0, y1 = (value / ratio for value in (shown.x0, shown.x1, shown.y0, shown.y1))
    lines = [QLineF(x, y0, x, y1) for x in (np.flatnonzero(_begins(across)) + shown.x0 + 0.5) / ratio]
    lines += [QLineF(x0, y, x1, y) for y in (np.flatnonzero(_begins(down)) + shown.y0 + 0.5) / ratio]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(_GREY, 0))
    painter.drawLines(lines)


def _begins(position: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where another image pixel begins, by the rule by which the picture is sampled."""
    numbers = np.floor(position)
    return np.diff(numbers, prepend=numbers[:1]) != 0
