"""The largest pictures that are promised open, are labelled, and stay within the memory that is promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.faults.open_large_picture import PAINTED

SIDE, TILE = 20_000, 512

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux how much memory was used"),
]


def _write(path, kind):
    """A tiled TIFF of 20,000² pixels that takes little room on the disk; returns its bytes when decoded."""
    tile = np.add.outer(np.arange(TILE), np.arange(TILE)) // 5 % 256
    tile = tile.astype(np.uint16) * 150 if kind == "grey16" else np.stack([tile] * 3, axis=2).astype(np.uint8)
    across = -(-SIDE // TILE)
    tifffile.imwrite(
        path,
        (tile for _ in range(across * across)),
        shape=(SIDE, SIDE, *tile.shape[2:]),
        dtype=tile.dtype,
        tile=(TILE, TILE),
        photometric="minisblack" if kind == "grey16" else "rgb",
        compression="zlib",
        metadata=None,
    )
    return SIDE * SIDE * tile.dtype.itemsize * (1 if tile.ndim == 2 else 3)


@pytest.mark.parametrize("kind", ["rgb", "grey16"])
def test_a_picture_of_20000_by_20000_is_labelled_within_its_memory(kind, tmp_path, project_root):
    path = tmp_path / f"{kind}.tif"
    nbytes = _write(path, kind)
    command = [sys.executable, "-m", "tests.faults.open_large_picture", str(path), str(tmp_path / "data")]
    done = subprocess.run(
        command, cwd=project_root, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "2"}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["size_hw"] == [SIDE, SIDE]
    assert PAINTED**2 + 3.1 * 300**2 * 0.9 < said["painted"] < PAINTED**2 + 3.2 * 300**2
    assert said["peak_mb"] * 1e6 <= 1.5 * nbytes + 300e6
