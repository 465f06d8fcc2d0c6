"""Decoded pictures, kept for going back and forth between images."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.render.pyramid import Pyramid

CACHE_BYTES = 600 * 2**20
"""Decoded pictures kept for going back and forth; the open image is always kept."""
AHEAD_PIXELS = 40_000_000
"""Pictures of more pixels are not decoded before somebody asks to see them: two of them may not fit."""


class PictureCache:
    """Decoded pictures by path and page, the least recently used dropped first; safe from any thread."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Path, int], Pyramid] = OrderedDict()

    def get(self, path: Path, page: int = 0) -> Pyramid:
        """A picture of the file, decoded now or earlier. Raises `UserError` where it cannot be read."""
        with self._lock:
            found = self._kept.get((path, page))
            if found is not None:
                self._kept.move_to_end((path, page))
                return found
        from segstudio.render.picture_file import read_pyramid

        pyramid = read_pyramid(path, page)
        with self._lock:
            self._kept[path, page] = pyramid
            while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > self._limit:
                self._kept.popitem(last=False)
        return pyramid

    def get_ahead(self, path: Path, page: int = 0) -> None:
        """Decode a picture that may be asked for next, unless it is a large one."""
        from segstudio.ops.image import probe_size_hw

        height, width = probe_size_hw(path)
        if height * width <= AHEAD_PIXELS:
            self.get(path, page)

    def thumbnail(self, path: Path, page: int, max_side: int) -> NDArray[np.uint8] | None:
        """The picture with its longer side at most `max_side`, uint8 RGB; None for a large one that is not open.

        Raises `UserError` as `get` does. Takes up to a second: call it in a worker.
        """
        with self._lock:
            kept = self._kept.get((path, page))
        from segstudio.ops.image import probe_size_hw
        from segstudio.ops.thumbnail import is_quick, read_thumbnail, shrunk

        if kept is not None:
            step = max(1, max(kept.size_hw) // (4 * max_side))
            return shrunk(np.ascontiguousarray(kept.image_hwc[::step, ::step]), max_side)
        height, width = probe_size_hw(path)
        if height * width > AHEAD_PIXELS and not is_quick(path):
            return None
        return read_thumbnail(path, max_side, page=page)
