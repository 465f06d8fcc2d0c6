"""Image shapes as Qt paths on the screen."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QPolygonF

from segstudio.core.geometry import Points
from segstudio.core.objects import PolygonShape
from segstudio.ui.canvas.tools.tool import ToolContext


def screen_points(context: ToolContext, points_xy: Points) -> list[QPointF]:
    """Image points in logical pixels of the widget."""
    return [context.to_screen(float(x), float(y)) for x, y in points_xy]


def shape_path(context: ToolContext, shape: PolygonShape, dx: float = 0.0, dy: float = 0.0) -> QPainterPath:
    """All rings of a shape, moved by (dx, dy) image pixels."""
    path = QPainterPath()
    for ring_xy in shape.rings_xy:
        path.addPolygon(QPolygonF(screen_points(context, ring_xy + (dx, dy))))
        path.closeSubpath()
    return path
