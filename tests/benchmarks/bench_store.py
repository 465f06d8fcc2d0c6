"""What the project file costs: a stroke's commit, opening and reading a large project, switching images."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.transaction import Transaction
from segstudio.store import Project
from tests.benchmarks.table import Row, median_of
from tests.store.postgres import programs, running_server

CLASSES = ClassSet.of_names([f"class {i}" for i in range(19)])
IMAGES = 100_000


@contextmanager
def _project(images):
    with (
        tempfile.TemporaryDirectory(dir=Path.home()) as folder,
        Project.create(Path(folder) / "bench.segproj", class_set=CLASSES) as project,
    ):
        project.add_images([ImageItem(f"train/{i:06}", Path(f"{folder}/{i}.png"), (1024, 2048)) for i in range(images)])
        yield project


def _dab():
    rows, columns = np.mgrid[-50:50, -50:50]
    return rows**2 + columns**2 < 2500


def _stroke(layer, chance, mask_hw):
    transaction = Transaction(layer, "brush")
    x, y = int(chance.integers(0, 1700)), int(chance.integers(0, 900))
    for step in range(8):
        rect = Rect(x + 20 * step, y, x + 20 * step + 100, y + 100)
        transaction.paint(rect, int(chance.integers(1, 20)), mask_hw=mask_hw)
    return transaction.commit()


def _bare_commits():
    """Median of committing 20 kB to a bare SQLite file with the same durability, in ms."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
        raw = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        raw.execute("PRAGMA journal_mode = wal")
        raw.execute("PRAGMA synchronous = full")
        raw.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)")

        def commit():
            raw.execute("BEGIN IMMEDIATE")
            raw.execute("INSERT INTO t (data) VALUES (?)", (bytes(20_000),))
            raw.execute("COMMIT")

        median, _ = median_of(commit, repeat=100)
        raw.close()
    return median


def bench_commit() -> list[Row]:
    """A committed stroke, from the end of the gesture to the disk."""
    layer = Layer("labels", (1024, 2048))
    layer.ensure_class_segments(CLASSES)
    chance, mask_hw = np.random.default_rng(1), _dab()
    waited, called = [], []
    with _project(100) as project:
        for _ in range(200):
            edit = _stroke(layer, chance, mask_hw)
            began = time.perf_counter()
            receipt = project.record("train/000007", layer, edit)
            called.append((time.perf_counter() - began) * 1e3)
            receipt.wait()
            waited.append((time.perf_counter() - began) * 1e3)
    median, bare = float(np.median(waited)), _bare_commits()
    p95 = float(np.percentile(waited, 95))
    return [
        Row("commit of a stroke", median, p95, "bare SQLite commit", median / bare, "2 ms", median <= 2.0),
        Row("… as the calling thread waits", float(np.median(called)), float(np.percentile(called, 95))),
    ]


def bench_commit_in_a_team() -> list[Row]:
    """The same on PostgreSQL, on this machine through a socket: the network's way there and back comes on top."""
    bin_dir = programs()
    if bin_dir is None:
        return []
    layer = Layer("labels", (1024, 2048))
    layer.ensure_class_segments(CLASSES)
    chance, mask_hw = np.random.default_rng(1), _dab()
    waited, called = [], []
    with (
        running_server(bin_dir) as address,
        Project.create(f"{address}&project=bench", class_set=CLASSES) as project,
    ):
        project.add_images([ImageItem(f"train/{i:06}", None, (1024, 2048)) for i in range(100)])
        project.people.take("train/000007")
        for _ in range(200):
            edit = _stroke(layer, chance, mask_hw)
            began = time.perf_counter()
            receipt = project.record("train/000007", layer, edit)
            called.append((time.perf_counter() - began) * 1e3)
            receipt.wait()
            waited.append((time.perf_counter() - began) * 1e3)
    return [
        Row("commit of a stroke, PostgreSQL", float(np.median(waited)), float(np.percentile(waited, 95))),
        Row("… as the calling thread waits", float(np.median(called)), float(np.percentile(called, 95))),
    ]


def bench_many_images() -> list[Row]:
    """A project of 100,000 images: adding, opening, reading the list, switching the image."""
    began = time.perf_counter()
    with _project(IMAGES) as project:
        added = (time.perf_counter() - began) * 1e3
        listed = median_of(project.image_rows, repeat=3, warmup=0)
        checked = median_of(project.images, repeat=3, warmup=0)
        layer = Layer("labels", (1024, 2048))
        layer.ensure_class_segments(CLASSES)
        chance, mask_hw = np.random.default_rng(2), _dab()
        for _ in range(50):
            project.record("train/050000", layer, _stroke(layer, chance, mask_hw))
        switched = median_of(lambda: project.load("train/050000", "labels"))
        project.close()
        opened = median_of(lambda: Project.open(project.path, read_only=True).close(), repeat=5)
    return [
        Row(f"add {IMAGES:,} images", added, added),
        Row(f"open a project of {IMAGES:,} images", *opened, "", None, "1000 ms", opened[0] <= 1000),
        Row(f"list {IMAGES:,} images", *listed, "", None, "1000 ms", listed[0] <= 1000),
        Row("… with every row's seal checked", *checked),
        Row("labels of an image (2048×1024)", *switched, "", None, "50 ms", switched[0] <= 50),
    ]
