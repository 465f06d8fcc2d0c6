"""What the largest pictures cost: memory of opening and labelling one, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

from tests.benchmarks.table import Row

SIDE, TILE = 10_000, 500


def bench_memory() -> list[Row]:
    """Peak resident memory of the whole program with one picture of 10,000² open and labelled, against the promise."""
    rows = []
    tile = np.add.outer(np.arange(TILE), np.arange(TILE)) // 5 % 256
    kinds = {"RGB": np.stack([tile] * 3, axis=2).astype(np.uint8), "16-bit grey": tile.astype(np.uint16) * 150}
    for kind, part in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "large.tif"
            whole = np.tile(part, (SIDE // TILE, SIDE // TILE, *([1] * (part.ndim - 2))))
            tifffile.imwrite(path, whole, photometric="rgb" if part.ndim == 3 else "minisblack", metadata=None)
            nbytes = whole.nbytes
            del whole
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "tests.faults.open_large_picture", str(path), folder],
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
