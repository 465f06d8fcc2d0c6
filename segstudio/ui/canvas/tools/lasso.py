"""The lasso: fills what a hand-drawn line goes round; the line closes itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from segstudio.core.objects import PolygonShape
from segstudio.ops.lasso import thinned
from segstudio.ui.canvas.overlay import bounds_of, draw_line
from segstudio.ui.canvas.tools.area import Purpose, apply_shape
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_SPACING = 1.5
"""Distance of the points kept, in logical pixels."""


class LassoTool(Tool):
    """One drag is one edit."""

    id = "lasso"
    title = "&Lasso fill"
    icon = "lasso"
    key = "L"
    hint = "drag round an area, release fills it · Alt takes away · Shift adds to the object under it · Esc drops"

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._points: list[tuple[float, float]] = []
        self._purpose = Purpose()

    def press(self, at: Pointer) -> None:
        self._points = [self.context.on_image(at.xy)] if self.context.document is not None else []
        self._purpose = Purpose.of(at)

    def move(self, points: Sequence[Pointer]) -> None:
        if self._points:
            self._points += [self.context.on_image(at.xy) for at in points]

    def release(self, at: Pointer) -> None:
        points, self._points = self._points, []
        document = self.context.document
        line_xy = np.array(
            [p for p, before in zip(points, [None, *points], strict=False) if p != before], np.float64
        ).reshape(-1, 2)
        if document is None or len(line_xy) < 3:
            return
        line_xy = thinned(line_xy, _SPACING * self.context.image_px)
        if len(line_xy) < 3:
            return
        shape = PolygonShape.of(line_xy)
        apply_shape(self.context, shape, self._purpose, name="lasso", tool=self.id)

    def cancel(self) -> bool:
        had = bool(self._points)
        self._points = []
        return had

    def paint_overlay(self, painter: QPainter) -> None:
        if not self._points:
            return
        color = self._purpose.color(self.context)
        line = [self.context.to_screen(*point) for point in self._points]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*color, 70))
        painter.drawPolygon(QPolygonF(line))
        draw_line(painter, QPolygonF([*line, line[0]]), QColor(*color), dashed=self._purpose.subtracts)

    def overlay_bounds(self) -> QRectF | None:
        return bounds_of(self.context.to_screen(*point) for point in self._points)
