"""Two lines through the cursor, from edge to edge, to line things up with what is far away."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QSize
from PySide6.QtGui import QColor, QPainter

_GAP = 10
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
    x, y = int(at.x()), int(at.y())
    for color, beside in ((_DARK, 1), (_LIGHT, 0)):
        breadth = 1 + 2 * beside
        arms = [
            QRect(x - beside, 0, breadth, y - _GAP),
            QRect(x - beside, y + _GAP, breadth, size.height() - y - _GAP),
            QRect(0, y - beside, x - _GAP, breadth),
            QRect(x + _GAP, y - beside, size.width() - x - _GAP, breadth),
        ]
        for arm in arms:
            if not arm.isEmpty():
                painter.fillRect(arm, color)
