"""Panels that list what an image holds, with as many rows as an image can have."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks.table import Row, median_of

_OBJECTS = 10_000


def bench_objects_panel() -> list[Row]:
    """The list of 10,000 objects: filled anew after an edit, one selected, all selected, one hidden."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from segstudio.app import make_application
    from segstudio.core.objects import PolygonShape, SegObject
    from segstudio.session import Session
    from segstudio.ui.panels.objects import ObjectsPanel
    from tests.ui.canvas_stage import CLASSES, make_document, show

    make_application()
    session = Session(data_dir=Path(tempfile.mkdtemp()), person="bench")
    session.classes.replace(CLASSES)
    document = make_document(session, (1000, 1600))
    angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    circle_xy = 8 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    at_xy = np.random.default_rng(5).uniform(10, 990, (_OBJECTS, 2))
    for number, xy in enumerate(at_xy, 1):
        document.labels.objects.put(SegObject(number, number % 3, PolygonShape.of(circle_xy + xy), z=number))
    show(session, document)
    panel = ObjectsPanel(session)
    panel.resize(300, 400)
    panel.show()
    everything = frozenset(range(1, _OBJECTS + 1))
    turn = iter(range(1, 10**9))

    def refill() -> None:
        number = next(turn) % _OBJECTS + 1
        item = document.labels.objects.get(number)
        assert item is not None
        document.labels.objects.put(item)
        panel.refresh()

    def select_one() -> None:
        session.view.set(selection=frozenset({next(turn) % _OBJECTS + 1}))

    def select_all() -> None:
        session.view.set(selection=everything - {next(turn) % _OBJECTS + 1})

    def hide_one() -> None:
        session.object_view.hide([next(turn) % _OBJECTS + 1])

    calls = {"after an edit": refill, "select one": select_one, "select all": select_all, "hide one": hide_one}
    rows = []
    for what, call in calls.items():
        median, p95 = median_of(call, repeat=20)
        rows.append(Row(f"objects panel, {_OBJECTS:,} objects: {what}", median, p95, limit="≤ 50 ms", ok=median <= 50))
    panel.close()
    session.close()
    return rows
