"""How long work reports how far it is and learns that it should stop."""

from __future__ import annotations

import threading
from typing import Protocol

from segstudio.core.errors import Cancelled


class Progress(Protocol):
    """Called with items done, items in all (0 = unknown) and a short text; must be cheap and safe from any thread."""

    def __call__(self, done: int, total: int, text: str = "") -> None: ...


def no_progress(done: int, total: int, text: str = "") -> None:
    """A `Progress` that nobody watches."""


class CancelToken:
    """A flag that one thread sets and another looks at between two pieces of work."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` once `cancel` was called."""
        if self._event.is_set():
            raise Cancelled
