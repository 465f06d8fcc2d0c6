"""The brush: paints the active class, or an object; Alt takes away, Shift goes on with what lies under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from segstudio.core.objects import SegObject
from segstudio.core.raster import UNLABELLED
from segstudio.ops.brush import snapped
from segstudio.ui.canvas.overlay import bounds_of, draw_line, draw_ring
from segstudio.ui.canvas.tools.gestures import ObjectGesture, RasterGesture
from segstudio.ui.canvas.tools.painting import active_class, begin, editable_at
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_FINE = 3.0
"""Tips thinner than this, in pixels, are put on whole pixels: one pixel under the cursor, not parts of four."""
_STILL = 3.0
"""Logical pixels that the hand may tremble before a click becomes a drag."""


class BrushTool(Tool):
    """A stroke is one edit, seen while it is drawn. In object mode a stroke makes an object.

    A click with Shift held after a stroke draws a straight line from where that ended; a drag with Shift held goes on
    with what it begins on.
    """

    id = "brush"
    title = "&Brush"
    icon = "brush"
    key = "B"
    cursor = Qt.CursorShape.BlankCursor
    hint = (
        "Alt erases · Shift+click: straight line from the last point · Shift+drag goes on with what is under it · "
        "[ ] or Alt+wheel: size"
    )
    erases = False

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._gesture: RasterGesture | ObjectGesture | None = None
        self._last: Pointer | None = None
        self._at: Pointer | None = None
        self._ended: Pointer | None = None
        self._ended_on: int | None = None
        self._click: Pointer | None = None

    @property
    def radius(self) -> float:
        """The tip's radius in image pixels."""
        view = self.context.view
        return view.brush_radius * (self.context.image_px if view.brush_in_screen_pixels else 1.0)

    def press(self, at: Pointer) -> None:
        self._drop_gesture()
        self._at = at
        if at.shift and self._ended is not None:
            # A click or a drag: the release or the first move tells.
            self._click = at
        else:
            self._begin(at)

    def move(self, points: Sequence[Pointer]) -> None:
        self._at = points[-1]
        if self._click is not None and self._is_drag(self._click, points[-1]):
            start, self._click = self._click, None
            self._begin(start)
        if self._gesture is not None and self._last is not None:
            self._add([self._last, *points])
            self._last = points[-1]

    def release(self, at: Pointer) -> None:
        click, self._click = self._click, None
        if click is not None and self._ended is not None:
            self._begin_line(click)
            if self._gesture is not None:
                self._add([replace(self._ended, pressure=click.pressure), click])
                self._last = click
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self._ended = self._last
            self._ended_on = gesture.object_id if isinstance(gesture, ObjectGesture) else None
            gesture.finish()

    def hover(self, at: Pointer | None) -> None:
        self._at = at

    def cancel(self) -> bool:
        """Drop the stroke on its way, and the point that a straight line would begin at."""
        self._ended = self._ended_on = None
        return self._drop_gesture()

    def _drop_gesture(self) -> bool:
        had = self._click is not None or self._gesture is not None
        gesture, self._gesture, self._click = self._gesture, None, None
        if gesture is not None:
            gesture.cancel()
        return had

    def _begin(self, at: Pointer) -> None:
        objects = self.context.view.mode == "objects"
        self._gesture = self._object_gesture(at) if objects else self._raster_gesture(at)
        self._last = at
        if self._gesture is not None:
            self._add([at])

    def _begin_line(self, at: Pointer) -> None:
        """A straight line is of the active class, and goes on with the object that the last stroke drew on."""
        if self.context.view.mode == "semantic":
            self._gesture = self._raster_gesture(replace(at, shift=False))
            return
        document = self.context.document
        last = self._ended_on if document is not None else None
        item = document.labels.objects.get(last) if document is not None and last is not None else None
        self._gesture = self._object_gesture(at, go_on_with=item)

    def _is_drag(self, start: Pointer, at: Pointer) -> bool:
        return max(abs(at.x - start.x), abs(at.y - start.y)) >= _STILL * self.context.image_px

    def paint_overlay(self, painter: QPainter) -> None:
        if self._at is not None:
            centre = self.context.to_screen(self._at.x, self._at.y)
            draw_ring(
                painter, centre, self._screen_radius, self._color(self._at), square=self.context.view.brush_square
            )
            if self._shows_line and self._ended is not None:
                draw_line(painter, QPolygonF([self.context.to_screen(*self._ended.xy), centre]), dashed=True)

    def overlay_bounds(self) -> QRectF | None:
        if self._at is None:
            return None
        points = [self.context.to_screen(self._at.x, self._at.y)]
        if self._shows_line and self._ended is not None:
            points.append(self.context.to_screen(*self._ended.xy))
        return bounds_of(points, self._screen_radius + 4)

    @property
    def _shows_line(self) -> bool:
        """Whether a click now would draw a straight line."""
        return self._gesture is None and self._at is not None and self._at.shift and self._ended is not None

    @property
    def _screen_radius(self) -> float:
        return max(1.0, self.radius / self.context.image_px)

    def _color(self, at: Pointer) -> tuple[int, int, int]:
        if self.erases or at.alt:
            return 255, 255, 255
        return self.context.class_color(self.context.view.active_class)

    def _add(self, path: Sequence[Pointer]) -> None:
        assert self._gesture is not None
        square = self.context.view.brush_square
        if all(at.pressure == path[0].pressure for at in path):
            self._gesture.add(self._placed(path), self._pressed(path[0]), square=square)
            return
        for before, after in zip(path, path[1:], strict=False):
            self._gesture.add(self._placed((before, after)), self._pressed(after), square=square)

    def _pressed(self, at: Pointer) -> float:
        return max(0.5, self.radius * at.pressure)

    def _placed(self, path: Sequence[Pointer]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        size = 2 * self.radius
        points = [snapped(at.xy, size) if size < _FINE else at.xy for at in path]
        return np.array(points, np.float64)

    def _raster_gesture(self, at: Pointer) -> RasterGesture | None:
        erases = self.erases or at.alt
        session = self.context.session
        chosen = None if erases else active_class(session)
        if chosen is None and not erases:
            return None
        stroke = begin(session, "erase" if erases else "brush", self.id)
        if stroke is None:
            return None
        segment_id = UNLABELLED
        if chosen is not None:
            under = self._segment_under(at) if at.shift else UNLABELLED
            segment_id = under if under != UNLABELLED else stroke.segment_for_class(chosen)
        return RasterGesture(stroke, segment_id, session.view.now)

    def _segment_under(self, at: Pointer) -> int:
        document = self.context.document
        if document is None or not document.labels.raster.bounds.holds(at.x, at.y):
            return UNLABELLED
        return int(document.labels.raster.ids_hw[floor(at.y), floor(at.x)])

    def _object_gesture(self, at: Pointer, *, go_on_with: SegObject | None = None) -> ObjectGesture | None:
        document, view, session = self.context.document, self.context.view, self.context.session
        if document is None:
            return None
        erases = self.erases or at.alt
        under = editable_at(document, self.context.objects.index.at(at.xy), view)
        target = go_on_with if go_on_with is not None and not go_on_with.locked else under
        if erases and target is None:
            target = next((item for key in view.selection if (item := document.labels.objects.get(key))), None)
        if erases and (target is None or target.locked):
            self.context.tell("there is no object under the cursor to take away from")
            return None
        if not erases and not at.shift and (target is None or target.id not in view.selection):
            target = None
        class_id = target.class_id if target is not None else active_class(session)
        if class_id is None:
            return None
        stroke = begin(session, "erase" if erases else "brush", self.id)
        if stroke is None:
            return None
        gesture = ObjectGesture(stroke, target, class_id, subtracts=erases)
        if not erases:
            session.view.set(selection=frozenset({gesture.object_id}))
        return gesture
