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
    painter: QPainter,
    context: ToolContext,
    mask_hw: NDArray[np.bool_],
    at: Rect,
    color: Color,
    alpha: int = 110,
    *,
    step: int = 1,
) -> None:
    """The pixels of a mask in a translucent colour.

    Its upper left corner is that of `at`, each of its pixels spans `step` × `step` of the image. Of pixels smaller than
    the screen's only some are looked at, and of a large mask what is in view, so that the cost follows the screen.
    """
    if step == 1:
        seen = context.visible_rect(at)
        mask_hw, at = mask_hw[seen.moved(-at.x0, -at.y0).slices], seen
        if seen.is_empty:
            return
    thinned = max(1, int(context.image_px / step))
    mask_hw, span = mask_hw[::thinned, ::thinned], step * thinned
    height, width = mask_hw.shape
    red, green, blue = (channel * alpha // 255 for channel in color)
    words = np.where(mask_hw, np.uint32(alpha << 24 | red << 16 | green << 8 | blue), np.uint32(0))
    image = QImage(words.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    origin, along_x, along_y = (context.to_screen(at.x0 + x, at.y0 + y) for x, y in ((0, 0), (span, 0), (0, span)))
    step_x, step_y = along_x - origin, along_y - origin
    painter.save()
    painter.setTransform(
        QTransform(step_x.x(), step_x.y(), step_y.x(), step_y.y(), origin.x(), origin.y()), combine=True
    )
    painter.drawImage(0, 0, image)
    painter.restore()
