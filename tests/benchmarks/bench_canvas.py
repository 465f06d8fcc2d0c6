"""What the hand feels: from a mouse event to painted pixels, offscreen at 1600×1000 on an 8192² image."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.geometry import Rect
from segstudio.core.history import History
from segstudio.core.layer import LABELS, TRUTH, Layer
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.render.pyramid import Pyramid
from tests.benchmarks.bench_render import ZOOMS
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
def _canvas(*, with_objects: bool = False, picture=None) -> Iterator[object]:
    """A shown canvas on a fresh document with truth, and everything put away afterwards; a picture of noise if none."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from segstudio.session import Session
    from segstudio.session.document import Document
    from segstudio.session.jobs import SyncJobs
    from segstudio.ui.canvas.canvas import Canvas

    app = QApplication.instance() or QApplication([])
    chance = np.random.default_rng(0)
    if picture is None:
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
    """Full frames through the widget, from the request to painted pixels: any zoom, and all the aids at once."""
    rows = []
    with _canvas() as canvas:
        _label_everything(canvas.document)

        def row(what: str, change: Callable[[], object], limit_ms: float = 8) -> None:
            median, p95 = median_of(lambda: (change(), _painted()))
            rows.append(Row(what, median, p95, limit=f"{limit_ms:g} ms", ok=median <= limit_ms))

        for turns in (0, 1):
            canvas.turn(turns)
            for scale in ZOOMS:
                canvas.scale_to(scale)
                _painted()
                turned = ", turned by 90°" if turns else ""
                row(f"full frame through the window, 8192², {scale:g}×{turned}", canvas.redraw)
        canvas.turn(-1)
        steps = cycle((1.01, 1 / 1.01))
        row("zoom frame, 8192²", lambda: canvas.scale_to(canvas.viewport_now.scale * next(steps)))
        moves = cycle(((3, 2), (-3, -2)))
        row("pan frame, 8192²", lambda: canvas.pan(*next(moves)))
        view = canvas.session.view
        row("toggled layer, 8192²", lambda: view.show_layer("labels", not view.now.shown["labels"]))
        view.set(minimap=True, rulers=True, crosshair=True, shown={"labels": True})
        for scale in (0.18, 1.0, 12.0):
            canvas.scale_to(scale)
            canvas.aids.follow_cursor(canvas.to_widget(SIDE / 2, SIDE / 2))
            _painted()
            what = f"full frame with rulers, map, crosshair and grid, {scale:g}×"
            row(what, lambda: (canvas.redraw(), canvas.pan(*next(moves))))
        view.set(minimap=False, rulers=False, crosshair=False)
        canvas.fit()
        view.set(errors=True)
        row("full frame with the error map, 8192²", canvas.redraw, 16)
    return rows


def bench_gestures() -> list[Row]:
    """Sixty wheel events and sixty moves of a pan, as fast as they are handled: the slowest of each."""
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    rows = []
    with _canvas() as canvas:
        _label_everything(canvas.document)
        middle, none = QPointF(WIDTH * 0.4, HEIGHT * 0.6), Qt.MouseButton.NoButton

        def wheel(notches: int) -> None:
            delta, phase = QPoint(0, 120 * notches), Qt.ScrollPhase.NoScrollPhase
            at = QPointF(canvas.mapToGlobal(middle.toPoint()))
            keys = Qt.KeyboardModifier.NoModifier
            QApplication.sendEvent(canvas, QWheelEvent(middle, at, QPoint(), delta, none, keys, phase, False))
            _painted()

        turns = iter([1] * 15 + [-1] * 15 + [1] * 15 + [-1] * 15)
        median, slowest = _slowest_of(60, lambda: wheel(next(turns)))
        rows.append(Row("60 wheel events, the slowest as p95", median, slowest, limit="16 ms", ok=slowest <= 16))
        for scale in (0.3, 1.0, 3.0):
            canvas.scale_to(scale)
            _painted()
            sides = cycle([7] * 15 + [-7] * 15)
            median, slowest = _slowest_of(60, lambda sides=sides: (canvas.pan(next(sides), 5), _painted()))
            what = f"60 moves of a pan, {scale:g}×, the slowest as p95"
            rows.append(Row(what, median, slowest, limit="16 ms", ok=slowest <= 16))
    return rows


def _styles_of_objects(canvas) -> list[Row]:
    """Frames of 10,000 objects at other zooms, in other styles, and with all of them selected."""
    rows, view = [], canvas.session.view

    def row(what: str) -> None:
        _painted()
        median, p95 = median_of(lambda: (canvas.redraw(), _painted()), repeat=15)
        rows.append(Row(f"full frame, 10,000 objects, {what}", median, p95, limit="16 ms", ok=median <= 16))

    for style in ("fill", "outline"):
        view.set(fill_style=style)
        row(style)
    view.set(fill_style="both", tool="select", selection=frozenset(range(1, OBJECTS + 1)))
    row("all selected")
    view.set(selection=frozenset())
    for scale in (0.25, 0.7, 1.0, 3.0):
        canvas.scale_to(scale)
        row(f"{scale:g}×")
    canvas.fit()
    _painted()
    return rows


def _label_everything(document) -> None:
    """Labels on every pixel, in blocks of classes."""
    coarse = np.random.default_rng(2).integers(1, 20, (SIDE // 128, SIDE // 128), dtype=np.uint16)
    with document.begin("label everything") as stroke:
        stroke.write(Rect(0, 0, SIDE, SIDE), np.kron(coarse, np.ones((128, 128), np.uint16)))


def _slowest_of(count: int, fn: Callable[[], object]) -> tuple[float, float]:
    """Median and maximum of the time of `count` calls, in milliseconds."""
    times_ms = []
    for _ in range(count):
        start = time.perf_counter()
        fn()
        times_ms.append((time.perf_counter() - start) * 1000)
    return statistics.median(times_ms), max(times_ms)


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
        rows += _styles_of_objects(canvas)
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

        def draw_all() -> None:
            objects.update(canvas.document.labels.objects, [], area)
            objects.paint_tiles(area)

        median, p95 = median_of(draw_all, repeat=3, warmup=0)
        rows.append(Row("drawing 10,000 objects into their raster, once, between frames", median, p95))
    return rows
