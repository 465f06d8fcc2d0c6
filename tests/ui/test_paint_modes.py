"""Paint modes by keys and menu, and every way of painting under each of them, against what the rule says."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication

from tests.ui.canvas_stage import CAR, HOUSE, ROAD, stage  # noqa: F401 (a fixture)

ALT = Qt.KeyboardModifier.AltModifier
OVER_ROAD = {"paint_mode": "only-over", "over_classes": frozenset({0}), "over_unlabelled": False}
MODES = [
    {"paint_mode": "everywhere"},
    {"paint_mode": "unlabelled"},
    OVER_ROAD,
    {**OVER_ROAD, "over_unlabelled": True},
    {"protected_classes": frozenset({1})},
]


def free(before, mode, *, erases=False):
    """Which pixels give way, in words of segment ids (class number + 1)."""
    found = np.ones(before.shape, bool)
    if mode.get("paint_mode") == "unlabelled" and not erases:
        found = before == 0
    elif mode.get("paint_mode") == "only-over":
        found = (before == ROAD) | ((before == 0) & mode["over_unlabelled"])
    return found & ~np.isin(before, [number + 1 for number in mode.get("protected_classes", ())])


def quarters(stage):  # noqa: F811
    """Road above left, house above right, unlabelled below."""
    stage.paint(slice(0, 60), slice(0, 100), ROAD)
    stage.paint(slice(0, 60), slice(100, 200), HOUSE)
    return stage.ids


def with_brush(stage):  # noqa: F811
    stage.view(tool="brush", brush_radius=10.0)
    stage.hand.drag((30, 55), (170, 62))


def with_rectangle(stage):  # noqa: F811
    stage.view(tool="rectangle")
    stage.hand.drag((30, 40), (170, 90))


def with_polygon(stage):  # noqa: F811
    stage.view(tool="polygon")
    for corner in ((20, 30), (180, 30), (150, 100)):
        stage.hand.click(*corner)
    stage.hand.key(Qt.Key.Key_Return)


def with_lasso(stage):  # noqa: F811
    stage.view(tool="lasso")
    stage.hand.drag((30, 40), (100, 30), (170, 40), (170, 90), (30, 90))


def with_ellipse(stage):  # noqa: F811
    stage.view(tool="ellipse")
    stage.hand.drag((30, 40), (170, 90))


TOOLS = [with_brush, with_rectangle, with_polygon, with_lasso, with_ellipse]


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize("draw", TOOLS)
def test_every_tool_paints_only_what_gives_way(stage, draw, mode):  # noqa: F811
    before = quarters(stage)
    stage.view(mode="semantic")
    draw(stage)
    drawn = stage.ids == CAR
    assert drawn[:60, :100].any()
    assert drawn[:60, 100:].any()
    assert drawn[60:].any()
    stage.document.undo()
    stage.view(**mode)
    draw(stage)
    np.testing.assert_array_equal(stage.ids, np.where(drawn & free(before, mode), CAR, before))


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_the_eraser_takes_only_what_gives_way(stage, mode):  # noqa: F811
    before = quarters(stage)
    stage.view(mode="semantic", tool="eraser", brush_radius=10.0)
    stage.hand.drag((30, 50), (170, 50))
    erased = stage.ids != before
    stage.document.undo()
    stage.view(**mode)
    stage.hand.drag((30, 50), (170, 50))
    np.testing.assert_array_equal(stage.ids, np.where(erased & free(before, mode, erases=True), 0, before))


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize(("x", "number"), [(50, ROAD), (150, HOUSE)])
def test_a_region_is_filled_deleted_and_moved_only_if_it_gives_way(stage, mode, x, number):  # noqa: F811
    before = quarters(stage)
    stage.view(mode="semantic", tool="fill", **mode)
    stage.hand.click(x, 30)
    filled = (before == number) & free(before, mode)
    np.testing.assert_array_equal(stage.ids, np.where(filled, CAR, before))
    while stage.document.undo() is not None:
        pass
    may = bool(free(before, mode, erases=True)[30, x])
    stage.view(tool="select")
    stage.hand.click(x, 30)
    stage.canvas.delete_selection()
    np.testing.assert_array_equal(stage.ids, np.where((before == number) & may, 0, before))
    stage.document.undo()
    stage.hand.drag((x, 30), (x, 50))
    moved = np.roll(before == number, 20, axis=0)
    moved[:20] = False
    left = np.where(before == number, 0, before)
    wanted = np.where(moved & free(left, mode), number, left) if may else before
    np.testing.assert_array_equal(stage.ids, wanted)


def point_at(window, x, y):
    at = QPointF(window.canvas.to_widget(x, y))
    QApplication.sendEvent(window.canvas, QEnterEvent(at, at, QPointF(window.canvas.mapToGlobal(at))))


def test_modes_by_key_in_the_status_line_and_in_the_button(window, qtbot):
    session, view = window.session, window.session.view
    view.set(mode="semantic")
    view.choose_class(1)
    qtbot.keyClick(window.canvas, Qt.Key.Key_2, ALT)
    assert view.now.paint_mode == "unlabelled"
    assert window.status.paint.mode.text() == "paints only what is unlabelled"
    assert window.tool_options.paint.text() == "Only bare"
    qtbot.keyClick(window.canvas, Qt.Key.Key_J)
    assert (view.now.paint_mode, view.now.over_classes) == ("only-over", {1})
    assert window.commands.action("paint.only_over").isChecked()
    view.choose_class(2)
    qtbot.keyClick(window.canvas, Qt.Key.Key_J, Qt.KeyboardModifier.ShiftModifier)
    assert view.now.over_classes == {1, 2}
    assert window.status.paint.mode.text() == "paints only over 2 classes and what is unlabelled"
    qtbot.keyClick(window.canvas, Qt.Key.Key_J)
    assert view.now.paint_mode == "everywhere"
    assert not window.status.paint.mode.isVisible()
    assert not session.document.history.undoable


def test_classes_are_chosen_in_the_menu(window):
    menu, view = window.tool_options.paint.menu(), window.session.view
    menu.aboutToShow.emit()
    rows = {action.text(): action for action in menu.actions()}
    rows["car"].trigger()
    assert (view.now.paint_mode, view.now.over_classes) == ("only-over", {2})
    menu.aboutToShow.emit()
    rows = {action.text(): action for action in menu.actions()}
    assert rows["car"].isChecked()
    rows["car"].trigger()
    assert view.now.over_classes == frozenset()


def test_the_region_commands_keep_to_the_mode(window, qtbot):
    session = window.session
    with session.document.begin("paint") as stroke:
        rect = stroke.layer.raster.bounds
        house, car = stroke.segment_for_class(1), stroke.segment_for_class(2)
        inside = np.zeros((rect.height, rect.width), bool)
        inside[20:40, 20:40] = True
        stroke.paint(rect, house, mask_hw=~inside)
        stroke.paint(rect, car, mask_hw=inside)
    before = session.document.labels.raster.ids_hw.copy()
    session.view.set(mode="semantic", paint_mode="unlabelled")
    point_at(window, 30, 30)
    window.commands.run("object.grow")
    np.testing.assert_array_equal(session.document.labels.raster.ids_hw, before)
    session.view.set(paint_mode="everywhere")
    window.commands.run("object.grow")
    assert (session.document.labels.raster.ids_hw == car).sum() > inside.sum()


def test_gaps_are_counted_marked_and_gone_to(window, qtbot):
    session = window.session
    session.view.set(mode="semantic")
    with session.document.begin("paint") as stroke:
        rect = stroke.layer.raster.bounds
        mask_hw = np.ones((rect.height, rect.width), bool)
        mask_hw[10:14, 20:30] = mask_hw[50:52, 70:73] = False
        stroke.paint(rect, stroke.segment_for_class(0), mask_hw=mask_hw)
    gaps = window.status.paint.gaps
    qtbot.waitUntil(lambda: gaps.text() == "46 unlabelled (0.85 %)")
    qtbot.keyClick(window.canvas, Qt.Key.Key_Z)
    assert session.view.now.gaps
    assert window.canvas.viewport_now.scale == 8.0
    centre = window.canvas.to_image(QPointF(window.canvas.width() / 2, window.canvas.height() / 2))
    assert centre == pytest.approx((25, 12), abs=1)
    qtbot.mouseClick(gaps, Qt.MouseButton.LeftButton)
    centre = window.canvas.to_image(QPointF(window.canvas.width() / 2, window.canvas.height() / 2))
    assert centre == pytest.approx((71.5, 51), abs=3)
    window.canvas.fit()
    marked = window.canvas.grab().toImage()
    session.view.set(gaps=False)
    plain = window.canvas.grab().toImage()
    at = window.canvas.to_widget(25.5, 12.5).toPoint() * marked.devicePixelRatio()
    beside = window.canvas.to_widget(40.5, 12.5).toPoint() * marked.devicePixelRatio()
    assert marked.pixelColor(at).red() > marked.pixelColor(at).green() + 60
    assert marked.pixelColor(beside) == plain.pixelColor(beside)
    with session.document.begin("fill") as stroke:
        stroke.paint(rect, stroke.segment_for_class(0))
    qtbot.waitUntil(lambda: gaps.text() == "no gaps")
