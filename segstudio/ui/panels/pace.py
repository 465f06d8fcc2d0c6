"""A brake for panels that follow the hand: the first news waits a moment, what arrives meanwhile is covered by it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Pace(QObject):
    """Calls `refresh` at most once per `interval_ms`, always once more after the last `ask`."""

    def __init__(self, parent: QObject, refresh: Callable[[], None], *, interval_ms: int = 60) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(refresh)

    def ask(self, *_: object) -> None:
        """Something changed; takes and ignores whatever an event carries."""
        if not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """Drop a refresh that is still due."""
        self._timer.stop()
