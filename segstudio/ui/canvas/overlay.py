"""Lines and handles that stay readable on any picture: a dark line under a light one."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from segstudio.core.class_set import Color

HANDLE = 4.0
"""Half the side of a handle, in logical pixels."""

MARGIN = 8.0
"""How far lines and handles reach beyond the points that they are drawn for, in logical pixels."""

_SMOOTH_RING = 40.0
"""Radius, in logical pixels, from which steps in a ring are too small to see."""
_DARK = QColor(0, 0, 0, 170)
_LIGHT = QColor(255, 255, 255)


def draw_line(
    painter: QPainter, path: QPainterPath | QPolygonF, color: QColor = _LIGHT, *, dashed: bool = False
) -> None:
    """A line of one pixel with a dark seam."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(_DARK, 3.0), QPen(color, 1.4, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)):
        pen.setCosmetic(True)
        painter.setPen(pen)
        if isinstance(path, QPolygonF):
            painter.drawPolyline(path)
        else:
            painter.drawPath(path)


def draw_handles(painter: QPainter, points: Iterable[QPointF], *, active: QPointF | None = None) -> None:
    """Small squares; the active one is filled with the accent."""
    painter.setPen(QPen(_DARK, 1.0))
    for point in points:
        is_active = active is not None and (point - active).manhattanLength() < 0.5
        painter.setBrush(QColor(255, 196, 0) if is_active else _LIGHT)
        side = HANDLE + (1.5 if is_active else 0.0)
        painter.drawRect(QRectF(point.x() - side, point.y() - side, 2 * side, 2 * side))


def draw_ring(painter: QPainter, centre: QPointF, radius: float, color: Color, *, square: bool = False) -> None:
    """The brush's tip in the colour it paints with, between two dark rings."""
    # Smoothing a ring of 200 pixels takes 2 ms, as long as everything else in a brush move.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, radius < _SMOOTH_RING and not square)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for reach, pen_color in ((radius + 1, _DARK), (radius - 1, _DARK), (radius, QColor(*color))):
        painter.setPen(QPen(pen_color, 1.0))
        box = QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach)
        if square:
            painter.drawRect(box)
        else:
            painter.drawEllipse(box)
    painter.setPen(QPen(_LIGHT, 1.0))
    painter.drawPoint(centre)


def bounds_of(points: Iterable[QPointF], margin: float = MARGIN) -> QRectF | None:
    """The rectangle round points and what is drawn for them; None for no points."""
    polygon = QPolygonF(list(points))
    if polygon.isEmpty():
        return None
    return polygon.boundingRect().adjusted(-margin, -margin, margin, margin)
