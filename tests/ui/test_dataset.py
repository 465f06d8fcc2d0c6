"""The dataset table as a person uses it: ask, sort, go through by keys, brush; the filmstrip follows."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog

from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.core.segments import SegmentTable
from segstudio.session.dataset.images import Remark
from segstudio.ui.dataset.columns import COLUMNS
from segstudio.ui.dataset.table_model import IMAGE
from tests.session.conftest import CLASSES, truth_of

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dock(window, qtbot):
    """The dataset table, shown, with everything looked through."""
    window.commands.run("inspect.dataset")
    dock = window.docks.content("inspect.dataset")
    overview = window.session.overview
    qtbot.waitUntil(lambda: overview.table is not None and dock.scan.total == 3 and not dock.scan.left, timeout=10_000)
    return dock


def rows(dock):
    model = dock.table.model()
    return [model.index(row, 0).data(IMAGE) for row in range(model.rowCount())]


def cell(dock, row, name):
    place = next(place for place, column in enumerate(COLUMNS, 1) if column.id == name)
    return dock.table.model().index(row, place).data()


def ask(dock, text):
    dock.bar.line.setFocus()
    dock.bar.line.clear()
    QTest.keyClicks(dock.bar.line, text)
    dock.bar.line._list.hide()
    QTest.keyClick(dock.bar.line, Qt.Key.Key_Return)


def paint(window, rect, class_id):
    with window.session.document.begin("brush") as stroke:
        stroke.paint(rect, stroke.segment_for_class(class_id))
        stroke.commit()


def answer(dock, text):
    dialog = dock.findChild(QInputDialog)
    dialog.setTextValue(text)
    dialog.accept()
    dialog.deleteLater()


def test_what_is_asked_is_shown_everywhere_and_taken_back_by_one_click(window, dock, qtbot):
    session = window.session
    session.overview.change_tags([0, 2], add=["night"])
    ask(dock, "tag:night")
    assert rows(dock) == [0, 2]
    assert dock.bar.count.text() == "2 of 3"
    assert window.filmstrip.model.rowCount() == 2
    assert window.filmstrip.sign.isVisible()
    assert window.filmstrip.sign.text.text() == "2 of 3 images: tag:night"
    window.commands.run("image.next")
    qtbot.waitUntil(lambda: session.index == 2, timeout=5000)
    assert dock.table.current() == 2
    QTest.mouseClick(window.filmstrip.sign.clear, LEFT)
    assert rows(dock) == [0, 1, 2]
    assert not window.filmstrip.sign.isVisible()
    assert dock.bar.line.text() == ""


def test_the_truth_is_looked_through_and_can_be_asked(window, dock):
    ask(dock, "class:car area:200")
    assert rows(dock) == [0, 1, 2]
    assert cell(dock, 0, "classes") == "house, road, void, car"


def test_an_edit_shows_in_its_row(window, dock):
    paint(window, Rect(0, 0, 90, 30), 1)
    assert cell(dock, 0, "status") == "labelled"
    assert cell(dock, 0, "miou") == "33.3"
    assert cell(dock, 0, "worst") in ("road", "car")
    assert cell(dock, 1, "miou") == ""


def test_a_filter_that_is_not_understood_says_where(window, dock):
    ask(dock, "tag:x clas:car")
    assert dock.bar.error.isVisible()
    assert dock.bar.error.text() == "column 7: there is no field “clas”. did you mean class?"
    assert dock.bar.line.cursorPosition() == 6
    assert rows(dock) == [0, 1, 2]
    QTest.keyClick(dock.bar.line, Qt.Key.Key_Backspace)
    assert not dock.bar.error.isVisible()


def test_words_are_completed(window, dock):
    line = dock.bar.line
    assert line.suggestions("cl") == ["class:"]
    assert line.suggestions("class:c") == ["class:car"]
    assert line.suggestions("-status:to") == ['status:"to do"']
    line.setFocus()
    QTest.keyClicks(line, "-stat")
    line._popup.setCurrentRow(0)
    line._popup.activated[str].emit(line._popup.currentCompletion())
    assert line.text() == "-status:"


def test_headings_put_in_order_turn_it_round_and_give_it_back(window, dock):
    window.session.overview.table.numbers["mean_iou"][:] = [0.9, np.nan, 0.1]
    place = next(place for place, column in enumerate(COLUMNS, 1) if column.id == "miou")
    head = dock.table.horizontalHeader()
    at = QPoint(head.sectionViewportPosition(place) + 10, head.height() // 2)
    for expected in ([2, 0, 1], [0, 2, 1], [0, 1, 2]):
        QTest.mouseClick(head.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at)
        assert rows(dock) == expected


def test_keys_go_through_the_images(window, dock, qtbot):
    session, table = window.session, dock.table
    table.setFocus()
    table.go_to(0)
    tool = session.view.now.tool
    QTest.keyClick(table, Qt.Key.Key_F)
    assert session.images.remark(0).is_flagged
    assert session.view.now.tool == tool
    QTest.keyClick(table, Qt.Key.Key_V)
    assert session.images.badge(0).status == "reviewed"
    QTest.keyClick(table, Qt.Key.Key_L)
    assert session.images.badge(0).status == "to do"
    QTest.keyClick(table, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: session.index == 1, timeout=5000)
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert session.index == 1
    QTest.keyClick(table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.index == 2, timeout=5000)
    assert [row.status for row in session.project.images()] == ["to do"] * 3
    assert session.project.images()[0].tags == ("flagged",)


def test_notes_and_tags_of_several_images(window, dock):
    session, table = window.session, dock.table
    table.setFocus()
    table.selectAll()
    QTest.keyClick(table, Qt.Key.Key_C)
    answer(dock, "look again")
    QTest.keyClick(table, Qt.Key.Key_G)
    answer(dock, "night, rain")
    assert {session.images.remark(index) for index in range(3)} == {Remark("look again", ("night", "rain"))}
    QTest.keyClick(table, Qt.Key.Key_G)
    answer(dock, "rain")
    assert session.images.remark(1).tags == ("rain",)


def test_accepting_opens_the_image_and_takes_its_prediction(window, dock, qtbot):
    session = window.session
    table = SegmentTable.for_classes(CLASSES)
    lut = np.zeros(256, np.uint16)
    for segment in table:
        lut[segment.class_id] = segment.id
    annotation = Annotation((60, 90), lut[truth_of(2)], tuple(table))
    session.project.save_annotation(session.images[2].key, "prediction:m", annotation, locked=True, run="m")
    dock.table.setFocus()
    dock.table.go_to(2)
    QTest.keyClick(dock.table, Qt.Key.Key_Y)
    qtbot.waitUntil(lambda: session.index == 2 and session.images.badge(2).status == "labelled", timeout=5000)
    assert cell(dock, 2, "miou") == "100.0"
    session.undo()
    assert session.images.badge(2).status == "to do"


def test_brushing_a_histogram_writes_a_filter(window, dock):
    window.session.overview.table.numbers["mean_iou"][:] = [0.9, 0.5, 0.1]
    QTest.mouseClick(dock.plots_button, LEFT)
    first = dock.histograms[0]
    first.refresh()
    _, everything, shown = first.counts(window.session.overview.table)
    assert everything.sum() == shown.sum() == 3
    plot, box = first.plot.viewport(), first.plot.getPlotItem().vb
    places = [first.plot.mapFromScene(box.mapViewToScene(QPoint(0, 0))), plot.rect().center()]
    left = QPoint(round(places[0].x()), plot.height() // 2)
    right = QPoint(round(places[0].x() + 0.6 * (plot.width() - places[0].x())), plot.height() // 2)
    QTest.mousePress(plot, LEFT, Qt.KeyboardModifier.NoModifier, left)
    QTest.mouseMove(plot, right)
    QTest.mouseRelease(plot, LEFT, Qt.KeyboardModifier.NoModifier, right)
    assert dock.bar.line.text().startswith("miou>=0")
    assert rows(dock) == [1, 2]
    dock.brush("miou", 0.0, 0.2)
    assert dock.bar.line.text() == "miou>=0 miou<=0.2"
    assert rows(dock) == [2]
    QTest.mouseClick(plot, LEFT, Qt.KeyboardModifier.NoModifier, right)
    assert rows(dock) == [0, 1, 2]


def test_filters_are_kept_and_taken(window, dock):
    dock.bar.ask("status:todo -tag:night")
    dock.bar.keep_as("still to do")
    dock.bar.ask("")
    dock.bar.menu.aboutToShow.emit()
    dock.bar.menu.actions()[0].trigger()
    assert dock.bar.line.text() == "status:todo -tag:night"
    assert window.session.overview.asked.query == "status:todo -tag:night"


def test_columns_are_chosen(window, dock):
    menu = dock.table.columns_menu()
    action = next(action for action in menu.actions() if action.text() == "Person")
    place = action.data()
    assert dock.table.isColumnHidden(place)
    action.trigger()
    assert not dock.table.isColumnHidden(place)
    menu.close()


def test_statistics_are_drawn_and_written(window, dock, qtbot, tmp_path):
    paint(window, Rect(0, 0, 90, 30), 1)
    window.commands.run("inspect.statistics")
    panel = window.docks.content("inspect.statistics")
    qtbot.waitUntil(lambda: bool(panel.series), timeout=5000)
    assert dict(zip(panel.series["statuses"].names, panel.series["statuses"].values, strict=True)) == {
        "to do": 2,
        "labelled": 1,
    }
    assert panel.series["images_per_person"].names == ("tester",)
    for row in range(panel.list.count()):
        panel.list.setCurrentRow(row)
    target = tmp_path / "out.csv"
    panel.write_csv(str(target))
    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "series,name,value,unit"
    assert "statuses,labelled,1,images" in lines
    assert "images_per_class,house,3,images" in lines
