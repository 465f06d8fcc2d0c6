"""Messages between the program and its model process: pickled tuples with their length in front, over pipes.

Arrays follow as they lie in memory, so that nobody waits while large ones are copied into a pickle and out of it.
Both ends are this program; nothing from outside ever enters the pipes.
"""

from __future__ import annotations

import pickle
import struct
import threading
from typing import IO, Any

import numpy as np

_LENGTH = struct.Struct("<Q")
_PIECE = 1 << 20
"""Bytes that are read at once: other threads run between two pieces."""


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
        arrays: list[pickle.PickleBuffer] = []
        body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL, buffer_callback=arrays.append)
        parts = [memoryview(body), *(array.raw() for array in arrays)]
        head = [_LENGTH.pack(len(parts)), *(_LENGTH.pack(part.nbytes) for part in parts)]
        try:
            with self._lock:
                self._outgoing.write(b"".join(head))
                for part in parts:
                    self._outgoing.write(part)
                self._outgoing.flush()
        except (OSError, ValueError):
            raise ChannelClosed from None

    def receive(self) -> tuple[Any, ...]:
        """The next message; raises `ChannelClosed` at the end."""
        (count,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        lengths = [_LENGTH.unpack(self._exactly(_LENGTH.size))[0] for _ in range(count)]
        body, *arrays = [self._exactly(length) for length in lengths]
        message: tuple[Any, ...] = pickle.loads(body, buffers=arrays)
        return message

    def close(self) -> None:
        """Close the outgoing end, by which the other side notices; the incoming one is its reader's to close."""
        try:
            with self._lock:
                self._outgoing.close()
        except OSError:
            return

    def _exactly(self, count: int) -> memoryview:
        data = memoryview(np.empty(count, np.uint8).data)
        try:
            got = 0
            while got < count:
                more = self._incoming.readinto(data[got : got + _PIECE])  # type: ignore[attr-defined]
                if not more:
                    raise ChannelClosed
                got += more
        except (OSError, ValueError):
            raise ChannelClosed from None
        return data
