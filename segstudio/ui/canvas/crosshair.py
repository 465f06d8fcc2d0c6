"""Two lines through the cursor, from edge to edge, to line things up with what is far away."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen

_GAP = 10.0
"""Logical pixels left free round the cursor, so that what it points at can be seen."""
_DARK, _LIGHT = QColor(0, 0, 0, 150), QColor(255, 255, 255, 210)


def crosshair_strips(at: QPointF | None, size: QSize) -> list[QRect]:
    """The logical pixels that the lines through `at` touch; none without a cursor."""
    if at is None:
        return []
    x, y = int(at.x()), int(at.y())
    return [QRect(x - 2, 0, 5, size.height()), QRect(0, y - 2, size.width(), 5)]


def draw_crosshair(painter: QPainter, at: QPointF, size: QSize) -> None:
    """A light line on a dark one, which can be seen on any picture."""
    x, y = int(at.x()) + 0.5, int(at.y()) + 0.5
    lines = [
        QLineF(x, 0, x, y - _GAP),
        QLineF(x, y + _GAP, x, size.height()),
        QLineF(0, y, x - _GAP, y),
        QLineF(x + _GAP, y, size.width(), y),
    ]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for pen in (QPen(_DARK, 3), QPen(_LIGHT, 1)):
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawLines(lines)
