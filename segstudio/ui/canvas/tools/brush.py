"""The brush: paints the active class, or an object; Alt takes away, Shift goes on with what lies under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from segstudio.core.raster import UNLABELLED
from segstudio.ops.brush import snapped
from segstudio.ui.canvas.overlay import bounds_of, draw_ring
from segstudio.ui.canvas.tools.gestures import ObjectGesture, RasterGesture
from segstudio.ui.canvas.tools.painting import active_class, begin, editable_at
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_FINE = 3.0
"""Tips thinner than this, in pixels, are put on whole pixels: one pixel under the cursor, not parts of four."""


class BrushTool(Tool):
    """A stroke is one edit, seen while it is drawn. In object mode a stroke makes an object."""

    id = "brush"
    title = "&Brush"
    icon = "brush"
    key = "B"
    cursor = Qt.CursorShape.BlankCursor
    hint = "Alt erases · Shift goes on with what is under the cursor · [ ] or Alt+wheel: size"
    erases = False

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._gesture: RasterGesture | ObjectGesture | None = None
        self._last: Pointer | None = None
        self._at: Pointer | None = None

    @property
    def radius(self) -> float:
        """The tip's radius in image pixels."""
        view = self.context.view
        return view.brush_radius * (self.context.image_px if view.brush_in_screen_pixels else 1.0)

    def press(self, at: Pointer) -> None:
        self.cancel()
        objects = self.context.view.mode == "objects"
        self._gesture = self._object_gesture(at) if objects else self._raster_gesture(at)
        self._at = self._last = at
        if self._gesture is not None:
            self._add([at])

    def move(self, points: Sequence[Pointer]) -> None:
        self._at = points[-1]
        if self._gesture is not None and self._last is not None:
            self._add([self._last, *points])
            self._last = points[-1]

    def release(self, at: Pointer) -> None:
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.finish()

    def hover(self, at: Pointer | None) -> None:
        self._at = at

    def cancel(self) -> bool:
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return False
        gesture.cancel()
        return True

    def paint_overlay(self, painter: QPainter) -> None:
        if self._at is not None:
            centre = self.context.to_screen(self._at.x, self._at.y)
            draw_ring(
                painter, centre, self._screen_radius, self._color(self._at), square=self.context.view.brush_square
            )

    def overlay_bounds(self) -> QRectF | None:
        if self._at is None:
            return None
        return bounds_of([self.context.to_screen(self._at.x, self._at.y)], self._screen_radius + 4)

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

    def _object_gesture(self, at: Pointer) -> ObjectGesture | None:
        document, view, session = self.context.document, self.context.view, self.context.session
        if document is None:
            return None
        erases = self.erases or at.alt
        target = editable_at(document, self.context.objects.index.at(at.xy), view)
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
