"""The largest pictures that are promised open, are labelled, and stay within the memory that is promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
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


def _opened(path, tmp_path, project_root):
    """What the process of its own says that opens and labels it."""
    command = [sys.executable, "-m", "tests.faults.open_large_picture", str(path), str(tmp_path / "data")]
    done = subprocess.run(
        command, cwd=project_root, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "2"}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["size_hw"] == [SIDE, SIDE]
    assert PAINTED**2 + 3.1 * 300**2 * 0.9 < said["painted"] < PAINTED**2 + 3.2 * 300**2
    return said


@pytest.mark.parametrize("kind", ["rgb", "grey16"])
def test_a_picture_of_20000_by_20000_is_labelled_within_its_memory(kind, tmp_path, project_root):
    path = tmp_path / f"{kind}.tif"
    nbytes = _write(path, kind)
    assert _opened(path, tmp_path, project_root)["peak_mb"] * 1e6 <= 1.5 * nbytes + 300e6


def test_ground_truth_takes_one_byte_a_pixel_more(tmp_path, project_root):
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    nbytes = _write(root / "images" / "large.tif", "rgb")
    coarse = np.random.default_rng(1).integers(0, 19, (SIDE // 100, SIDE // 100), dtype=np.uint8)
    cv2.imwrite(str(root / "masks" / "large.png"), np.kron(coarse, np.ones((100, 100), np.uint8)))
    assert _opened(root, tmp_path, project_root)["peak_mb"] * 1e6 <= 1.5 * nbytes + 300e6 + SIDE * SIDE
