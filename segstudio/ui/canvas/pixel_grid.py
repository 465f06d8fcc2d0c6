"""Lines between the pixels of the image, where a pixel is large enough on the screen to be told from its neighbours."""

from __future__ import annotations

from math import ceil, floor

from PySide6.QtCore import QLineF, QRect
from PySide6.QtGui import QColor, QPainter, QPen

from segstudio.core.geometry import Rect
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
    shown = viewport.device_rect(Rect.of_size(*size_hw)).intersect(part)
    if shown.is_empty:
        return
    columns = _edges(viewport.left, viewport.scale, shown.x0, shown.x1)
    rows = _edges(viewport.top, viewport.scale, shown.y0, shown.y1)
    x0, x1, y0, y1 = (value / ratio for value in (shown.x0, shown.x1, shown.y0, shown.y1))
    lines = [QLineF(x, y0, x, y1) for x in ((c + 0.5) / ratio for c in columns)]
    lines += [QLineF(x0, y, x1, y) for y in ((r + 0.5) / ratio for r in rows)]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(_GREY, 0))
    painter.drawLines(lines)


def _edges(corner: float, scale: float, low: int, high: int) -> list[int]:
    """The device pixels of low … high − 1 at which another image pixel begins (a pixel shows what its middle is on)."""
    first, last = ceil((low + corner) / scale), floor((high + corner) / scale)
    places = (ceil(number * scale - corner - 0.5) for number in range(first, last + 1))
    return [place for place in places if low <= place < high]
