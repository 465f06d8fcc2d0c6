"""The one way from any thread to the GUI thread: a queued signal that carries a call."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal


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
