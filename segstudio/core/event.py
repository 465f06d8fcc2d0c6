"""A typed observer list: how the models tell the views that something changed, without knowing them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import MethodType
from typing import Generic, TypeVar

T = TypeVar("T")


class Event(Generic[T]):
    """Listeners of one kind of news, called in the order in which they connected.

    Bound methods are held weakly, so that a closed panel neither leaks nor is called; plain functions are held
    strongly.
    A listener that raises stops the others: a broken view is a bug and must be seen.
    """

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: list[Callable[[], Callable[[T], object] | None]] = []

    def connect(self, listener: Callable[[T], object]) -> None:
        """Call `listener` with each payload from now on."""
        if isinstance(listener, MethodType):
            self._listeners.append(weakref.WeakMethod(listener))
        else:
            self._listeners.append(lambda: listener)

    def disconnect(self, listener: Callable[[T], object]) -> None:
        """Stop calling `listener`; unknown listeners are ignored."""
        self._listeners = [reference for reference in self._listeners if reference() not in (None, listener)]

    def emit(self, payload: T) -> None:
        """Call every living listener with `payload`; listeners added meanwhile hear only of the next one."""
        dead = False
        for reference in tuple(self._listeners):
            listener = reference()
            if listener is None:
                dead = True
            else:
                listener(payload)
        if dead:
            self._listeners = [reference for reference in self._listeners if reference() is not None]
