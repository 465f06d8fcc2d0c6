"""How long the event loop is held up while anything runs: nothing may hold it for more than 50 ms."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.raster import LabelRaster
from segstudio.session.assist.learning import Epoch
from segstudio.session.edits.accept_sparing import accept_region
from tests.benchmarks.event_gaps import CLASSES, is_at_rest, open_window, rest, watched
from tests.benchmarks.table import Row

SIDE = 8192
_LOOKS = (
    *("errors.next", "gaps.next", "errors.kinds", "inspect.confusion", "inspect.what_if", "inspect.dataset"),
    *("inspect.statistics", "inspect.people", "inspect.origins", "assist.panel"),
)
"""Commands that look at something; said again, the later ones put it away."""
OBJECT_COMMANDS = (
    *("object.union", "object.subtract", "object.xor", "object.merge", "object.split", "object.convert", "object.grow"),
    *(
        "object.smooth",
        "object.fill_holes",
        "object.remove_specks",
        "object.forward",
        "object.duplicate",
        "edit.delete",
    ),
)


def prediction_of(size_hw: tuple[int, int], name: str = "prediction:bench") -> Layer:
    """A locked layer of blocks of 32 pixels."""
    layer = Layer(name, size_hw, locked=True)
    layer.ensure_class_segments(CLASSES)
    height, width = size_hw
    blocks = np.random.default_rng(4).integers(1, 20, (-(-height // 32), -(-width // 32)), dtype=np.uint16)
    layer.raster = LabelRaster.from_array(np.kron(blocks, np.ones((32, 32), np.uint16))[:height, :width])
    return layer


def _gap(window: Any, what: str, do: Callable[[], object]) -> Row:
    gaps = watched(do, partial(is_at_rest, window))
    return gaps.row(what)


def bench_large_edits() -> list[Row]:
    """Edits of all of an 8192² picture with truth: filled, accepted, undone, redone, painted on right after."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    rows = []
    with open_window((SIDE, SIDE)) as window:
        session, canvas = window.session, window.canvas
        document = session.document
        session.view.set(tool="fill", active_class=3, keep_human=False)
        rest(window)
        gap = partial(_gap, window)
        click = partial(QTest.mouseClick, canvas, Qt.MouseButton.LeftButton, pos=QPoint(500, 400))
        rows.append(gap("fill all of 8192²", click))
        assert document.census.unlabelled == 0
        rows.append(gap("undo of it", session.undo))
        rows.append(gap("redo of it", session.redo))
        layer = prediction_of((SIDE, SIDE))
        rows.append(gap("a prediction of 8192² arrives", lambda: document.set_prediction(layer)))
        rows.append(gap("accept all of it", lambda: window.actions_table.accept_layer(layer.name)))
        assert np.array_equal(document.labels.raster.ids_hw, layer.raster.ids_hw)
        rows.append(gap("undo of that", session.undo))
        rows.append(gap("redo of that", session.redo))
        rows.append(gap("three undos at once", lambda: [session.undo() for _ in range(3)]))
        session.redo()
        rest(window)
        session.view.set(tool="brush", brush_radius=50.0)
        rows.append(gap("a dab after a large edit", click))
        with document.begin("a square") as stroke:
            stroke.paint(Rect(100, 100, 200, 200), 5)
        rest(window)
    return rows


def bench_large_regions() -> list[Row]:
    """The region under a click that is all of an 8192² picture: selected, changed in every way, taken in hand."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    rows = []
    with open_window((SIDE, SIDE)) as window:
        session, canvas = window.session, window.canvas
        click = partial(QTest.mouseClick, canvas, Qt.MouseButton.LeftButton, pos=QPoint(500, 400))
        session.view.set(tool="fill", active_class=3, keep_human=False)
        click()
        rest(window)
        with session.document.begin("a square in its middle") as stroke:
            stroke.paint(Rect(4000, 4000, 5000, 5000), 5)
        session.view.set(tool="select", active_class=5)
        changes: dict[str, Callable[[], object]] = {
            "another class": canvas.change_class_of_selection,
            "nudged": partial(QTest.keyClick, canvas, Qt.Key.Key_Right),
            **{name: partial(window.commands.run, name) for name in ("object.shrink", "object.convert", "edit.delete")},
        }
        for what, change in changes.items():
            session.view.set(mode="semantic")
            canvas.regions.clear()
            rows.append(_gap(window, "select a region of 8192²", click))
            before = session.document.history.next_undo()
            rows.append(_gap(window, f"a region of 8192²: {what}", change))
            assert session.document.history.next_undo() is not before
            rows.append(_gap(window, "undo of it", session.undo))
        session.view.set(mode="semantic", tool="vertex")
        rows.append(_gap(window, "its vertices are taken in hand", click))
        layer = prediction_of((SIDE, SIDE))
        layer.raster.writable(layer.raster.bounds)[...] = 7
        session.document.set_prediction(layer)
        rest(window)
        accept = partial(accept_region, session, session.document, layer.name, (100.0, 100.0))
        rows.append(_gap(window, "accept a region of 8192²", accept))
    return rows


def bench_jobs_beside() -> list[Row]:
    """Streets of 4096×2048 while a prediction is refined, labels are carried on, all is exported and learning tells."""
    from segstudio.session.dataset import exporting
    from segstudio.session.edits.onward import propagate_labels
    from segstudio.session.edits.refining import Refining

    rows = []
    with open_window((2048, 4096), images=4) as window, tempfile.TemporaryDirectory() as folder:
        session = window.session
        layer = prediction_of(session.document.size_hw)
        session.document.set_prediction(layer)
        rest(window)

        def gap(what: str, do: Callable[[], object]) -> None:
            rows.append(_gap(window, what, do))

        refining = Refining(session, layer.name)
        for strength in (0.3, 0.6):
            gap("a refined prediction of 4096×2048", partial(refining.preview, strength, "guided"))
        gap("accept the refined one", partial(window.actions_table.accept_layer, refining.name))
        gap("carry the labels to the next image", partial(propagate_labels, session, lambda _: None))
        gap("export everything", lambda: _export(exporting, session, Path(folder) / "out"))
        gap("the table of all images, with its scores", partial(window.commands.run, "inspect.dataset"))
        window.commands.run("learn.panel")
        rest(window)
        soon = time.perf_counter() + 2
        told = watched(lambda: _tell_epochs(session.learning), lambda: time.perf_counter() > soon)
        rows.append(told.row("a hundred epochs told"))
    return rows


def _export(exporting: Any, session: Any, target: Path) -> None:
    work = exporting.snapshot(session)
    exporting.export(session, work, target, format="class-id-png", done=lambda _: None)


def _tell_epochs(learning: Any) -> None:
    for number in range(100):
        learning.curve.append(Epoch(number, float(number), 1.0 / (number + 1), 0.5))
        learning.changed.emit(None)


def bench_opening() -> list[Row]:
    """Opening pictures of 8192² with truth, going from one to the next and back, and a class that gets another name."""
    rows = []
    with open_window((SIDE, SIDE), images=3) as window:
        session = window.session
        rows.append(_gap(window, "open the next picture of 8192²", session.next_image))
        session.view.set(tool="fill", active_class=3)
        rest(window)
        with session.document.begin("a square") as stroke:
            stroke.paint(Rect(100, 100, 2200, 1200), 5)
        rest(window)
        rows.append(_gap(window, "and the one before", session.previous_image))
        rows.append(_gap(window, "back to the one that has labels", session.next_image))
        renamed = CLASSES.replace_class(3, name="renamed") if hasattr(CLASSES, "replace_class") else None
        if renamed is not None:
            rows.append(
                _gap(window, "a class gets another name", lambda: session.document.change_classes("rename", renamed))
            )
    return rows


def bench_many_objects() -> list[Row]:
    """What is done to 1,000 selected objects at once: polygons of 30 points, and masks of a million pixels."""
    from tests.benchmarks.bench_canvas import _objects

    rows = []
    with open_window((SIDE, SIDE)) as window:
        session = window.session
        document = session.document
        with document.begin("objects") as stroke:
            for item in _objects():
                if item.id <= 1000:
                    stroke.put_object(item)
        session.view.set(mode="objects", tool="select")
        rest(window)

        def gap(what: str, command: str) -> None:
            session.view.set(selection=frozenset(item.id for item in document.labels.objects))
            rest(window)
            before = document.history.next_undo()
            rows.append(_gap(window, f"1,000 objects: {what}", partial(window.commands.run, command)))
            if document.history.next_undo() is not before:
                rows.append(_gap(window, f"1,000 objects: undo of {what}", session.undo))

        for command in OBJECT_COMMANDS:
            gap(command, command)
    return rows


def bench_work_beside() -> list[Row]:
    """A street of 2048×1024 while what takes long goes on beside: tools, forest, docks, export, errors, switching."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    left, rows = Qt.MouseButton.LeftButton, []
    with open_window((1024, 2048), images=4) as window:
        session, canvas = window.session, window.canvas
        run = window.commands.run

        def gap(what: str, do: Callable[[], object]) -> None:
            rows.append(_gap(window, what, do))

        def drag(points: list[tuple[int, int]]) -> None:
            QTest.mousePress(canvas, left, pos=QPoint(*points[0]))
            for point in points[1:]:
                QTest.mouseMove(canvas, QPoint(*point))
            QTest.mouseRelease(canvas, left, pos=QPoint(*points[-1]))

        gap("the next picture of 2048×1024", session.next_image)
        layer = prediction_of(session.document.size_hw)
        gap("a prediction of 2048×1024 arrives", lambda: session.document.set_prediction(layer))
        gap("accept all of it", lambda: window.actions_table.accept_layer(layer.name))
        gap("undo of it", session.undo)
        line = [(300 + 5 * step, 300 + step) for step in range(40)]
        box = [(300, 250), (400, 330), (640, 480)]
        for tool in ("fill", "wand", "superpixel", "smart_brush", "scissors", "brush", "lasso"):
            session.view.set(tool=tool)
            gap(f"a drag with {tool}", partial(drag, line + [(500, 500), (300, 300)]))
        session.view.set(tool="cutout")
        gap("a box to cut out (GrabCut)", partial(drag, box))
        gap("the live forest prepares and answers", partial(run, "assist.forest"))
        session.view.set(tool="brush")
        gap("a dab, and the forest answers", partial(drag, line[:5]))
        run("assist.forest")
        rest(window)
        for command in (*_LOOKS, *_LOOKS[2:]):
            gap(command, partial(run, command))
        return rows
