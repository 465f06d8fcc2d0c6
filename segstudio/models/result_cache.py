"""Predictions that were made before, on the disk: what was used last stays, within a number of bytes."""

from __future__ import annotations

from pathlib import Path

from segstudio.models.file_cache import FileCache
from segstudio.models.prediction import Prediction
from segstudio.models.result_packing import pack, unpack

LIMIT_BYTES = 2 << 30


class ResultCache(FileCache[Prediction]):
    """A folder with one file for each prediction."""

    what = "predictions"

    def __init__(self, folder: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        super().__init__(folder, suffix=".prediction", limit_bytes=limit_bytes, pack=pack, unpack=unpack)
