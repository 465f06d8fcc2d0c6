"""A cursor that arrow keys move, so that every tool can be used without a mouse."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen

from segstudio.core.geometry import Rect
from segstudio.ui.canvas.pointer import pointer_of

if TYPE_CHECKING:
    from segstudio.ui.canvas.canvas import Canvas

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_FAR = 10
_REACH = 14
"""Half the size of the drawn cross, in logical pixels."""
_GAP = 4


class KeyCursor:
    """Arrows move it by a pixel of the image (where those are smaller, of the screen), with Shift by ten.

    Insert clicks, and so does Space when it is let go without a drag; Ctrl with Insert holds the button down until it
    is pressed again or Enter is. Shift and Alt with Insert mean what they mean with a click. It is gone with the next
    move of the mouse.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._at: tuple[float, float] | None = None
        self._holds = False
        self._tap = False

    @property
    def image_point(self) -> tuple[float, float] | None:
        """Where it is: the middle of a pixel; None while the mouse leads."""
        return self._at

    def hide(self) -> None:
        """The mouse leads again."""
        self._tap = False
        if self._at is not None:
            self._refresh()
            self._at, self._holds = None, False

    def drop(self) -> bool:
        """What is held down is let go without an effect; whether the button was."""
        held, self._holds, self._tap = self._holds, False, False
        return held

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def press_before_tool(self, event: QKeyEvent) -> bool:
        """Keys that no tool has, or that mean the cursor while it holds the button down; whether it was one."""
        key = event.key()
        if self._canvas.document is None:
            return False
        if key == Qt.Key.Key_Insert:
            if not event.isAutoRepeat():
                self._click(event.modifiers())
            return True
        if self._holds and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._release(event.modifiers())
            return True
        return self._holds and self.press_after_tool(event)

    def press_after_tool(self, event: QKeyEvent) -> bool:
        """Arrows that the tool in hand had no use for."""
        step = _ARROWS.get(Qt.Key(event.key()))
        plain = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if step is None or self._canvas.document is None or plain:
            return False
        far = _FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        self._move(step[0] * far, step[1] * far)
        return True

    def begin_tap(self) -> None:
        """Space went down; it is a click unless a drag follows."""
        self._tap = self._at is not None

    def end_tap(self, modifiers: Qt.KeyboardModifier) -> None:
        """Space was let go."""
        if self._tap:
            self._tap = False
            self._click(modifiers)

    # ── what they do ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _move(self, dx: int, dy: int) -> None:
        document = self._canvas.document
        assert document is not None
        height, width = document.size_hw
        if self._at is None:
            x, y = self._start()
        else:
            size = max(1, ceil(self._canvas.devicePixelRatioF() / self._canvas.viewport_now.scale - 1e-9))
            x, y = self._at[0] + dx * size, self._at[1] + dy * size
        self._refresh()
        self._at = min(max(floor(x), 0), width - 1) + 0.5, min(max(floor(y), 0), height - 1) + 0.5
        self._canvas.reveal(
            Rect(floor(self._at[0]), floor(self._at[1]), floor(self._at[0]) + 1, floor(self._at[1]) + 1)
        )
        self._refresh()
        # Shift only widens the step here; tools would take it for a constraint.
        self._canvas.hand_moves(pointer_of(self._at, Qt.KeyboardModifier.NoModifier, 1.0))

    def _start(self) -> tuple[float, float]:
        """Where the mouse is, if that is on the image, else the middle of what is in view."""
        document, under = self._canvas.document, self._canvas.cursor_image_point()
        assert document is not None
        bounds = Rect.of_size(*document.size_hw)
        if under is not None and bounds.holds(*under):
            return under
        seen = self._canvas.viewport_now.visible_rect(bounds)
        return (seen.x0 + seen.x1) / 2, (seen.y0 + seen.y1) / 2

    def _click(self, modifiers: Qt.KeyboardModifier) -> None:
        if self._holds:
            self._release(modifiers)
            return
        if self._at is None:
            self._move(0, 0)
        holds = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        assert self._at is not None
        self._canvas.hand_presses(pointer_of(self._at, modifiers & ~Qt.KeyboardModifier.ControlModifier, 1.0))
        self._holds = True
        if not holds:
            self._release(modifiers)

    def _release(self, modifiers: Qt.KeyboardModifier) -> None:
        self._holds = False
        if self._at is not None:
            self._canvas.hand_releases(pointer_of(self._at, modifiers & ~Qt.KeyboardModifier.ControlModifier, 1.0))

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────────

    def paint(self, painter: QPainter) -> None:
        """A cross with a free middle, in light on dark; the middle is a ring while the button is held."""
        if self._at is None:
            return
        at = self._canvas.to_widget(*self._at)
        x, y = at.x(), at.y()
        lines = [
            QLineF(x - _REACH, y, x - _GAP, y),
            QLineF(x + _GAP, y, x + _REACH, y),
            QLineF(x, y - _REACH, x, y - _GAP),
            QLineF(x, y + _GAP, x, y + _REACH),
        ]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 200), 4), QPen(QColor(255, 255, 255), 2)):
            painter.setPen(pen)
            painter.drawLines(lines)
            if self._holds:
                painter.drawEllipse(QPointF(x, y), _GAP + 3, _GAP + 3)

    def _refresh(self) -> None:
        if self._at is not None:
            at = self._canvas.to_widget(*self._at)
            side = 2 * _REACH + 8
            self._canvas.update_logical(QRect(round(at.x()) - side // 2, round(at.y()) - side // 2, side, side))
