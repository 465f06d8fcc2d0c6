"""Handles round what is selected: which one is under the pointer, and how much a drag of it stretches."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath

from segstudio.core.geometry import Rect
from segstudio.ui.canvas.overlay import draw_handles, draw_line
from segstudio.ui.canvas.tools.tool import Pointer, ToolContext

_REACH = 7.0
"""How near to a handle, in logical pixels, one has to point."""
_ROOM = 28.0
"""Sides shorter than this, in logical pixels, have no handle in their middle."""
_LEAST = 14.0
"""Boxes smaller than this on the screen have no handles: there would be nothing left to drag."""
_MARGIN = 6.0
"""How far outside the box, in logical pixels, the handles stand, so that they hide no vertices."""

Grip = tuple[int, int]
"""Which handle: −1 for the left or upper side, 1 for the right or lower one, 0 for the middle."""

_CORNERS: tuple[Grip, ...] = ((-1, -1), (1, -1), (1, 1), (-1, 1))


@dataclass(frozen=True, slots=True)
class Stretch:
    """By what factors something is stretched, and from which fixed point."""

    factor_x: float = 1.0
    factor_y: float = 1.0
    around_xy: tuple[float, float] = (0.0, 0.0)

    @property
    def is_none(self) -> bool:
        """Whether nothing changes."""
        return self.factor_x == self.factor_y == 1.0


class Handles:
    """The eight handles of one rectangle of image pixels."""

    def __init__(self, context: ToolContext, box: Rect) -> None:
        self._context = context
        self.box = box

    def at(self, pointer: Pointer) -> Grip | None:
        """The handle under the pointer."""
        point = self._context.to_screen(*pointer.xy)
        near = [(self._distance(point, grip), grip) for grip in self._grips()]
        best = min(near, default=None)
        return best[1] if best is not None and best[0] <= _REACH else None

    def stretch(self, grip: Grip, start: Pointer, at: Pointer) -> Stretch:
        """What a drag of a handle does: the opposite side stays; Shift keeps the proportions, Alt keeps the middle.

        At least one pixel is left on each side.
        """
        box = self.box
        share = 0.5 if at.alt else 1.0
        sizes = box.width * share, box.height * share
        steps = grip[0] * (at.x - start.x), grip[1] * (at.y - start.y)
        factors = [
            max((size + step) / size, 1.0 / max(1.0, 2 * size * share)) if side else 1.0
            for size, step, side in zip(sizes, steps, grip, strict=True)
        ]
        if at.shift and all(grip):
            factors = [max(factors)] * 2
        elif at.shift:
            factors = [factors[0] if grip[0] else factors[1]] * 2
        middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        opposite = [
            centre if at.alt or not side else (low if side > 0 else high)
            for centre, side, low, high in zip(middle, grip, (box.x0, box.y0), (box.x1, box.y1), strict=True)
        ]
        return Stretch(factors[0], factors[1], (opposite[0], opposite[1]))

    def draw(self, painter: QPainter) -> None:
        """The frame and its handles."""
        grips = self._grips()
        if grips:
            path = QPainterPath()
            path.addRect(self._frame())
            draw_line(painter, path, dashed=True)
            draw_handles(painter, [self._point(grip) for grip in grips])

    def screen_points(self) -> list[QPointF]:
        """Two corners that hold all handles."""
        frame = self._frame()
        return [frame.topLeft(), frame.bottomRight()]

    def _frame(self) -> QRectF:
        a, b = (self._context.to_screen(x, y) for x, y in ((self.box.x0, self.box.y0), (self.box.x1, self.box.y1)))
        return QRectF(a, b).normalized().adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)

    def _grips(self) -> list[Grip]:
        frame = self._frame()
        if min(frame.width(), frame.height()) < _LEAST + 2 * _MARGIN:
            return []
        across = [(0, -1), (0, 1)] if frame.width() >= _ROOM + 2 * _MARGIN else []
        down = [(-1, 0), (1, 0)] if frame.height() >= _ROOM + 2 * _MARGIN else []
        return [*_CORNERS, *across, *down]

    def _point(self, grip: Grip) -> QPointF:
        # Through the image's own corners, so that a view that is turned keeps each handle on its side.
        box, frame = self.box, self._frame()
        x = (box.x0, (box.x0 + box.x1) / 2, box.x1)[grip[0] + 1]
        y = (box.y0, (box.y0 + box.y1) / 2, box.y1)[grip[1] + 1]
        point, middle = self._context.to_screen(x, y), frame.center()
        return QPointF(_outwards(point.x(), middle.x()), _outwards(point.y(), middle.y()))

    def _distance(self, point: QPointF, grip: Grip) -> float:
        there = self._point(grip) - point
        return float(max(abs(there.x()), abs(there.y())))


def _outwards(value: float, middle: float) -> float:
    if abs(value - middle) < 0.5:
        return value
    return value + (_MARGIN if value > middle else -_MARGIN)
