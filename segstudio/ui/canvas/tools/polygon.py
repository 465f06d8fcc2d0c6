"""The polygon tool: click points or drag a freehand line; closed, it fills a region or becomes an object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from segstudio.core.objects import PolygonShape
from segstudio.ops.snapping import at_right_angles
from segstudio.ui.canvas.overlay import bounds_of, draw_handles, draw_line
from segstudio.ui.canvas.tools.area import Purpose, apply_shape
from segstudio.ui.canvas.tools.path_tool import PathTool
from segstudio.ui.canvas.tools.snapping import Snapper
from segstudio.ui.canvas.tools.tool import Pointer, ToolContext

_FREEHAND = 4.0
"""Distance of the points of a freehand line, in logical pixels."""


class PolygonTool(PathTool):
    """Enter, a double click or a click on the first point close it; Esc drops it, Ctrl+Z takes the last point back.

    Begun with Alt held it takes away: from the labels, or from the object under its first point, where it leaves a
    hole. Begun with Shift held it adds a part to the object under its first point, else to the selected one.
    """

    id = "polygon"
    title = "&Polygon"
    icon = "polygon"
    key = "P"
    hint = (
        "click points or drag · Enter or double click closes · Esc drops · right click: one point back · Shift: 45° · "
        "begin with Alt: take away, with Shift: add to the object · Ctrl: snap or not"
    )

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._points: list[tuple[float, float]] = []
        self._at: tuple[float, float] | None = None
        self._freehand = False
        self._purpose = Purpose()
        self._snapper = Snapper(context)

    @property
    def points_xy(self) -> list[tuple[float, float]]:
        """The points placed so far, in image coordinates."""
        return list(self._points)

    @property
    def is_begun(self) -> bool:
        return bool(self._points)

    def press(self, at: Pointer) -> None:
        if self.context.document is None:
            return
        if not self._points:
            self._purpose = Purpose.of(at)
        elif len(self._points) >= 3 and self.is_close(at.xy, self._points[0]):
            self.finish()
            return
        self._add(self._placed(at))
        self._freehand = False

    def move(self, points: Sequence[Pointer]) -> None:
        for at in points:
            self._at = self._placed(at)
            if self._points and self.distance(self._at, self._points[-1]) >= _FREEHAND and not at.shift:
                self._add(self._at)
                self._freehand = True

    def release(self, at: Pointer) -> None:
        if self._freehand and len(self._points) >= 3 and self.is_close(at.xy, self._points[0]):
            self.finish()
        self._freehand = False

    def hover(self, at: Pointer | None) -> None:
        self._at = self._placed(at) if at is not None else None
        if at is None:
            self._snapper.clear()

    def undo(self) -> bool:
        if self._points:
            self._points.pop()
            return True
        return False

    def cancel(self) -> bool:
        had = bool(self._points)
        self._points.clear()
        self._snapper.clear()
        return had

    def finish(self) -> None:
        points, self._points = self._points, []
        if len(points) >= 3:
            shape = PolygonShape.of(np.array(points, np.float64))
            apply_shape(self.context, shape, self._purpose, name=self._name, tool=self.id)

    @property
    def _name(self) -> str:
        return "cut out" if self._purpose.subtracts and self.context.view.mode == "objects" else "polygon"

    def paint_overlay(self, painter: QPainter) -> None:
        if self._points:
            line = [self.context.to_screen(*point) for point in self._line()]
            color = self._purpose.color(self.context)
            if len(line) >= 3:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(*color, 70))
                painter.drawPolygon(QPolygonF(line))
            draw_line(painter, QPolygonF([*line, line[0]]), QColor(*color), dashed=self._purpose.subtracts)
            closes = len(self._points) >= 3 and self._at is not None and self.is_close(self._at, self._points[0])
            draw_handles(painter, line[: len(self._points)], active=line[0] if closes else None)
        self._snapper.draw(painter)

    def overlay_bounds(self) -> QRectF | None:
        line = [self.context.to_screen(*point) for point in (self._line() if self._points else ())]
        mark = self._snapper.point
        return bounds_of(line if mark is None else [*line, mark])

    def _line(self) -> list[tuple[float, float]]:
        return [*self._points, self._at] if self._at is not None else self._points

    def _add(self, point: tuple[float, float]) -> None:
        if not self._points or point != self._points[-1]:
            self._points.append(point)

    def _placed(self, at: Pointer) -> tuple[float, float]:
        """Where a click puts a point: on the image; with Shift in one of eight directions from the last one, else
        drawn to its neighbours.
        """
        if at.shift and self._points:
            self._snapper.clear()
            return self.context.on_image(at_right_angles(self._points[-1], at.xy))
        return self.context.on_image(self._snapper.place(at))
