"""100,000 images with 1,000,000 objects: open, ask, put in order, scroll, switch, and what it takes of memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.geometry import Rect
from segstudio.session.dataset.image_table import ImageTable
from segstudio.session.dataset.query import parse
from segstudio.session.dataset.query_run import find
from segstudio.store import Project
from segstudio.store.image_facts import CLASS_FACT, OBJECT_FACT, FactColumns, ImageFacts
from tests.benchmarks.table import Row, median_of, peak_memory_mb

CLASSES = ClassSet.of_names([f"class {i}" for i in range(19)])
IMAGES, OBJECTS = 100_000, 1_000_000
QUERY = "class:class-3 iou<0.6 area>500"
OBJECT_QUERY = "class:class-3 iou<0.6 score>0.5 status:todo -tag:bad (miou<0.5 or is:flagged)"
SIZE_HW = (64, 96)


def many_facts(count: int = IMAGES, objects: int = OBJECTS) -> list[ImageFacts]:
    """Facts of so many images: five classes each, and their share of the objects."""
    chance = np.random.default_rng(7)
    each = objects // count
    ids = np.argsort(chance.random((count, 19)), axis=1)[:, :5]
    classes, things = np.zeros((count, 5), CLASS_FACT), np.zeros((count, each), OBJECT_FACT)
    classes["class_id"] = np.sort(ids, axis=1)
    classes["pixels"] = chance.integers(1, 5000, (count, 5))
    classes["iou"] = chance.random((count, 5))
    classes["objects"] = each // 5
    things["class_id"] = np.repeat(classes["class_id"], each // 5, axis=1)
    things["area"], things["score"] = chance.integers(1, 5000, (count, each)), chance.random((count, each))
    worst = classes["class_id"][np.arange(count), classes["iou"].argmin(axis=1)]
    return [
        ImageFacts(c, o, float(c["iou"].mean()), int(w), 100.0, 200.0)
        for c, o, w in zip(classes, things, worst, strict=True)
    ]


@contextmanager
def big_project():
    """A project with the images, all links to a few small files, and their facts."""
    import cv2

    with tempfile.TemporaryDirectory(dir=Path.home()) as name:
        folder = Path(name)
        picture = folder / "one.png"
        cv2.imwrite(str(picture), np.random.default_rng(1).integers(0, 255, (*SIZE_HW, 3), dtype=np.uint8))
        items = [ImageItem(f"train/{i:06}", folder / f"{i // 1000:03}" / f"{i:06}.png", SIZE_HW) for i in range(IMAGES)]
        for start in range(0, IMAGES, 1000):
            first = items[start].path
            first.parent.mkdir()
            shutil.copyfile(picture, first)  # a file has at most 65,000 names on some file systems
            for item in items[start + 1 : start + 1000]:
                os.link(first, item.path)
        with Project.create(folder / "bench.segproj", class_set=CLASSES) as project:
            project.add_images(items)
            facts = many_facts()
            for start in range(0, IMAGES, 5000):
                rows = zip(items[start : start + 5000], facts[start : start + 5000], strict=True)
                project.put_facts([(item.key, "labels", one) for item, one in rows])
        yield folder / "bench.segproj"


def bench_asking() -> list[Row]:
    """Filters and orders over the columns alone."""
    table = ImageTable([ImageItem(f"train/{i:06}", None, SIZE_HW) for i in range(IMAGES)])
    table.load_facts(FactColumns.of([one.pack() for one in many_facts()]), np.arange(IMAGES))
    by_class = median_of(lambda: find(parse(QUERY), table, CLASSES), repeat=10)
    by_object = median_of(lambda: find(parse(OBJECT_QUERY), table, CLASSES), repeat=10)
    by_name = median_of(lambda: find(parse("name~0999"), table, CLASSES), repeat=10)
    facts = ImageFacts.unpack(many_facts(10, 100)[0].pack())
    numbers = iter(np.random.default_rng(3).integers(0, IMAGES, 10**6).tolist())
    update = median_of(lambda: table.set_facts(next(numbers), facts), repeat=2000)
    limit = "200 ms"
    return [
        Row(f"filter by class and IoU ({IMAGES:,} images)", *by_class, "", None, limit, by_class[0] <= 200),
        Row(f"filter by score of an object ({OBJECTS:,})", *by_object, "", None, limit, by_object[0] <= 200),
        Row("filter by name", *by_name, "", None, limit, by_name[0] <= 200),
        Row("new facts of one image in the table", *update),
    ]


def bench_big_project() -> list[Row]:
    """The whole window on such a project, in a process of its own so that its memory is its own."""
    with big_project() as path, tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "tests.benchmarks.bench_dataset", str(path), data]
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        told = dict(line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    limits = {
        "open to usable": 1000,
        "table of facts read (in the background)": None,
        "filter by class and IoU, in the window": 200,
        "order by mIoU": 200,
        "scroll the table by a page, one paint": 16,
        "scroll the filmstrip, one paint": 16,
        "switch image, decoded": 50,
        "commit of a stroke": 2,
        "memory, MB": 600,
    }
    rows = []
    for what, limit in limits.items():
        median, p95 = (float(value) for value in told[what].split())
        ok = None if limit is None else median <= limit
        rows.append(Row(what, median, p95, "", None, "" if limit is None else f"{limit}", ok))
    return rows


def _measure(path: Path, data: Path) -> None:
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from segstudio.session import Session
    from segstudio.ui import MainWindow
    from segstudio.ui.shell.theme import apply_theme

    app = QApplication([])
    apply_theme(app, "dark")
    session = Session(data_dir=data, person="bench")
    window = MainWindow(session)
    window.resize(1600, 1000)
    window.show()
    app.processEvents()

    def wait(condition) -> float:
        began = time.perf_counter()
        while not condition():
            loop = QEventLoop()
            QTimer.singleShot(1, loop.quit)
            loop.exec()
        return (time.perf_counter() - began) * 1e3

    def tell(what: str, times: list[float]) -> None:
        print(f"{what}\t{np.median(times)} {np.percentile(times, 95)}", flush=True)

    session.open_path(path)
    tell("open to usable", [wait(lambda: session.document is not None)])
    window.commands.run("inspect.dataset")
    dock = window.docks.content("inspect.dataset")
    tell("table of facts read (in the background)", [wait(lambda: session.overview.table is not None)])
    tell("filter by class and IoU, in the window", _times(lambda: dock.bar.ask(QUERY), 10))
    session.images.show(None)
    tell("order by mIoU", _times(lambda: dock.bar.apply(order="mean_iou"), 5))
    session.images.show(None)
    for what, view in (
        ("scroll the table by a page, one paint", dock.table),
        ("scroll the filmstrip, one paint", window.filmstrip.list),
    ):
        bar = view.verticalScrollBar() if view is dock.table else view.horizontalScrollBar()
        steps = iter(range(1, 10**6))

        def scroll(view=view, bar=bar, steps=steps) -> None:
            bar.setValue(next(steps) * 997)
            view.viewport().repaint()

        tell(what, _times(scroll, 120))
    places = iter(range(50_000, 51_000, 7))
    switched = []
    for _ in range(30):
        index = next(places)
        session.pictures.get(session.images[index].path)
        session.go(index)
        switched.append(wait(lambda index=index: session.index == index))
    tell("switch image, decoded", switched)
    tell("commit of a stroke", _commits(session))
    tell("memory, MB", [peak_memory_mb()])
    window.close()


def _commits(session) -> list[float]:
    times = []
    for number in range(200):
        document = session.document
        stroke = document.begin("brush")
        stroke.paint(Rect(number % 60, 10, number % 60 + 20, 40), stroke.segment_for_class(number % 19))
        began = time.perf_counter()
        stroke.commit()
        session.project.flush()
        times.append((time.perf_counter() - began) * 1e3)
    return times


def _times(call, count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1e3)
    return times


if __name__ == "__main__":
    _measure(Path(sys.argv[1]), Path(sys.argv[2]))
