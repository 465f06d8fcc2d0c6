"""Shapes and masks of the image on the screen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPolygonF, QTransform

from segstudio.core.class_set import Color
from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape
from segstudio.ui.canvas.tools.tool import ToolContext


def screen_corners(context: ToolContext, rect: Rect) -> list[QPointF]:
    """Two opposite corners of an image rectangle, in logical pixels of the widget."""
    return [context.to_screen(rect.x0, rect.y0), context.to_screen(rect.x1, rect.y1)]


def shape_path(context: ToolContext, shape: PolygonShape, dx: float = 0.0, dy: float = 0.0) -> QPainterPath:
    """All rings of a shape, moved by (dx, dy) image pixels."""
    path = QPainterPath()
    for ring_xy in shape.rings_xy:
        path.addPolygon(QPolygonF(context.all_to_screen(ring_xy + (dx, dy))))
        path.closeSubpath()
    return path


def draw_mask(
    painter: QPainter, context: ToolContext, mask_hw: NDArray[np.bool_], at: Rect, color: Color, alpha: int = 110
) -> None:
    """The pixels of a mask, bool `[at.height, at.width]`, in a translucent colour."""
    red, green, blue = (channel * alpha // 255 for channel in color)
    words = np.where(mask_hw, np.uint32(alpha << 24 | red << 16 | green << 8 | blue), np.uint32(0))
    image = QImage(words.data, at.width, at.height, 4 * at.width, QImage.Format.Format_ARGB32_Premultiplied)
    origin, along_x, along_y = (context.to_screen(at.x0 + x, at.y0 + y) for x, y in ((0, 0), (1, 0), (0, 1)))
    step_x, step_y = along_x - origin, along_y - origin
    painter.save()
    painter.setTransform(
        QTransform(step_x.x(), step_x.y(), step_y.x(), step_y.y(), origin.x(), origin.y()), combine=True
    )
    painter.drawImage(0, 0, image)
    painter.restore()
