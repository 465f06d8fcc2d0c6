"""What the largest pictures cost: memory of opening and labelling one, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import tifffile

from tests.benchmarks.table import Row

SIDE, TILE = 10_000, 500


def _picture(dtype=np.uint8, channels=3):
    """A picture of about the noise of a photograph, `[SIDE, SIDE]` or `[SIDE, SIDE, C]`."""
    chance = np.random.default_rng(0)
    soft = cv2.resize(chance.integers(0, 200, (20, 20, channels), dtype=np.uint8), (TILE, TILE))
    tile = soft.reshape(TILE, TILE, channels) + chance.integers(0, 20, (TILE, TILE, channels), dtype=np.uint8)
    tile = tile.astype(dtype) * dtype(200 if dtype == np.uint16 else 1)
    return np.tile(tile if channels > 1 else tile[:, :, 0], (SIDE // TILE, SIDE // TILE, *[1] * (channels > 1)))


def _tiff(folder: Path) -> tuple[Path, int]:
    whole = _picture()
    tifffile.imwrite(folder / "large.tif", whole, photometric="rgb", metadata=None)
    return folder / "large.tif", whole.nbytes


def _deep_tiff(folder: Path) -> tuple[Path, int]:
    whole = _picture(np.uint16, 1)
    tifffile.imwrite(folder / "large.tif", whole, photometric="minisblack", metadata=None)
    return folder / "large.tif", whole.nbytes


def _stack(folder: Path) -> tuple[Path, int]:
    whole = _picture(np.uint16, 1)
    with tifffile.TiffWriter(folder / "stack.tif") as file:
        for plane in range(3):
            file.write(whole + np.uint16(plane), photometric="minisblack", metadata=None)
    return folder / "stack.tif", whole.nbytes


def _encoded(suffix: str) -> Callable[[Path], tuple[Path, int]]:
    def write(folder: Path) -> tuple[Path, int]:
        whole = _picture()
        cv2.imwrite(str(folder / f"large{suffix}"), whole)
        return folder / f"large{suffix}", whole.nbytes

    return write


def _with_truth(folder: Path) -> tuple[Path, int]:
    for name in ("images", "masks"):
        (folder / "set" / name).mkdir(parents=True)
    whole = _picture()
    cv2.imwrite(str(folder / "set" / "images" / "large.jpg"), whole)
    coarse = np.random.default_rng(1).integers(0, 19, (SIDE // 100, SIDE // 100), dtype=np.uint8)
    cv2.imwrite(str(folder / "set" / "masks" / "large.png"), np.kron(coarse, np.ones((100, 100), np.uint8)))
    return folder / "set", whole.nbytes


def bench_memory() -> list[Row]:
    """Peak resident memory of the whole program with one picture of 10,000² open and labelled, against the promise.

    The limit is the picture's alone, also where ground truth is a second raster of a byte a pixel.
    """
    kinds: dict[str, Callable[[Path], tuple[Path, int]]] = {
        "RGB, TIFF": _tiff,
        "RGB, JPEG": _encoded(".jpg"),
        "RGB, PNG": _encoded(".png"),
        "16-bit grey, TIFF": _deep_tiff,
        "16-bit grey, one of 3 pages of a TIFF": _stack,
        "RGB, JPEG, with ground truth and live IoU": _with_truth,
    }
    rows = []
    for kind, write in kinds.items():
        with tempfile.TemporaryDirectory() as name:
            path, nbytes = write(Path(name))
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "tests.faults.open_large_picture", str(path), str(Path(name) / "data")],
                capture_output=True,
                text=True,
                check=True,
            )
            took = (time.perf_counter() - started) * 1000
        peak = json.loads(done.stdout.splitlines()[-1])["peak_mb"]
        limit = (1.5 * nbytes + 300e6) / 1e6
        what = f"open, label and close {SIDE:,}² {kind}: {peak:,.0f} MB at most"
        rows.append(Row(what, took, took, limit=f"{limit:,.0f} MB", ok=peak <= limit))
    return rows
