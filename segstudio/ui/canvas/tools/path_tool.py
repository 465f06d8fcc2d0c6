"""What tools share whose line is set point by point: the keys and clicks that end it or take a point back."""

from __future__ import annotations

from math import hypot

from PySide6.QtCore import Qt

from segstudio.ui.canvas.tools.tool import Pointer, Tool

_CLOSE = 8.0
"""How near to a point, in logical pixels, a click means that point."""
_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_BACK = (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)


class PathTool(Tool):
    """Enter or a double click ends the line, a right click, Backspace or Ctrl+Z takes its last point back."""

    @property
    def is_begun(self) -> bool:
        """Whether a line is on its way."""
        raise NotImplementedError

    def finish(self) -> None:
        """Commit the line that was begun."""
        raise NotImplementedError

    def double_click(self, at: Pointer) -> bool:
        if not self.is_begun:
            return False
        self.finish()
        return True

    def secondary(self, at: Pointer) -> bool:
        return self.undo()

    def key_press(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        if key in _ENDS and self.is_begun:
            self.finish()
            return True
        return key in _BACK and self.undo()

    def delete(self) -> bool:
        return self.undo()

    def distance(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        """Between two image points, in logical pixels."""
        return hypot(a[0] - b[0], a[1] - b[1]) / self.context.image_px

    def is_close(self, a: tuple[float, float], b: tuple[float, float]) -> bool:
        """Whether a click at the one means the other."""
        return self.distance(a, b) <= _CLOSE
