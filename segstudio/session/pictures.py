"""Decoded pictures, kept for going back and forth between images."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from segstudio.render.pyramid import Pyramid

CACHE_BYTES = 600 * 2**20
"""Decoded pictures kept for going back and forth; the open image is always kept."""


class PictureCache:
    """Decoded pictures by path, the least recently used dropped first; safe from any thread."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._by_path: OrderedDict[Path, Pyramid] = OrderedDict()

    def get(self, path: Path) -> Pyramid:
        """The picture at `path`, decoded now or earlier. Raises `UserError` where it cannot be read."""
        with self._lock:
            found = self._by_path.get(path)
            if found is not None:
                self._by_path.move_to_end(path)
                return found
        from segstudio.ops.image import read_image

        pyramid = Pyramid(read_image(path).image_hwc)
        with self._lock:
            self._by_path[path] = pyramid
            while len(self._by_path) > 1 and sum(p.image_hwc.nbytes for p in self._by_path.values()) > self._limit:
                self._by_path.popitem(last=False)
        return pyramid
