"""What was computed before, on the disk: what was used last stays, within a number of bytes."""

from __future__ import annotations

import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class FileCache(Generic[T]):
    """A folder with one file for each thing kept, all with one `suffix`. Safe from any thread and from several
    programs; nothing that goes wrong with it raises. `pack` and `unpack` make bytes of a thing and back; both raise
    `ValueError` for what they cannot take.

    `problem` says why the last thing could not be kept ("" where it was): a full disk, a folder that cannot be written.
    """

    what = "results"

    def __init__(
        self,
        folder: Path,
        *,
        suffix: str,
        limit_bytes: int,
        pack: Callable[[T], bytes],
        unpack: Callable[[bytes], T],
    ) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self.problem = ""
        self._suffix = suffix
        self._pack, self._unpack = pack, unpack
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] | None = None

    def get(self, key: str) -> T | None:
        """What was kept under that key; None where there is nothing, or where it was damaged (and is gone now)."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        try:
            found = self._unpack(data)
        except ValueError:
            self._remove(key)
            return None
        with self._lock:
            if key in self._index():
                self._index().move_to_end(key)
        with suppress(OSError):  # the order of use is a convenience, not the content
            os.utime(path)
        return found

    def put(self, key: str, thing: T) -> bool:
        """Keep a thing, making room for it; whether it could be kept."""
        try:
            data = self._pack(thing)
        except ValueError as error:
            self.problem = str(error)
            return False
        if len(data) > self.limit_bytes:
            return False
        self._make_room(len(data))
        try:
            self._write(self._path(key), data)
        except OSError as error:
            self.problem = f"{self.folder}: {self.what} cannot be kept for later: {error.strerror or error}"
            return False
        self.problem = ""
        with self._lock:
            self._index()[key] = len(data)
            self._index().move_to_end(key)
        return True

    def size_bytes(self) -> int:
        """How much is kept."""
        with self._lock:
            return sum(self._index().values())

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            keys = list(self._index())
        for key in keys:
            self._remove(key)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{self._suffix}"

    def _index(self) -> OrderedDict[str, int]:
        """Keys with their sizes, those used longest ago first; call it with the lock held."""
        if self._sizes is None:
            found = []
            try:
                with os.scandir(self.folder) as entries:
                    for entry in entries:
                        if entry.name.endswith(self._suffix):
                            status = entry.stat()
                            found.append((status.st_mtime_ns, entry.name.removesuffix(self._suffix), status.st_size))
            except OSError:
                pass  # no folder yet
            self._sizes = OrderedDict((name, size) for _, name, size in sorted(found))
        return self._sizes

    def _make_room(self, needed: int) -> None:
        with self._lock:
            total, dropped = sum(self._index().values()) + needed, []
            for key, size in self._index().items():
                if total <= self.limit_bytes:
                    break
                total -= size
                dropped.append(key)
        for key in dropped:
            self._remove(key)

    def _remove(self, key: str) -> None:
        with self._lock:
            self._index().pop(key, None)
        with suppress(OSError):  # somebody else holds it: it is found again with the next start
            self._path(key).unlink(missing_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
