"""Cyclic garbage is collected on the GUI thread only: a collection in a worker would destroy widgets there."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 500
_BULK = 2_000
"""New objects since the last look: so many come only from a worker that reads a large data set."""


class GcGuard(QObject):
    """Turns automatic collection off while it lives and collects young generations from a timer instead.

    What is read in bulk is in no cycles and goes by itself when its data set is closed; looking through a million such
    objects again and again would hold the window each time, so they are put where no collection looks.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._collect)
        self._timer.start(_EVERY_MS)

    def close(self) -> None:
        """Give collection back to Python."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()

    def _collect(self) -> None:
        counts = gc.get_count()
        if counts[0] > _BULK:
            gc.freeze()
            return
        for generation in (2, 1, 0):
            if counts[generation] > gc.get_threshold()[generation] > 0:
                gc.collect(generation)
                return
