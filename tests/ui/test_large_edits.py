"""Edits too large for one event, in the real window: the hand is never held up, and can take them back meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer


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


@pytest.fixture
def huge(large, monkeypatch: pytest.MonkeyPatch):
    """… whose regions count as huge: sought and worked out in a worker."""
    for module in ("finding", "region_edits"):
        monkeypatch.setattr(f"segstudio.ui.canvas.tools.{module}.AT_ONCE", 100)
    for module in ("region_edits", "asking"):
        monkeypatch.setattr(f"segstudio.ui.canvas.tools.{module}.HEAVY", 100)
    session, document = large.session, large.session.document
    with document.begin("two halves") as stroke:
        half = document.labels.raster.bounds.width // 2
        for class_id, x in ((0, 0), (1, half)):
            stroke.paint(Rect(x, 0, x + half, 60), stroke.segment_for_class(class_id))
    session.view.set(mode="semantic", tool="select", active_class=2)
    return large


def _rest(window, qtbot) -> None:
    session = window.session
    qtbot.waitUntil(lambda: session.jobs.is_idle and not session.turns.is_busy, timeout=10_000)


def _pick(window, qtbot, x: float = 20.5) -> None:
    canvas = window.canvas
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.to_widget(x, 20.5).toPoint())
    _rest(window, qtbot)


def _change(window, name: str) -> None:
    if name == "class":
        window.canvas.change_class_of_selection()
    elif name == "nudge":
        QTest.keyClick(window.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    else:
        window.commands.run(name)


@pytest.mark.parametrize(
    "name", ["class", "nudge", "edit.delete", "object.grow", "object.shrink", "object.duplicate", "object.convert"]
)
def test_what_is_done_to_huge_regions_is_what_is_done_to_small_ones(huge, qtbot, name: str) -> None:
    session, document = huge.session, huge.session.document
    before_hw = document.labels.raster.ids_hw.copy()
    results = []
    for is_huge in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not is_huge:
                for module in ("canvas.tools.finding", "canvas.tools.region_edits"):
                    patch.setattr(f"segstudio.ui.{module}.AT_ONCE", 2_500_000)
                    patch.setattr("segstudio.session.edits.landing.AT_ONCE", 2_500_000)
            _pick(huge, qtbot)
            assert [region.rect.width for region in huge.canvas.regions.now] == [45]
            _change(huge, name)
            assert not is_huge or session.turns.is_busy or not session.jobs.is_idle or name == "object.convert"
            _rest(huge, qtbot)
            chosen = [(r.segment_id, r.rect, int(r.mask_hw.sum())) for r in huge.canvas.regions.now]
            results.append((document.labels.raster.ids_hw.copy(), chosen, len(document.labels.objects)))
            session.undo()
            _rest(huge, qtbot)
            assert np.array_equal(document.labels.raster.ids_hw, before_hw)
            assert len(document.history.undoable) == 1
            session.view.set(mode="semantic", tool="select")
            huge.canvas.regions.clear()
    assert np.array_equal(results[0][0], results[1][0])
    assert results[0][1:] == results[1][1:]


def test_huge_regions_merge_and_what_is_refused_stays_selected(huge, qtbot) -> None:
    _pick(huge, qtbot)
    huge.commands.run("object.merge")
    _rest(huge, qtbot)
    assert len(huge.canvas.regions.now) == 1
    canvas = huge.canvas
    at = canvas.to_widget(70.5, 20.5).toPoint()
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, at)
    _rest(huge, qtbot)
    assert len(canvas.regions.now) == 2
    huge.commands.run("object.merge")
    _rest(huge, qtbot)
    assert len(np.unique(huge.session.document.labels.raster.ids_hw)) == 1
    assert len({region.segment_id for region in canvas.regions.now}) == 1


def test_a_vertex_of_a_huge_region_moves(huge, qtbot) -> None:
    session, document, canvas = huge.session, huge.session.document, huge.canvas
    session.view.set(tool="vertex")
    before_hw = document.labels.raster.ids_hw.copy()
    _pick(huge, qtbot)
    for place in (QTest.mousePress, QTest.mouseMove, QTest.mouseRelease):
        at = canvas.to_widget(*((45.0, 60.0) if place is QTest.mousePress else (30.0, 40.0))).toPoint()
        place(canvas, at) if place is QTest.mouseMove else place(canvas, Qt.MouseButton.LeftButton, pos=at)
    _rest(huge, qtbot)
    assert len(document.history.undoable) == 2
    given_up = document.labels.raster.ids_hw != before_hw
    assert given_up.sum() > 100
    assert (before_hw[given_up] == before_hw[0, 0]).all()
    session.undo()
    _rest(huge, qtbot)
    assert np.array_equal(document.labels.raster.ids_hw, before_hw)


def test_a_huge_region_of_a_prediction_is_accepted(huge, qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segstudio.session.edits.accept_sparing.AT_ONCE", 100)
    session, document = huge.session, huge.session.document
    layer = Layer("prediction:any", document.size_hw, locked=True)
    layer.ensure_class_segments(document.class_set)
    layer.raster.writable(layer.raster.bounds)[:, :60] = layer.segments.of_class(2).id
    document.set_prediction(layer)
    from segstudio.session.edits.accept_sparing import accept_region

    accept_region(session, document, layer.name, (10.5, 10.5))
    assert not session.jobs.is_idle
    _rest(huge, qtbot)
    ids_hw = document.labels.raster.ids_hw
    assert (document.labels.segments.class_lut()[ids_hw[:, :60]] == 2).all()
    assert (document.labels.segments.class_lut()[ids_hw[:, 60:]] == 1).all()
    assert len(document.history.undoable) == 2
