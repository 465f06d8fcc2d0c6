"""Rectangle and ellipse, drawn from corner to corner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import copysign

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from segstudio.core.objects import PolygonShape
from segstudio.ops import lasso
from segstudio.ui.canvas.overlay import bounds_of, draw_line
from segstudio.ui.canvas.tools.area import Purpose, apply_shape
from segstudio.ui.canvas.tools.paths import shape_path
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_STILL = 3.0
"""Logical pixels below which a drag was a click."""
Corner = tuple[float, float]


class RectangleTool(Tool):
    """Drag from corner to corner; with Shift both sides are equally long."""

    id = "rectangle"
    title = "&Rectangle"
    icon = "rectangle"
    key = "K"
    hint = "drag from corner to corner · Shift: square · Alt takes away · Esc drops"
    draw: Callable[[Corner, Corner], PolygonShape] = staticmethod(lasso.rectangle)

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._start: Corner | None = None
        self._end: Corner = (0.0, 0.0)
        self._purpose = Purpose()

    def press(self, at: Pointer) -> None:
        if self.context.document is not None:
            self._start = self._end = self.context.on_image(at.xy)
            self._purpose = Purpose.of(at).never_extends()

    def move(self, points: Sequence[Pointer]) -> None:
        if self._start is not None:
            self._end = self._corner(self._start, points[-1])

    def release(self, at: Pointer) -> None:
        start, self._start = self._start, None
        if start is None:
            return
        end = self._corner(start, at)
        sides = abs(end[0] - start[0]), abs(end[1] - start[1])
        if max(sides) >= _STILL * self.context.image_px and min(sides) > 0:
            name = self.title.replace("&", "").lower()
            apply_shape(self.context, self.draw(start, end), self._purpose, name=name, tool=self.id)

    def cancel(self) -> bool:
        had, self._start = self._start is not None, None
        return had

    def paint_overlay(self, painter: QPainter) -> None:
        if self._start is None:
            return
        color = self._purpose.color(self.context)
        path = shape_path(self.context, self.draw(self._start, self._end))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*color, 70))
        painter.drawPath(path)
        draw_line(painter, path, QColor(*color), dashed=self._purpose.subtracts)

    def overlay_bounds(self) -> QRectF | None:
        if self._start is None:
            return None
        return bounds_of([self.context.to_screen(*self._start), self.context.to_screen(*self._end)])

    def _corner(self, start: Corner, at: Pointer) -> Corner:
        """The other corner: on the image, and with Shift where both sides are as long as the longer one can be."""
        x, y = self.context.on_image(at.xy)
        if not at.shift:
            return x, y
        height, width = self.context.document.size_hw if self.context.document is not None else (0, 0)
        dx, dy = at.x - start[0], at.y - start[1]
        room_x = width - start[0] if dx >= 0 else start[0]
        room_y = height - start[1] if dy >= 0 else start[1]
        side = min(max(abs(dx), abs(dy)), room_x, room_y)
        return start[0] + copysign(side, dx), start[1] + copysign(side, dy)


class EllipseTool(RectangleTool):
    """Drag from corner to corner of its box; with Shift it is a circle."""

    id = "ellipse"
    title = "E&llipse"
    icon = "ellipse"
    key = "O"
    hint = "drag from corner to corner of its box · Shift: circle · Alt takes away · Esc drops"
    draw: Callable[[Corner, Corner], PolygonShape] = staticmethod(lasso.ellipse)
