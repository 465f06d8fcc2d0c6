"""Memory that the program and its model process share, for pixels on their way there and labels on their way back.

On POSIX a file without a name (on Linux one in memory), inherited by its descriptor: the system frees it with the last
process that holds it, whatever happens to either, so nothing can leak and no resource tracker is needed. On Windows a
named section with the same property.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
import uuid

import numpy as np
from numpy.typing import NDArray

_GRAIN = 1 << 20


class Arena:
    """A growing block. One side makes it with `create`, the other opens it by its `handle`; only the first grows it."""

    def __init__(self, handle: str, descriptor: int | None, *, owner: bool) -> None:
        self.handle = handle
        self._descriptor = descriptor
        self._owner = owner
        self._map: mmap.mmap | None = None
        self.size = 0

    @classmethod
    def create(cls) -> Arena:
        if sys.platform == "win32":
            return cls(f"segstudio-{uuid.uuid4().hex}", None, owner=True)
        if sys.platform == "linux":
            descriptor = os.memfd_create("segstudio")
        else:
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        return cls(str(descriptor), descriptor, owner=True)

    @classmethod
    def open(cls, handle: str) -> Arena:
        """The block that another process made, in a process that inherited it."""
        return cls(handle, int(handle) if handle.isdigit() else None, owner=False)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What a child process must inherit."""
        return () if self._descriptor is None else (self._descriptor,)

    def reserve(self, size: int) -> None:
        """Make at least `size` bytes usable; earlier views must be gone. `OSError` where there is no memory."""
        if size <= self.size:
            return
        size = -(-size // _GRAIN) * _GRAIN
        self._unmap()
        if self._descriptor is not None:
            if self._owner:
                os.ftruncate(self._descriptor, size)
            self._map = mmap.mmap(self._descriptor, size)
        else:
            name = f"{self.handle}-{size}"
            self._map = mmap.mmap(-1, size, tagname=name)  # type: ignore[call-arg,unused-ignore]
        self.size = size

    def array(self, shape: tuple[int, ...], dtype: str, offset: int = 0) -> NDArray[np.generic]:
        """A view of the block as an array; drop it before the next `reserve`."""
        if self._map is None:
            raise ValueError("nothing was reserved")
        count = int(np.prod(shape))
        return np.frombuffer(self._map, dtype, count, offset).reshape(shape)

    def close(self) -> None:
        """Let go of the memory; it is freed when the other side does so too."""
        self._unmap()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _unmap(self) -> None:
        if self._map is not None:
            self._map.close()
            self._map = None
            self.size = 0
