"""Edits too large for one event, in the real window: the hand is never held up, and can take them back meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


@pytest.fixture
def large(window, monkeypatch: pytest.MonkeyPatch):
    """The window on its small street, which counts as large: one part of an edit for each turn."""
    monkeypatch.setattr("segstudio.session.turns._TURN_SECONDS", 0.0)
    for module in ("edits.landing", "edits.stepping"):
        monkeypatch.setattr(f"segstudio.session.{module}.AT_ONCE", 100)
    monkeypatch.setattr("segstudio.session.edits.landing.TILE", 16)
    window.session.view.set(tool="fill", active_class=2, keep_human=False)
    return window


def _click(window) -> None:
    canvas = window.canvas
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.to_widget(40.5, 20.5).toPoint())


def test_a_fill_goes_on_between_events_and_is_one_step(large, qtbot) -> None:
    session, document = large.session, large.session.document
    _click(large)
    assert document.is_busy
    assert 0 < document.census.unlabelled < document.labels.raster.bounds.area
    assert [job.title for job in session.jobs.active] == ["fill"]
    qtbot.waitUntil(lambda: not session.turns.is_busy)
    assert document.census.unlabelled == 0
    assert len(document.history.undoable) == 1
    stored = session.project.load(document.key, "labels")
    assert np.array_equal(stored.labels_hw, document.labels.raster.ids_hw)
    large.commands.run("edit.undo")
    assert document.is_busy
    qtbot.waitUntil(lambda: not session.turns.is_busy)
    assert document.is_bare


def test_undo_meanwhile_takes_a_fill_back_and_leaves_no_step(large, qtbot) -> None:
    session, document = large.session, large.session.document
    _click(large)
    large.commands.run("edit.undo")
    qtbot.waitUntil(lambda: not session.turns.is_busy)
    assert document.is_bare
    assert not document.history.undoable
    assert not document.history.redoable


def test_what_is_under_way_is_finished_before_another_image_is_shown(large, qtbot) -> None:
    session, document = large.session, large.session.document
    _click(large)
    assert document.is_busy
    session.next_image()
    qtbot.waitUntil(lambda: session.document is not document, timeout=10_000)
    stored = session.project.load(document.key, "labels")
    assert stored.labels_hw.all()


def test_closing_the_window_finishes_what_is_under_way(large, qtbot) -> None:
    document = large.session.document
    _click(large)
    assert document.is_busy
    large.session.close_document()
    assert document.census.unlabelled == 0
    assert len(document.history.undoable) == 1


def test_another_edit_waits_and_says_so(large, qtbot) -> None:
    session, document = large.session, large.session.document
    told: list[str] = []
    session.notify.told.connect(lambda notice: told.append(notice.text))
    _click(large)
    session.view.set(tool="brush")
    _click(large)
    assert told
    assert "finish or cancel" in told[-1]
    qtbot.waitUntil(lambda: not session.turns.is_busy)
    assert len(document.history.undoable) == 1
