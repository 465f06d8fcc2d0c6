"""100,000 pictures of a folder, and a COCO file with 1,000,000 annotations, coming into the window while it is used.

The window is the program's own, in a process of its own, drawn offscreen. A clock in it that ticks every 5 ms says how
long it did not answer; the folders are made anew, as many_images.py makes them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.many_images import ANNOTATIONS, IMAGES, write_coco, write_pictures
from tests.benchmarks.table import Row, peak_memory_mb

_TICK_MS = 5
LIMITS = {"first image and list": 1000, "longest wait of the window": 50, "memory, MB": 600}
"""In ms but for the memory; what else is measured has no limit of its own."""


def bench_importing_pictures() -> list[Row]:
    """A folder of 100,000 pictures opened for the first time."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as name:
        write_pictures(Path(name) / "many")
        return _rows(f"{IMAGES:,} pictures", Path(name) / "many", Path(name) / "data")


def bench_importing_coco() -> list[Row]:
    """A COCO data set of as many images with 1,000,000 polygons, opened, killed in the middle, and opened again."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as name:
        many = Path(name) / "many"
        write_pictures(many / "images")
        write_coco(many / "annotations" / "instances_train.json")
        rows = _rows(f"{ANNOTATIONS:,} annotations", many, Path(name) / "data")
        return rows + _rows_after_kill(many, Path(name) / "killed")


def _rows(what: str, path: Path, data: Path) -> list[Row]:
    told = _told(path, data)
    if told["images"] != IMAGES:
        raise RuntimeError(f"{told['images']:,.0f} of {IMAGES:,} images came in")
    rows = []
    for name, value in told.items():
        limit = LIMITS.get(name)
        if name != "images":
            ok = None if limit is None else value <= limit
            rows.append(Row(f"{what}: {name}", value, value, "", None, "" if limit is None else f"{limit}", ok))
    return rows


def _rows_after_kill(path: Path, data: Path) -> list[Row]:
    child = subprocess.Popen(_command(path, data), stdout=subprocess.PIPE, text=True, env=_environment())
    assert child.stdout is not None
    assert child.stdout.readline().startswith("first")
    time.sleep(3)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    told = _told(path, data)
    whole = told["images"] == IMAGES
    first, limit = told["first image and list"], LIMITS["first image and list"]
    return [
        Row("killed in the middle and opened again: first image", first, first, "", None, f"{limit}", first <= limit),
        Row("… until all is in", told["until all is in"], told["until all is in"], "", None, "all images", whole),
    ]


def _told(path: Path, data: Path) -> dict[str, float]:
    done = subprocess.run(_command(path, data), capture_output=True, text=True, env=_environment(), check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return {name: float(value) for name, value in (line.split("\t") for line in done.stdout.splitlines())}


def _command(path: Path, data: Path) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.bench_store_import", str(path), str(data)]


def _environment() -> dict[str, str]:
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}


def _measure(path: Path, data: Path) -> None:
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    from segstudio.app import make_application
    from segstudio.session import Session
    from segstudio.ui import MainWindow

    os.environ["SEGSTUDIO_CONFIG"] = str(data / "config")
    app = make_application()
    session = Session(data_dir=data, person="bench")
    window = MainWindow(session)
    window.resize(1600, 1000)
    window.show()
    app.processEvents()
    ticks: list[float] = []
    clock = QTimer()
    clock.setTimerType(Qt.TimerType.PreciseTimer)
    clock.timeout.connect(lambda: ticks.append(time.perf_counter()))

    def wait(condition) -> None:
        while not condition():
            loop = QEventLoop()
            QTimer.singleShot(_TICK_MS, loop.quit)
            loop.exec()

    def tell(what: str, value: float) -> None:
        print(f"{what}\t{value}", flush=True)

    began = time.perf_counter()
    clock.start(_TICK_MS)
    session.open_path(path)
    wait(lambda: session.document is not None and window.filmstrip.list.horizontalScrollBar().maximum() > 0)
    window.filmstrip.list.horizontalScrollBar().setValue(500)
    window.filmstrip.list.viewport().repaint()
    tell("first image and list", (time.perf_counter() - began) * 1e3)
    wait(lambda: not session.jobs.active)
    tell("until all is in", (time.perf_counter() - began) * 1e3)
    waits = np.diff(ticks) * 1e3
    tell("longest wait of the window", float(waits.max()))
    tell("waits of more than 50 ms, of all time", float(waits[waits > 50].sum() / waits.sum()))
    tell("memory, MB", peak_memory_mb())
    tell("images", len(session.images))
    window.close()


if __name__ == "__main__":
    _measure(Path(sys.argv[1]), Path(sys.argv[2]))
