"""The two ways to the GUI thread: a queued signal that carries a call from any thread, and a timer that lets it do long
work between its events.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal


class GuiHop(QObject):
    """Calls made through `__call__`, from any thread, run on the thread that made this object, in order."""

    _called = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._closed = False
        self._called.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def __call__(self, call: Callable[[], None]) -> None:
        if not self._closed:
            self._called.emit(call)

    def close(self) -> None:
        """Drop whatever still arrives."""
        self._closed = True

    def _run(self, call: Callable[[], None]) -> None:
        if not self._closed:
            call()


class BetweenEvents(QObject):
    """Calls run when the events that wait now, input and painting among them, have been handled."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls: list[Callable[[], None]] = []
        # A posted event would come before the others; so would a timer of 0 ms where it is started over and over.
        self._timer = QTimer(self, singleShot=True, interval=1)
        self._timer.timeout.connect(self._run)

    def __call__(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        self._timer.start()

    def _run(self) -> None:
        calls, self._calls = self._calls, []
        for call in calls:
            call()
