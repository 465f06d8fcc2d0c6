"""Embeddings that were made before: in memory the last ones, on the disk more, both within a number of bytes."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from segstudio.core.errors import UserError
from segstudio.models.file_cache import FileCache
from segstudio.models.interactive.embedding import Embedding, pack_embedding, unpack_embedding

MEMORY_BYTES = 512 << 20
DISK_BYTES = 2 << 30


class EmbeddingFiles(FileCache[Embedding]):
    """A folder with one file for each embedding."""

    what = "embeddings"

    def __init__(self, folder: Path, *, limit_bytes: int = DISK_BYTES) -> None:
        super().__init__(
            folder, suffix=".embedding", limit_bytes=limit_bytes, pack=pack_embedding, unpack=unpack_embedding
        )

    def size_of(self, key: str) -> int | None:
        """Bytes of one that is kept, which counts as used now; None where it is not. Reads nothing of it."""
        path = self._path(key)
        try:
            size = path.stat().st_size
            os.utime(path)
        except OSError:
            return None
        return size


class EmbeddingCache:
    """Embeddings by key (see `embedding_key`). Safe from any thread; one key is made by one thread, others wait for it.

    Without `files` nothing is kept on the disk.
    """

    def __init__(self, files: EmbeddingFiles | None = None, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self.files = files
        self.memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Embedding] = OrderedDict()
        self._making: dict[str, threading.Lock] = {}

    def get(self, key: str) -> Embedding | None:
        """What was kept under the key in memory or on the disk."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        found = self.files.get(key) if self.files is not None else None
        if found is not None:
            self._keep(key, found)
        return found

    def has_in_memory(self, key: str) -> bool:
        """Whether `get` needs no disk."""
        with self._lock:
            return key in self._kept

    def get_or_make(self, key: str, make: Callable[[], Embedding]) -> Embedding:
        """What was kept, else what `make` makes, which is kept; what `make` raises passes through."""
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                found = self.get(key)
                if found is None:
                    found = make()
                    self._keep(key, found)
                    if self.files is not None:
                        self.files.put(key, found)
                return found
        finally:
            with self._lock:
                self._making.pop(key, None)

    def put_away(self, key: str, make: Callable[[], Embedding]) -> tuple[int, bool]:
        """See that one lies on the disk and takes no memory: its bytes, and whether it was there already.

        Raises `UserError` where it cannot be kept.
        """
        size = self.files.size_of(key) if self.files is not None else None
        if size is not None:
            return size, True
        embedding = make()
        if self.files is None or not self.files.put(key, embedding):
            why = "there is no folder for them" if self.files is None else self.files.problem
            raise UserError(f"embeddings cannot be kept: {why or 'one is larger than all the space for them'}")
        return self.files.size_of(key) or embedding.nbytes, False

    def used_bytes(self) -> int:
        """How much is kept in memory."""
        with self._lock:
            return sum(embedding.nbytes for embedding in self._kept.values())

    def forget(self) -> None:
        """Empty the memory; the disk keeps what it has."""
        with self._lock:
            self._kept.clear()

    def _keep(self, key: str, embedding: Embedding) -> None:
        """The newest stays in memory even where it alone is too large: it is in use."""
        with self._lock:
            self._kept[key] = embedding
            self._kept.move_to_end(key)
            total = sum(kept.nbytes for kept in self._kept.values())
            while total > self.memory_bytes and len(self._kept) > 1:
                total -= self._kept.popitem(last=False)[1].nbytes
