"""A heart that beats in the event loop of a real window while something is done, and what it tells of the gaps."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from segstudio.core.class_set import ClassSet
from tests.benchmarks.table import Row

BEAT_MS = 5
LIMIT_MS = 50.0
CLASSES = ClassSet.of_names([f"class {i}" for i in range(19)])


@dataclass(frozen=True)
class Gaps:
    """Milliseconds between two beats: the longest, the 99th percentile, the longest that the thread itself worked."""

    longest: float
    p99: float
    busiest: float
    seconds: float

    def row(self, what: str, *, limit_ms: float = LIMIT_MS) -> Row:
        """A line of the table: p99 in the middle column, the longest gap in the last."""
        text = f"{what}: longest gap {self.longest:.0f} ms, {self.busiest:.0f} of it busy, {self.seconds:.1f} s"
        return Row(text, self.p99, self.longest, limit=f"{limit_ms:.0f} ms", ok=self.longest <= limit_ms)


def watched(do: Callable[[], object], until: Callable[[], bool], *, seconds: float = 60.0) -> Gaps:
    """Do something on the GUI thread and let the events go on `until` it is over; the gaps between the beats."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    loop, heart = QEventLoop(), QTimer(interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
    walls: list[float] = []
    busies: list[float] = []
    last = [0.0, 0.0]
    beats_after = [0]
    began = time.perf_counter()

    def beat() -> None:
        wall, busy = time.perf_counter(), time.thread_time()
        walls.append((wall - last[0]) * 1e3)
        busies.append((busy - last[1]) * 1e3)
        if until():
            beats_after[0] += 1
        if beats_after[0] > 5 or wall - began > seconds:
            loop.quit()
        last[:] = time.perf_counter(), time.thread_time()

    heart.timeout.connect(beat)
    last[:] = time.perf_counter(), time.thread_time()
    heart.start()
    do()
    loop.exec()
    heart.stop()
    took = time.perf_counter() - began
    if took > seconds:
        raise TimeoutError(f"not over after {took:.0f} s")
    return Gaps(max(walls), float(np.percentile(walls, 99)), max(busies), took)


def write_street(root: Path, size_hw: tuple[int, int], *, images: int = 1) -> Path:
    """Pictures with broad structure and some grain, and class ids in blocks, as a data set of class-id PNGs."""
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    chance = np.random.default_rng(3)
    height, width = size_hw
    for number in range(images):
        coarse = chance.integers(0, 256, (max(2, height // 64), max(2, width // 64), 3), dtype=np.uint8)
        picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        grain = np.tile(chance.integers(0, 12, (256, 256, 1), dtype=np.uint8), (-(-height // 256), -(-width // 256), 1))
        picture = cv2.add(picture, np.repeat(grain[:height, :width], 3, axis=2))
        cv2.imwrite(str(root / "images" / f"view_{number}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
        blocks = chance.integers(0, 19, (-(-height // 128), -(-width // 128)), dtype=np.uint8)
        truth = np.kron(blocks, np.ones((128, 128), np.uint8))[:height, :width]
        cv2.imwrite(str(root / "labels" / f"view_{number}.png"), truth)
    return root


@contextmanager
def open_window(size_hw: tuple[int, int], *, images: int = 1, make_host: Any = None) -> Iterator[Any]:
    """A shown main window on such a data set, with real threads and a project on disk; put away afterwards."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSTUDIO_CONFIG"] = str(Path(folder) / "config")
        from segstudio.app import make_application
        from segstudio.session import Session
        from segstudio.ui import MainWindow

        app = make_application()
        root = write_street(Path(folder) / "street", size_hw, images=images)
        session = Session(data_dir=Path(folder) / "data", person="bench", make_host=make_host)
        window = MainWindow(session)
        window.resize(1600, 1000)
        window.show()
        app.processEvents()
        session.open_path(root, format="class-id-png", class_set=CLASSES)
        rest(window)
        try:
            yield window
        finally:
            window.close()
            window.deleteLater()
            app.processEvents()


def is_at_rest(window: Any) -> bool:
    """Whether a document is open and nothing is under way."""
    session = window.session
    document = session.document
    return document is not None and not document.is_busy and session.jobs.is_idle and document.pyramid.is_complete


def rest(window: Any) -> None:
    """Let the events go on until nothing is under way."""
    watched(lambda: None, lambda: is_at_rest(window))
