"""Pointer events on their way to the tool: gathered until Qt has nothing more urgent to do, and none is dropped."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

from segstudio.ui.canvas.tools.tool import Pointer


def pointer_of(point: tuple[float, float], modifiers: Qt.KeyboardModifier, pressure: float) -> Pointer:
    """The tool's view of a pointer event at an image point."""
    return Pointer(
        point[0],
        point[1],
        shift=bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
        ctrl=bool(modifiers & Qt.KeyboardModifier.ControlModifier),
        alt=bool(modifiers & Qt.KeyboardModifier.AltModifier),
        pressure=pressure,
    )


class MoveQueue(QObject):
    """Delivers the moves that arrived since the last time in one list: a pen sends more of them than can be painted.

    Anything that must come after the moves calls `flush` first.
    """

    def __init__(self, parent: QObject, deliver: Callable[[list[Pointer]], None]) -> None:
        super().__init__(parent)
        self._deliver = deliver
        self._waiting: list[Pointer] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.flush)

    def add(self, at: Pointer) -> None:
        """Keep a move for the next delivery."""
        self._waiting.append(at)
        if not self._timer.isActive():
            self._timer.start()

    def flush(self) -> None:
        """Deliver what waits."""
        self._timer.stop()
        if self._waiting:
            points, self._waiting = self._waiting, []
            self._deliver(points)

    def drop(self) -> None:
        """Forget what waits."""
        self._timer.stop()
        self._waiting.clear()
