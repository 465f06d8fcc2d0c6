"""What it costs to know who made each pixel of a large image that was worked on for long."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.transaction import Transaction
from segstudio.store import Project
from tests.benchmarks.table import Row, median_of

CLASSES = ClassSet.of_names([f"class {i}" for i in range(19)])
SIDE = 8192
STROKES = 1000


def _stroke(layer, chance, mask_hw):
    transaction = Transaction(layer, "brush", provenance={"person": "ana", "tool": "brush"})
    x, y = (int(v) for v in chance.integers(0, SIDE - 300, 2))
    for step in range(8):
        transaction.paint(
            Rect(x + 20 * step, y, x + 20 * step + 100, y + 100), int(chance.integers(1, 20)), mask_hw=mask_hw
        )
    return transaction.commit()


def bench_origins() -> list[Row]:
    """An image of 8192² whose whole prediction was accepted before it was corrected in a thousand strokes."""
    chance = np.random.default_rng(1)
    rows, columns = np.mgrid[-50:50, -50:50]
    mask_hw = rows**2 + columns**2 < 2500
    with (
        tempfile.TemporaryDirectory(dir=Path.home()) as folder,
        Project.create(Path(folder) / "bench.segproj", class_set=CLASSES) as project,
    ):
        project.add_images([ImageItem("large", None, (SIDE, SIDE))])
        layer = Layer("labels", (SIDE, SIDE))
        layer.ensure_class_segments(CLASSES)
        accepted = Transaction(
            layer, "accept", provenance={"person": "ana", "tool": "accept", "source": "prediction:net"}
        )
        cells = chance.integers(1, 20, (SIDE // 128, SIDE // 128)).astype(np.uint16)
        accepted.write(layer.raster.bounds, np.kron(cells, np.ones((128, 128), np.uint16)))
        project.record("large", layer, accepted.commit())
        for _ in range(STROKES):
            project.record("large", layer, _stroke(layer, chance, mask_hw))
        project.flush()
        found = project.authors.raster("large", "labels")
        assert found is not None
        median, p95 = median_of(lambda: project.authors.raster("large", "labels"), repeat=5, warmup=1)
        what = f"who made each pixel of 8192², {STROKES} strokes over a whole prediction"
        raster = Row(what, median, p95, limit="1000 ms", ok=median <= 1000)
        median, p95 = median_of(lambda: project.authors.regions("large", "labels"), repeat=5, warmup=1)
        return [raster, Row("its pixels by author, as sums over a project count them", median, p95)]
