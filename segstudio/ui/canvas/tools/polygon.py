"""The polygon tool: click points or drag a freehand line; closed, it fills a region or becomes an object."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, cos, hypot, pi, sin

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.core.raster import UNLABELLED
from segstudio.ops import polygon
from segstudio.ui.canvas.overlay import bounds_of, draw_handles, draw_line
from segstudio.ui.canvas.tools.painting import active_class, begin, editable_at, fill_mask
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_CLOSE = 8.0
"""How near to the first point, in logical pixels, a click closes the polygon."""
_FREEHAND = 4.0
"""Distance of the points of a freehand line, in logical pixels."""
_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_BACK = (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)


class PolygonTool(Tool):
    """Enter, a double click or a click on the first point close it; Esc drops it, Ctrl+Z takes the last point back.

    Begun with Alt held it takes away: from the labels, or from the object under its first point.
    """

    id = "polygon"
    title = "&Polygon"
    icon = "polygon"
    key = "P"
    hint = "click points or drag · Enter or double click closes · Esc drops · right click: one point back · Shift: 45°"

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._points: list[tuple[float, float]] = []
        self._at: tuple[float, float] | None = None
        self._freehand = False
        self._subtracts = False

    @property
    def points_xy(self) -> list[tuple[float, float]]:
        """The points placed so far, in image coordinates."""
        return list(self._points)

    def press(self, at: Pointer) -> None:
        if self.context.document is None:
            return
        if not self._points:
            self._subtracts = at.alt
        elif len(self._points) >= 3 and self._near_first(at):
            self._close()
            return
        self._add(self._placed(at))
        self._freehand = False

    def move(self, points: Sequence[Pointer]) -> None:
        for at in points:
            self._at = self._placed(at)
            if self._points and self._distance(self._at, self._points[-1]) >= _FREEHAND and not at.shift:
                self._add(self._at)
                self._freehand = True

    def release(self, at: Pointer) -> None:
        if self._freehand and len(self._points) >= 3 and self._near_first(at):
            self._close()
        self._freehand = False

    def hover(self, at: Pointer | None) -> None:
        self._at = self._placed(at) if at is not None else None

    def double_click(self, at: Pointer) -> bool:
        if not self._points:
            return False
        self._close()
        return True

    def secondary(self, at: Pointer) -> bool:
        return self.undo()

    def key_press(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        if key in _ENDS and self._points:
            self._close()
            return True
        return key in _BACK and self.undo()

    def delete(self) -> bool:
        return self.undo()

    def undo(self) -> bool:
        if self._points:
            self._points.pop()
            return True
        return False

    def cancel(self) -> bool:
        had = bool(self._points)
        self._points.clear()
        return had

    def paint_overlay(self, painter: QPainter) -> None:
        if not self._points:
            return
        line = [self.context.to_screen(*point) for point in self._line()]
        color = (255, 255, 255) if self._subtracts else self.context.class_color(self.context.view.active_class)
        if len(line) >= 3:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(*color, 70))
            painter.drawPolygon(QPolygonF(line))
        draw_line(painter, QPolygonF([*line, line[0]]), QColor(*color), dashed=self._subtracts)
        first = line[0] if len(self._points) >= 3 and self._at is not None and self._near(self._at) else None
        draw_handles(painter, line[: len(self._points)], active=first)

    def overlay_bounds(self) -> QRectF | None:
        return bounds_of(self.context.to_screen(*point) for point in self._line()) if self._points else None

    def _line(self) -> list[tuple[float, float]]:
        return [*self._points, self._at] if self._at is not None else self._points

    def _add(self, point: tuple[float, float]) -> None:
        if not self._points or point != self._points[-1]:
            self._points.append(point)

    def _placed(self, at: Pointer) -> tuple[float, float]:
        """Where a click puts a point: on the image, and with Shift in one of eight directions from the last one."""
        x, y = at.xy
        if at.shift and self._points:
            last_x, last_y = self._points[-1]
            angle = round(atan2(y - last_y, x - last_x) / (pi / 4)) * (pi / 4)
            length = (x - last_x) * cos(angle) + (y - last_y) * sin(angle)
            x, y = last_x + length * cos(angle), last_y + length * sin(angle)
        document = self.context.document
        if document is None:
            return x, y
        height, width = document.size_hw
        return min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))

    def _distance(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        return hypot(a[0] - b[0], a[1] - b[1]) / self.context.image_px

    def _near_first(self, at: Pointer) -> bool:
        return self._near(at.xy)

    def _near(self, point: tuple[float, float]) -> bool:
        return self._distance(point, self._points[0]) <= _CLOSE

    def _close(self) -> None:
        points, self._points = self._points, []
        shape = PolygonShape.of(np.array(points, np.float64))
        if len(points) < 3:
            return
        if self.context.view.mode == "semantic":
            self._fill(shape)
        elif self._subtracts:
            self._subtract(shape)
        else:
            self._make_object(shape)

    def _fill(self, shape: PolygonShape) -> None:
        session, document = self.context.session, self.context.document
        chosen = None if self._subtracts else active_class(session)
        if document is None or (chosen is None and not self._subtracts):
            return
        stroke = begin(session, "polygon", self.id)
        if stroke is None:
            return
        with stroke:
            rect = shape.bounds().grown(1).intersect(Rect.of_size(*document.size_hw))
            mask_hw = polygon.fill_mask(shape, rect, document.size_hw)
            segment_id = UNLABELLED if chosen is None else stroke.segment_for_class(chosen)
            fill_mask(stroke, rect, mask_hw, segment_id, session.view.now)

    def _make_object(self, shape: PolygonShape) -> None:
        session = self.context.session
        chosen = active_class(session)
        stroke = begin(session, "polygon", self.id) if chosen is not None else None
        if stroke is None or chosen is None:
            return
        with stroke:
            table = stroke.layer.objects
            item = SegObject(table.free_id(), chosen, shape, z=table.top_z())
            stroke.put_object(item)
        session.view.set(selection=frozenset({item.id}))

    def _subtract(self, shape: PolygonShape) -> None:
        # Shapely takes its time to load and is needed only here.
        from segstudio.ops.booleans import subtract
        from segstudio.ops.shapes import as_polygon

        session, document = self.context.session, self.context.document
        if document is None:
            return
        x, y = shape.parts[0].exterior_xy[0]
        target = editable_at(document, self.context.objects.index.at((float(x), float(y))), session.view.now)
        if target is None:
            self.context.tell("there is no object under the polygon's first point")
            return
        stroke = begin(session, "cut out", self.id)
        if stroke is None:
            return
        with stroke:
            rest = subtract(as_polygon(target.shape), shape)
            if rest.parts:
                stroke.put_object(target.with_shape(rest))
            else:
                stroke.remove_object(target.id)
