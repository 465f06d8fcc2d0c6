"""Messages between the program and its model process: pickled tuples with their length in front, over pipes.

Both ends are this program; nothing from outside ever enters the pipes.
"""

from __future__ import annotations

import pickle
import struct
import threading
from typing import IO, Any

_LENGTH = struct.Struct("<Q")


class ChannelClosed(Exception):
    """The other end is gone."""


class Channel:
    """One direction each way; `send` is safe from several threads, `receive` belongs to one."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._lock = threading.Lock()

    def send(self, *message: Any) -> None:
        """Raises `ChannelClosed` where nobody reads any more."""
        body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            with self._lock:
                self._outgoing.write(_LENGTH.pack(len(body)) + body)
                self._outgoing.flush()
        except (OSError, ValueError):
            raise ChannelClosed from None

    def receive(self) -> tuple[Any, ...]:
        """The next message; raises `ChannelClosed` at the end."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        message: tuple[Any, ...] = pickle.loads(self._exactly(length))
        return message

    def close(self) -> None:
        """Close the outgoing end, by which the other side notices; the incoming one is its reader's to close."""
        try:
            with self._lock:
                self._outgoing.close()
        except OSError:
            return

    def _exactly(self, count: int) -> bytes:
        try:
            data = self._incoming.read(count)
        except (OSError, ValueError):
            raise ChannelClosed from None
        if len(data) < count:
            raise ChannelClosed
        return data
