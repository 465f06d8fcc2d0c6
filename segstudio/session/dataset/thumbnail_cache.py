"""Thumbnails on disk: small JPEGs by what the picture's file was when they were made, the oldest dropped by bytes."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

LIMIT_BYTES = 256 * 2**20
_QUALITY = 85
_SWEEP_TO = 0.8
"""What a sweep leaves of the limit, so that not every thumbnail sweeps."""


class ThumbnailCache:
    """A folder of thumbnails. Safe from any thread; a folder that cannot be used caches nothing and tells nobody."""

    def __init__(self, folder: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._guard = threading.Lock()
        self._total: int | None = None

    def get(self, picture: Path, page: int, side: int) -> NDArray[np.uint8] | None:
        """The thumbnail, uint8 RGB `[h, w, 3]`, of the picture as it is now; None where there is none."""
        try:
            place = self._place(picture, page, side)
            packed = np.frombuffer(place.read_bytes(), np.uint8)
        except OSError:
            return None
        pixels = cv2.imdecode(packed, cv2.IMREAD_COLOR) if packed.size else None
        return None if pixels is None else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)

    def put(self, picture: Path, page: int, side: int, image_hwc: NDArray[np.uint8]) -> None:
        """Keep a thumbnail; the longest unused ones go where the folder grows beyond its limit."""
        done, packed = cv2.imencode(
            ".jpg", cv2.cvtColor(image_hwc, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        )
        if not done:
            return
        try:
            place = self._place(picture, page, side)
            place.parent.mkdir(parents=True, exist_ok=True)
            arriving = place.with_name(f".{place.name}.{os.getpid()}.{threading.get_ident()}")
            arriving.write_bytes(packed.tobytes())
            os.replace(arriving, place)
            self._count(len(packed))
        except OSError:
            return

    def _place(self, picture: Path, page: int, side: int) -> Path:
        state = picture.stat()
        facts = f"{picture.absolute()}\0{state.st_size}\0{state.st_mtime_ns}\0{page}\0{side}"
        digest = hashlib.blake2b(facts.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return self._folder / digest[:2] / f"{digest[2:]}.jpg"

    def _count(self, added: int) -> None:
        with self._guard:
            self._total = _size_of(self._folder) if self._total is None else self._total + added
            if self._total > self._limit:
                self._total = _sweep(self._folder, int(self._limit * _SWEEP_TO))


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/*.jpg"))


def _sweep(folder: Path, target: int) -> int:
    """Drop the oldest files until at most `target` bytes are left; returns how many are."""
    states = sorted(((path.stat(), path) for path in folder.glob("*/*.jpg")), key=lambda pair: pair[0].st_mtime_ns)
    total = sum(state.st_size for state, _ in states)
    for state, path in states:
        if total <= target:
            break
        path.unlink(missing_ok=True)
        total -= state.st_size
    return total
