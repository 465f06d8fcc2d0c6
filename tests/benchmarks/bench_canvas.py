"""What the hand feels: from a mouse event to painted pixels, offscreen at 1600×1000 on an 8192² image."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.geometry import Rect
from segstudio.core.history import History
from segstudio.core.layer import LABELS, TRUTH, Layer
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.render.pyramid import Pyramid
from tests.benchmarks.table import Row, median_of

SIDE, WIDTH, HEIGHT, OBJECTS = 8192, 1600, 1000, 10_000
CLASSES = ClassSet.of_names([f"class {i}" for i in range(19)])


def _objects() -> Iterator[SegObject]:
    """10,000 polygons of 30 points, spread over the image."""
    chance = np.random.default_rng(1)
    turns = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    for number in range(1, OBJECTS + 1):
        radius = chance.uniform(12, 60) * chance.uniform(0.6, 1.0, 30)
        middle = chance.uniform(60, SIDE - 60, 2)
        ring_xy = middle + radius[:, None] * np.stack((np.cos(turns), np.sin(turns)), axis=1)
        yield SegObject(number, int(chance.integers(0, 19)), PolygonShape.of(ring_xy), z=number)


@contextmanager
def _canvas(*, with_objects: bool = False) -> Iterator[object]:
    """A shown canvas on a fresh document with truth, and everything put away afterwards."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from segstudio.session import Session
    from segstudio.session.document import Document
    from segstudio.session.jobs import SyncJobs
    from segstudio.ui.canvas.canvas import Canvas

    app = QApplication.instance() or QApplication([])
    chance = np.random.default_rng(0)
    picture = chance.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    labels, truth = Layer(LABELS, (SIDE, SIDE)), Layer(TRUTH, (SIDE, SIDE), locked=True)
    for layer in (labels, truth):
        layer.ensure_class_segments(CLASSES)
    coarse = chance.integers(1, 20, (SIDE // 256, SIDE // 256), dtype=np.uint16)
    truth.raster.writable(truth.raster.bounds)[...] = np.kron(coarse, np.ones((256, 256), np.uint16))
    if with_objects:
        for item in _objects():
            labels.objects.put(item)
    with tempfile.TemporaryDirectory() as folder:
        session = Session(jobs=SyncJobs(), data_dir=Path(folder), person="bench")
        session.classes.replace(CLASSES)
        session.view.set(active_class=3, mode="objects" if with_objects else "semantic", tool="brush")
        canvas = Canvas(session)
        canvas.resize(WIDTH, HEIGHT)
        canvas.show()
        document = Document(
            ImageItem("bench", None, (SIDE, SIDE)),
            Pyramid(picture),
            labels,
            classes=session.classes,
            history=History(),
            truth=truth,
            truth_index_hw=truth.index_map(CLASSES),
        )
        session.document = document
        session.live.open(document)
        session.document_changed.emit(document)
        app.processEvents()
        yield canvas
        session.close()
        canvas.deleteLater()
        app.processEvents()


def _send(canvas, kind, x, y, held=True):
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    at = canvas.to_widget(x, y)
    changed = none if kind == QEvent.Type.MouseMove else left
    event = QMouseEvent(
        kind,
        at,
        QPointF(canvas.mapToGlobal(at.toPoint())),
        changed,
        left if held else none,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(canvas, event)


def _painted():
    from PySide6.QtWidgets import QApplication

    QApplication.processEvents()


def _drag_step(canvas, radius=200.0):
    """A function that moves a pressed mouse one step further, to the painted picture."""
    from PySide6.QtCore import QEvent

    middle = SIDE / 2
    step = iter(range(10_000))

    def move() -> None:
        turn = next(step) * 0.21
        _send(canvas, QEvent.Type.MouseMove, middle + radius * np.cos(turn), middle + radius * np.sin(turn))
        _painted()

    _send(canvas, QEvent.Type.MouseButtonPress, middle + radius, middle)
    return move


def bench_brush() -> list[Row]:
    """A brush move with live IoU, from the event to painted pixels."""
    from PySide6.QtCore import QEvent

    rows = []
    with _canvas() as canvas:
        for radius in (10, 50, 200):
            for scale in (0.12, 1.0):
                canvas.session.view.set(brush_radius=float(radius))
                canvas.scale_to(scale)
                _painted()
                median, p95 = median_of(_drag_step(canvas))
                _send(canvas, QEvent.Type.MouseButtonRelease, SIDE / 2, SIDE / 2, held=False)
                rows.append(
                    Row(f"brush move, radius {radius}, live IoU, {scale:g}×", median, p95, limit="4 ms", ok=median <= 4)
                )
        canvas.session.undo()
        _painted()
        median, p95 = median_of(lambda: (canvas.session.redo(), canvas.session.undo(), _painted()), repeat=9)
        rows.append(Row("redo and undo of that stroke", median, p95, limit="40 ms", ok=median <= 40))
    return rows


def bench_view() -> list[Row]:
    """Full frames through the widget: zoom, pan, errors."""
    rows = []
    with _canvas() as canvas:
        canvas.session.view.set(shown={"labels": True, "truth": True})
        for what, change in (
            (
                "zoom frame",
                lambda: canvas.scale_to(canvas.viewport_now.scale * (1.01 if canvas.viewport_now.scale < 0.5 else 0.5)),
            ),
            ("pan frame", lambda: canvas.pan(3, 2) if np.random.default_rng().random() < 0.5 else canvas.pan(-3, -2)),
            (
                "toggled layer",
                lambda: canvas.session.view.show_layer("truth", not canvas.session.view.now.shown["truth"]),
            ),
        ):
            median, p95 = median_of(lambda change=change: (change(), _painted()))
            rows.append(Row(f"{what}, 8192²", median, p95, limit="16 ms", ok=median <= 16))
        canvas.session.view.set(minimap=True, rulers=True, crosshair=True)
        for scale in (0.18, 12.0):
            canvas.scale_to(scale)
            _painted()
            median, p95 = median_of(lambda: (canvas.redraw(), canvas.pan(3, 2), _painted()))
            what = f"full frame with rulers, map, crosshair and grid, {scale:g}×"
            rows.append(Row(what, median, p95, limit="16 ms", ok=median <= 16))
        canvas.session.view.set(minimap=False, rulers=False, crosshair=False)
        canvas.fit()
        canvas.session.view.set(errors=True)
        median, p95 = median_of(lambda: (canvas.redraw(), _painted()))
        rows.append(Row("full frame with the error map, 8192²", median, p95, limit="16 ms", ok=median <= 16))
    return rows


def bench_objects() -> list[Row]:
    """10,000 objects of 30 points: frames, hover, selecting, dragging one vertex."""
    from PySide6.QtCore import QEvent

    rows = []
    with _canvas(with_objects=True) as canvas:
        objects = canvas.frame.objects()
        objects.paint_tiles(Rect(0, 0, SIDE, SIDE))
        chance = np.random.default_rng(5)
        hit, hit95 = median_of(lambda: objects.index.at(tuple(chance.uniform(0, SIDE, 2))), repeat=200)
        rows.append(Row("hit test among 10,000 objects", hit, hit95, limit="1 ms", ok=hit <= 1))
        median, p95 = median_of(lambda: (canvas.redraw(), _painted()))
        rows.append(Row("full frame, 10,000 objects", median, p95, limit="16 ms", ok=median <= 16))
        canvas.session.view.set(tool="select")

        def hover() -> None:
            _send(canvas, QEvent.Type.MouseMove, *chance.uniform(0, SIDE, 2), held=False)
            _painted()

        median, p95 = median_of(hover)
        rows.append(Row("hover among 10,000 objects", median, p95, limit="8 ms", ok=median <= 8))
        canvas.scale_to(1.0)
        item = canvas.document.labels.objects.get(1)
        canvas.show_viewport(canvas.viewport_now.centred_on(*item.shape.parts[0].exterior_xy[0]))
        canvas.session.view.set(tool="vertex", selection=frozenset({1}))
        _painted()
        x, y = item.shape.parts[0].exterior_xy[0]
        _send(canvas, QEvent.Type.MouseButtonPress, x, y)

        def drag() -> None:
            _send(canvas, QEvent.Type.MouseMove, x + chance.uniform(-20, 20), y + chance.uniform(-20, 20))
            _painted()

        median, p95 = median_of(drag)
        rows.append(Row("dragging a vertex among 10,000 objects", median, p95, limit="8 ms", ok=median <= 8))
        _send(canvas, QEvent.Type.MouseButtonRelease, x, y, held=False)
        area = Rect(0, 0, SIDE, SIDE)
        median, p95 = median_of(lambda: objects.update(canvas.document.labels.objects, [], area), repeat=3, warmup=0)
        rows.append(Row("drawing 10,000 objects into their raster, once, between frames", median, p95))
    return rows
