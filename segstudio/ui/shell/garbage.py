"""Cyclic garbage is collected on the GUI thread, and only there.

A collection that meets widgets ends their connections: Qt holds a lock of its own while it calls back into Python. On
a worker's thread it then waits for the interpreter, which the GUI thread may hold while it waits for that lock: the
window would hang for ever.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimerEvent

INTERVAL_MS = 500
BULK = 20_000
"""New objects since the last look: so many come only from a worker that reads a large data set."""
REST = 200.0
"""After a full collection the next one waits at least so many times as long as it took."""
IDLE_SECONDS = 60.0


class GuiGarbage(QObject):
    """While it lives, Python collects nothing by itself; a timer does, by Python's own thresholds.

    What exists when the window is built, and what is read in bulk, is put where no collection looks: a million rows
    are in no cycles, and looking through them again and again would hold the window each time. Opening something else
    brings all of it back once.
    """

    _living = 0

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._open = True
        self._holds_bulk = False
        self._next_full = 0.0
        if GuiGarbage._living == 0:
            gc.disable()
        GuiGarbage._living += 1
        self._timer = self.startTimer(INTERVAL_MS)

    def settle(self) -> None:
        """Leave what exists now out of all collections to come; look through what was read in bulk before, once."""
        if self._holds_bulk:
            gc.unfreeze()
            gc.collect()
        gc.freeze()
        self._holds_bulk = False
        self._next_full = time.monotonic() + IDLE_SECONDS

    def close(self) -> None:
        """Give collecting back to Python, once the last window is closed."""
        if not self._open:
            return
        self._open = False
        self.killTimer(self._timer)
        GuiGarbage._living -= 1
        if GuiGarbage._living == 0:
            gc.unfreeze()
            gc.enable()

    def timerEvent(self, event: QTimerEvent) -> None:  # noqa: N802 (Qt's name)
        self.collect()

    def collect(self) -> None:
        """Collect the generations that are due; a full collection only after a rest, by what the last one cost."""
        young, middle, old = gc.get_threshold()
        counts = gc.get_count()
        if counts[0] <= young:
            return
        begun = time.monotonic()
        if counts[0] > BULK:
            gc.freeze()
            self._holds_bulk = True
        elif counts[2] > old and begun >= self._next_full:
            gc.collect()
            now = time.monotonic()
            self._next_full = now + max(IDLE_SECONDS, REST * (now - begun))
        else:
            gc.collect(1 if counts[1] > middle else 0)
