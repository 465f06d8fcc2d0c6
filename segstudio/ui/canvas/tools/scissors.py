"""Intelligent scissors: between clicks the outline clings to edges of the picture; closed, it fills or is an object."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPolygonF

from segstudio.core.geometry import Points
from segstudio.core.objects import PolygonShape
from segstudio.ops.scissors import WINDOW, LiveWire, fewer_points, live_wire
from segstudio.ui.canvas.overlay import bounds_of, draw_handles, draw_line
from segstudio.ui.canvas.tools.area import Purpose, apply_shape
from segstudio.ui.canvas.tools.asking import Asking
from segstudio.ui.canvas.tools.path_tool import PathTool
from segstudio.ui.canvas.tools.tool import Pointer, ToolContext

_TOLERANCE = 1.0
"""How far, in pixels, the outline may leave the pixels of its path."""
_MAX_WINDOW = 2 * WINDOW

Anchor = tuple[float, float]


class ScissorsTool(PathTool):
    """Each click sets an anchor; Enter, a double click or a click on the first anchor closes the outline.

    The paths from an anchor are prepared in a worker. Clicks made meanwhile wait for them, so that no stretch of the
    outline depends on how fast one clicks.
    """

    id = "scissors"
    title = "S&cissors"
    icon = "scissors"
    key = "S"
    hint = (
        "click along an edge · Enter or double click closes · right click: one point back · Alt: take away · Esc drops"
    )

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._anchors: list[Anchor] = []
        self._stretches: list[Points] = []
        self._waiting: list[Anchor] = []
        self._closing = False
        self._wire: LiveWire | None = None
        self._at: Anchor | None = None
        self._purpose = Purpose()
        self._asking = Asking(context.session, self._prepare, self._take_wire)

    @property
    def anchors_xy(self) -> list[Anchor]:
        """The anchors set so far, in image coordinates."""
        return [*self._anchors, *self._waiting]

    @property
    def is_begun(self) -> bool:
        return bool(self._anchors)

    def press(self, at: Pointer) -> None:
        if self.context.document is None or self._closing:
            return
        point = self.context.on_image(at.xy)
        if not self._anchors:
            self._purpose = Purpose.of(at)
            self._anchors = [point]
            self._ask()
        elif len(self.anchors_xy) >= 3 and self.is_close(point, self._anchors[0]):
            self.finish()
        elif point != self.anchors_xy[-1]:
            self._waiting.append(point)
            self._settle()

    def hover(self, at: Pointer | None) -> None:
        self._at = self.context.on_image(at.xy) if at is not None else None

    def undo(self) -> bool:
        if self._waiting:
            self._waiting.pop()
        elif len(self._anchors) > 1:
            self._anchors.pop()
            self._stretches.pop()
            self._ask()
        else:
            return self.cancel()
        self._closing = False
        return True

    def cancel(self) -> bool:
        had = bool(self._anchors)
        self._asking.drop()
        self._anchors, self._stretches, self._waiting = [], [], []
        self._wire, self._closing = None, False
        return had

    def paint_overlay(self, painter: QPainter) -> None:
        if not self._anchors:
            return
        line = self.context.all_to_screen(self._line())
        draw_line(painter, QPolygonF(line), dashed=self._purpose.subtracts)
        anchors = [self.context.to_screen(*anchor) for anchor in self.anchors_xy]
        closes = len(anchors) >= 3 and self._at is not None and self.is_close(self._at, self._anchors[0])
        draw_handles(painter, anchors, active=anchors[0] if closes else None)

    def overlay_bounds(self) -> QRectF | None:
        return bounds_of(self.context.all_to_screen(self._line())) if self._anchors else None

    def _line(self) -> Points:
        """All that is drawn: the fixed stretches, what waits, and the live path to the pointer."""
        parts = [np.array([self._anchors[0]]), *self._stretches]
        if self._waiting:
            parts.append(np.array(self._waiting))
        elif self._at is not None and not self._closing:
            parts.append(self._stretch(self._at))
        return np.concatenate(parts)

    def _stretch(self, to_xy: Anchor) -> Points:
        """From the last anchor, which is left out, to a point; straight while its paths are not there."""
        end = np.array([to_xy])
        return end if self._wire is None else np.concatenate((self._wire.path_to(to_xy), end))

    def _ask(self) -> None:
        document = self.context.document
        self._wire = None
        if document is not None:
            height, width = document.size_hw
            x, y = self._anchors[-1]
            # An anchor on the far edge of the image lies beside its last pixel.
            inside = min(x, width - 0.5), min(y, height - 0.5)
            reach = int(min(_MAX_WINDOW, max(WINDOW, WINDOW * self.context.image_px)))
            self._asking.ask((document.pyramid.image_hwc, inside, reach))

    def _prepare(self, wanted: tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], Anchor, int]) -> LiveWire:
        image_hwc, anchor, reach = wanted
        return live_wire(image_hwc, anchor, window=reach)

    def _take_wire(self, wanted: object, wire: LiveWire) -> None:
        if self._asking.is_busy:
            return
        self._wire = wire
        self._settle()
        self.context.refresh()

    def _settle(self) -> None:
        """Fix what waits for paths that are there now."""
        while self._waiting and self._wire is not None:
            point = self._waiting.pop(0)
            self._stretches.append(fewer_points(self._stretch(point), _TOLERANCE))
            self._anchors.append(point)
            self._ask()
        if self._closing and self._wire is not None and not self._waiting:
            self._commit()

    def finish(self) -> None:
        if len(self.anchors_xy) < 2:
            self.cancel()
            return
        self._closing = True
        self._settle()

    def _commit(self) -> None:
        last = fewer_points(self._stretch(self._anchors[0]), _TOLERANCE)[:-1]
        ring_xy = np.concatenate([np.array([self._anchors[0]]), *self._stretches, last])
        purpose = self._purpose
        self.cancel()
        if len(ring_xy) >= 3:
            apply_shape(self.context, PolygonShape.of(ring_xy), purpose, name="scissors", tool=self.id)
