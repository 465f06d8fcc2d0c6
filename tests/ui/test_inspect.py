"""The inspector's docks in a real window: a cell leads to its regions, a row to the picture, a button to an edit."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest

from segstudio.core.geometry import Rect
from segstudio.core.layer import prediction_layer
from segstudio.metrics.instance_errors import InstanceError
from segstudio.ui.inspect.matrix_view import readable_on
from tests.session.test_inspection import store_run

COMMON = Rect(60, 40, 80, 50)


@pytest.fixture
def runs(window, qtbot):
    """Two runs that say house on the road in the first image; one errs in the second image too."""
    session = window.session
    store_run(session, "a", {0: (COMMON, 1)})
    store_run(session, "b", {0: (COMMON, 1), 1: (Rect(5, 5, 25, 20), 2)})
    return session


def content(window, qtbot, name):
    window.commands.run(name)
    dock = window.docks.content(name)
    qtbot.waitUntil(lambda: window.session.jobs.is_idle, timeout=10_000)
    QTest.qWait(250)
    return dock


@pytest.fixture
def confusion(window, qtbot, runs):
    dock = content(window, qtbot, "inspect.confusion")
    dock._desk.inspection.choose(prediction_layer("b"))
    qtbot.waitUntil(lambda: window.session.jobs.is_idle, timeout=10_000)
    dock.refresh()
    return dock


def text_of(model, row, column, role=Qt.ItemDataRole.DisplayRole):
    return model.data(model.index(row, column), role)


def test_the_matrix_shows_the_counts_of_all_images_and_says_in_words_what_a_cell_is(confusion) -> None:
    model = confusion.view.matrix
    assert text_of(model, 0, 1) == "200"
    assert text_of(model, 1, 2) == "300"
    tip = text_of(model, 0, 1, Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("road in truth, said to be house: 200 px")
    confusion.measure.setCurrentIndex(1)
    confusion.refresh()
    road = model._rows[0]
    assert text_of(model, 0, 1) == f"{100 * 200 / road:.1f}"


def test_every_cell_can_be_read(confusion) -> None:
    model = confusion.view.matrix
    for row in range(model.rowCount()):
        for column in range(model.columnCount()):
            ground = text_of(model, row, column, Qt.ItemDataRole.BackgroundRole)
            ink = text_of(model, row, column, Qt.ItemDataRole.ForegroundRole)
            assert ink == readable_on(ground)
            assert contrast(ink, ground) >= 4.5


def contrast(one, other) -> float:
    def luminance(color):
        parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in color.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_classes_can_be_left_out(confusion) -> None:
    confusion._fill_menu()
    action = next(a for a in confusion.menu.actions() if a.text() == "car")
    action.setChecked(False)
    assert confusion.view.matrix.rowCount() == 2
    confusion._show_every_class()
    assert confusion.view.matrix.rowCount() == 3


def test_a_cell_lists_its_regions_and_enter_opens_the_image_there(window, qtbot, confusion) -> None:
    cell = confusion.view.matrix.index_of((1, 2))
    confusion.view.setCurrentIndex(cell)
    qtbot.mouseClick(confusion.view.viewport(), Qt.MouseButton.LeftButton, pos=confusion.view.visualRect(cell).center())
    table = confusion.regions.table
    qtbot.waitUntil(lambda: len(confusion.regions.model.rows) == 1, timeout=10_000)
    table.setCurrentIndex(confusion.regions.model.index(0, 0))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    session = window.session
    qtbot.waitUntil(lambda: session.document is not None and session.index == 1, timeout=10_000)
    desk = confusion._desk
    qtbot.waitUntil(lambda: desk.mark is not None and desk.mark.region == Rect(5, 5, 25, 20), timeout=10_000)
    assert not window.canvas.is_fitted


def test_mending_edits_the_labels_and_the_list_follows(window, qtbot, runs) -> None:
    document = runs.document
    with document.begin("paint") as stroke:
        stroke.paint(Rect(0, 0, 10, 10), stroke.segment_for_class(0))
    runs.view.show_only_prediction(None)
    dock = content(window, qtbot, "inspect.confusion")
    dock._desk.inspection.choose("labels")
    dock.show_pair((1, 0))
    qtbot.waitUntil(lambda: len(dock.regions.model.rows) == 1, timeout=10_000)
    dock.regions._choose(0)
    qtbot.mouseClick(dock.regions.mend, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.regions.model.rows == (), timeout=10_000)
    assert (document.labels.index_map(document.class_set)[:10, :10] == 1).all()
    window.commands.run("edit.undo")
    qtbot.waitUntil(lambda: len(dock.regions.model.rows) == 1, timeout=10_000)


def test_what_if_adds_up_what_is_chosen_and_a_pair_leads_to_its_regions(window, qtbot, runs) -> None:
    dock = content(window, qtbot, "inspect.what_if")
    dock._desk.inspection.choose(prediction_layer("b"))
    qtbot.waitUntil(lambda: runs.jobs.is_idle, timeout=10_000)
    dock.group.setCurrentIndex(1)
    dock.refresh()
    assert [row.title for row in dock.model.rows] == ["house → car", "road → house"]
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in range(2):
        dock.table.selectionModel().select(dock.model.index(row, 0), flags)
    assert "100.00 % mIoU" in dock.sum.text()
    dock._go(dock.model.index(1, 0))
    confusion = window.docks.content("inspect.confusion")
    qtbot.waitUntil(lambda: len(confusion.regions.model.rows) == 1, timeout=10_000)


def test_kinds_are_counted_when_asked_for(window, qtbot, runs) -> None:
    dock = content(window, qtbot, "inspect.what_if")
    qtbot.mouseClick(dock.count, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dock.model.rows), timeout=10_000)
    assert dock.count.text() in ("Count again", "Stop")


def test_policies_stand_side_by_side_and_choosing_one_is_remembered_in_the_view(window, qtbot, runs) -> None:
    dock = content(window, qtbot, "inspect.policy")
    assert dock.values["cityscapes"].text().startswith("<b>")
    assert "per class" in dock.reasons["monai"].text() or "images" in dock.reasons["monai"].text()
    qtbot.mouseClick(dock.buttons["torchmetrics"], Qt.MouseButton.LeftButton)
    assert runs.view.now.policy == "torchmetrics"
    assert "Cityscapes".lower() in dock.values["cityscapes"].toolTip()


def test_the_queue_leads_to_a_doubt_corrects_a_copy_and_tells_the_standing(window, qtbot, runs) -> None:
    dock = content(window, qtbot, "inspect.truth_queue")
    qtbot.mouseClick(dock.search, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(dock.model.rows) == 1, timeout=10_000)
    dock._choose(0)
    dock._go()
    qtbot.mouseClick(dock.correct, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.model.rows == [], timeout=10_000)
    assert not runs.document.truth.locked
    assert "A <b>100.000</b>" in dock.standing.text()
    window.commands.run("edit.undo")
    qtbot.waitUntil(lambda: "A <b>100.000</b>" not in dock.standing.text(), timeout=10_000)


def test_the_metrics_panel_measures_pq_and_ap_and_by_other_rules(window, qtbot, runs) -> None:
    panel = window.metrics
    with runs.document.begin("paint") as stroke:
        stroke.paint(Rect(0, 0, 85, 28), stroke.segment_for_class(1))
    for row, title in ((1, "PQ"), (2, "AP"), (0, "mIoU")):
        panel.modes.setCurrentIndex(row)
        panel.modes.activated.emit(row)
        qtbot.waitUntil(lambda title=title: panel._titles[0].text() == title, timeout=5_000)
        assert "version" in panel.cell(title, 0).toolTip()
    panel.policies.setCurrentIndex(3)
    panel.policies.activated.emit(3)
    assert runs.view.now.policy == "monai"
    qtbot.waitUntil(lambda: panel.cell("mIoU", 0).toolTip().count("monai") == 1, timeout=5_000)


def test_the_legend_hides_a_kind_and_tells_its_pixels(window, qtbot, runs) -> None:
    window.commands.run("errors.kinds")
    chips = window.legend.kinds
    qtbot.waitUntil(lambda: runs.document.error_kinds is not None, timeout=10_000)
    qtbot.waitUntil(lambda: "px" in chips.buttons[2].toolTip(), timeout=5_000)
    assert chips.isVisible()
    wrong = next(kind for kind, button in chips.buttons.items() if kind > 1 and button.isEnabled())
    qtbot.mouseClick(chips.buttons[wrong], Qt.MouseButton.LeftButton)
    assert runs.view.now.hidden_error_kinds == {int(wrong)}
    qtbot.mouseClick(chips.buttons[wrong], Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    assert runs.view.now.hidden_error_kinds == frozenset()
    window.commands.run("errors.kinds")
    assert not chips.isVisible()


def test_the_kinds_of_wrong_objects_are_counted_when_asked_for(window, qtbot, runs) -> None:
    dock = content(window, qtbot, "inspect.objects")
    assert "Count compares" in dock.note.text()
    qtbot.mouseClick(dock.count, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "AP50" in dock.note.text(), timeout=10_000)
    assert dock.cells[InstanceError.MISSED][0].text() == "3"
