"""What a person meets on the first day: recent paths, the legend, marks on images, the picture's sliders."""

from __future__ import annotations

import os
import signal
import sys
import time

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, QSize, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox

from segstudio.core.class_set import ClassSet
from segstudio.session import Session
from segstudio.session.jobs import SyncJobs
from segstudio.ui import MainWindow
from segstudio.ui.panels.classes import ClassesPanel
from segstudio.ui.panels.filmstrip import BROKEN
from segstudio.ui.panels.picture import PictureAdjust
from segstudio.ui.shell.elided import ElidedLabel
from segstudio.ui.shell.endings import Endings
from segstudio.ui.shell.palette import CommandPalette
from segstudio.ui.shell.recent_menu import RecentMenu, short_path
from segstudio.ui.shell.window_memory import WindowMemory
from tests.session.answering_host import AnsweringHost
from tests.session.conftest import CLASSES
from tests.ui.test_window import drag, mouse, predicted


def test_the_legend_says_what_is_judged_and_follows_the_class(window, qtbot) -> None:
    legend, view = window.legend, window.session.view
    assert not legend.isVisible()
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_R)
    assert legend.isVisible()
    assert "the labels" in legend.judged.text()
    assert [code for code, label in legend.words.items() if label.isVisible()] == [1, 3, 4]
    qtbot.mouseClick(legend.one_class, Qt.MouseButton.LeftButton)
    assert view.now.error_class == 0
    assert legend.words[2].isVisible()
    qtbot.keyClick(window.canvas, Qt.Key.Key_3)
    assert view.now.error_class == 2
    assert "car" in legend.one_class.text()
    qtbot.keyClick(window.canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    assert view.now.error_class is None
    qtbot.keyClick(window.canvas, Qt.Key.Key_R)
    assert not legend.isVisible()


def test_errors_are_the_predictions_until_something_is_labelled(window, qtbot) -> None:
    predicted(window, qtbot)
    window.commands.run("view.errors")
    assert "any" in window.legend.judged.text()
    window.commands.run("tool.brush")
    drag(window, [(20.0, 45.0), (40.0, 45.0)])
    qtbot.waitUntil(lambda: "the labels" in window.legend.judged.text())


def test_the_legend_folds_to_its_colours(window, qtbot) -> None:
    window.session.view.set(errors=True)
    legend = window.legend
    whole = legend.width()
    assert legend.words[1].isVisible()
    qtbot.mouseClick(legend.fold, Qt.MouseButton.LeftButton)
    assert legend.width() < whole / 3
    assert legend.swatches[1].isVisible()
    assert legend.swatches[1].toolTip()
    assert not legend.words[1].isVisible()
    assert not legend.one_class.isVisible()
    window.session.view.set(error_kinds=True)
    assert not legend.kinds.isVisible()
    qtbot.mouseClick(legend.fold, Qt.MouseButton.LeftButton)
    assert legend.kinds.isVisible()


def test_the_legend_stays_in_its_corner(window, qtbot) -> None:
    window.commands.run("view.errors")
    for size in ((1280, 760), (1500, 900)):
        window.resize(*size)
        QApplication.processEvents()
        assert window.canvas.rect().contains(window.legend.geometry())
        assert window.canvas.height() - window.legend.geometry().bottom() < 20


def test_an_image_is_marked_by_a_key_and_the_mark_is_seen(window, qtbot) -> None:
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert window.session.images.badge(0).status == "reviewed"
    assert window.commands.action("image.reviewed").isChecked()
    qtbot.keyClick(window.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: window.session.index == 1)
    assert not window.commands.action("image.reviewed").isChecked()
    window.commands.run("image.rejected")
    window.commands.run("image.rejected")
    assert window.session.images.badge(1).status == "to do"


def test_confidence_without_a_prediction_says_what_to_do(window) -> None:
    window.commands.run("view.heat")
    assert not window.session.view.now.heat_map
    assert not window.commands.action("view.heat").isChecked()
    assert "run a model" in window.messages.text.text()


def test_the_brush_is_under_the_cursor_after_another_image_and_after_zooming(window, qtbot) -> None:
    window.commands.run("tool.brush")
    mouse(window, QEvent.Type.MouseMove, 20.0, 20.0)
    cursor = window.canvas._cursor_at
    window.commands.run("view.zoom_in")
    window.commands.run("view.zoom_in")
    ring = window.canvas.tool.overlay_bounds()
    assert (ring.center() - cursor).manhattanLength() < 4


def test_what_was_opened_last_is_in_the_menu_and_opens(window, qtbot, tmp_path) -> None:
    menu = RecentMenu(window)
    menu.fill()
    (entry,) = menu.actions()
    assert "street" in entry.text()
    before = window.session.document
    entry.trigger()
    qtbot.waitUntil(lambda: window.session.document not in (before, None), timeout=10_000)


def test_long_paths_are_shortened_in_the_middle(tmp_path) -> None:
    text = short_path(tmp_path / ("a" * 200) / "end.segproj", 60)
    assert len(text) < 70
    assert text.startswith("end.segproj")


def test_the_welcome_page_offers_what_was_opened_last(window, dressed, qtbot, tmp_path) -> None:
    other = MainWindow(Session(data_dir=tmp_path / "other", make_host=AnsweringHost))
    other.show()
    assert len(other.welcome.recent) == 1
    qtbot.mouseClick(other.welcome.recent[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: other.session.document is not None, timeout=10_000)
    other.close()
    other.deleteLater()


def test_a_window_comes_back_where_it_was(dressed, qtbot, tmp_path) -> None:
    sizes = []
    for chosen in (QSize(760, 640), None):
        window = MainWindow(Session(jobs=SyncJobs(), data_dir=tmp_path, make_host=AnsweringHost))
        memory = WindowMemory(window)
        memory.restore()
        if chosen is not None:
            window.resize(chosen)
        window.show()
        sizes.append(window.size())
        window.close()
        window.deleteLater()
    assert sizes == [QSize(760, 640)] * 2


def test_what_was_put_away_and_how_high_a_dock_was_come_back(dressed, qtbot, street, tmp_path) -> None:
    memories = []

    def window_on_the_street():
        window = MainWindow(Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost))
        memories.append(WindowMemory(window))
        memories[-1].restore()
        window.resize(1280, 900)
        window.show()
        window.session.open_path(street, format="class-id-png", class_set=CLASSES)
        return window

    first = window_on_the_street()
    assert first.filmstrip.isVisible()
    first.commands.run("view.filmstrip")
    first.show_panel(first.history)
    first.docks.show("assist.panel")
    qtbot.waitUntil(lambda: first.docks.heights.get("assist.panel", 0) > 0)
    dressed.processEvents()
    dock = first.docks.content("assist.panel").parentWidget().parentWidget().parentWidget()
    first.dock_area.resizeDocks([dock], [260], Qt.Orientation.Vertical)
    qtbot.waitUntil(lambda: first.docks.heights["assist.panel"] == 260)
    first.close()
    first.deleteLater()

    second = window_on_the_street()
    assert not second.filmstrip.isVisible()
    assert not second.commands.action("view.filmstrip").isChecked()
    assert second.history.isVisible()
    second.docks.show("assist.panel")
    qtbot.waitUntil(lambda: second.docks.heights["assist.panel"] == 260)
    second.commands.run("view.filmstrip")
    assert second.filmstrip.isVisible()
    second.close()
    second.deleteLater()


def test_a_second_window_on_the_same_data_set_says_that_it_only_reads(window, qtbot, street, tmp_path) -> None:
    second = MainWindow(Session(data_dir=tmp_path / "data", make_host=AnsweringHost, person="second"))
    second.show()
    second.session.open_path(street, format="class-id-png", class_set=CLASSES)
    qtbot.waitUntil(lambda: second.session.document is not None, timeout=10_000)
    assert "read-only" in second.windowTitle()
    assert "read-only" in second.messages.text.text()
    second.commands.run("tool.brush")
    drag(second, [(20.0, 40.0), (50.0, 50.0)])
    second.commands.run("edit.undo")
    second.commands.run("image.reviewed")
    qtbot.keyClick(second.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: second.session.index == 1, timeout=10_000)
    second.close()
    second.deleteLater()


def test_a_folder_that_is_dropped_opens(window, qtbot, tmp_path) -> None:
    folder = tmp_path / "dropped"
    folder.mkdir()
    cv2.imwrite(str(folder / "one.png"), np.zeros((30, 40, 3), np.uint8))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(100, 100), Qt.DropAction.CopyAction, data, left, none))
    qtbot.waitUntil(lambda: "one" in window.windowTitle(), timeout=10_000)


def test_leaving_in_the_middle_of_a_stroke_keeps_it(window, qtbot) -> None:
    session = window.session
    window.commands.run("tool.brush")
    mouse(window, QEvent.Type.MouseButtonPress, 30.0, 40.0)
    mouse(window, QEvent.Type.MouseMove, 50.0, 40.0)
    session.next_image()
    qtbot.waitUntil(lambda: session.index == 1, timeout=10_000)
    mouse(window, QEvent.Type.MouseMove, 60.0, 40.0)
    mouse(window, QEvent.Type.MouseButtonRelease, 60.0, 40.0)
    assert session.document.is_bare
    session.previous_image()
    qtbot.waitUntil(lambda: session.index == 0, timeout=10_000)
    assert session.document.census.by_class()[0] > 100


def test_closing_in_the_middle_of_a_stroke_and_of_a_run_keeps_the_stroke(window, qtbot, street, tmp_path) -> None:
    session = window.session
    session.predictions.choose("any")
    window.commands.run("model.predict_all")
    window.commands.run("tool.brush")
    mouse(window, QEvent.Type.MouseButtonPress, 30.0, 40.0)
    mouse(window, QEvent.Type.MouseMove, 50.0, 40.0)
    window.close()
    assert session.predictions._host is None
    again = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost)
    again.open_path(street, format="class-id-png", class_set=CLASSES)
    assert not again.read_only
    assert again.document.census.by_class()[0] > 100
    again.close()


def test_brightness_is_for_the_eye_only_and_can_be_reset(opened, qtbot) -> None:
    panel = PictureAdjust(opened)
    qtbot.addWidget(panel)
    panel.show()
    panel.unfold.click()
    assert panel.sliders["gamma"].isVisible()
    for name, slider in panel.sliders.items():
        slider.setValue(50)
        assert getattr(opened.view.now, name) > 0.4
    assert opened.document.is_bare
    panel.reset.click()
    view = opened.view.now
    assert (view.brightness, view.contrast, view.gamma) == (0.0, 0.0, 1.0)
    assert [slider.value() for slider in panel.sliders.values()] == [0, 0, 0]


@pytest.mark.parametrize("position", [-100, -40, 0, 35, 100])
def test_every_place_of_the_gamma_slider_comes_back(opened, qtbot, position) -> None:
    panel = PictureAdjust(opened)
    qtbot.addWidget(panel)
    panel.sliders["gamma"].setValue(position)
    panel.refresh()
    assert panel.sliders["gamma"].value() == position
    assert opened.view.now.gamma > 0


def test_long_class_lists_begin_with_what_the_image_shows(opened, qtbot) -> None:
    opened.classes.replace(ClassSet.of_names([f"kind {number}" for number in range(80)], first_id=100))
    panel = ClassesPanel(opened)
    qtbot.addWidget(panel)
    with opened.document.begin("draw") as stroke:
        stroke.paint(stroke.layer.raster.bounds, stroke.segment_for_class(140))
    panel._on_document(opened.document)
    rows = panel._rows()
    assert rows[0].label_class.name == "kind 40"
    assert rows[0].digit == ""
    assert [row.digit for row in rows if row.label_class.name == "kind 0"] == ["1"]
    assert len(rows) == 80


def test_the_palette_puts_the_word_that_was_typed_first(window) -> None:
    palette = CommandPalette(window.commands, window)
    palette.open()
    palette.edit.setText("acc")
    assert palette.list.item(0).text().startswith("Accept")
    palette.close()


def test_a_broken_picture_is_marked_in_the_filmstrip(window, qtbot, street) -> None:
    path = street / "images" / "view_2.png"
    path.write_bytes(path.read_bytes()[:200])
    model, thumbnails = window.filmstrip.model, window.filmstrip.thumbnails
    thumbnails._on_reset(3)
    model.data(model.index(2, 0), Qt.ItemDataRole.DecorationRole)
    qtbot.waitUntil(lambda: bool(model.data(model.index(2, 0), BROKEN)), timeout=10_000)
    whole = window.filmstrip.grab().toImage()
    thumbnails._broken.clear()
    assert window.filmstrip.grab().toImage() != whole


def test_a_long_list_of_recent_paths_does_not_hold_the_window_open(window, qtbot, tmp_path) -> None:
    from segstudio.session.notify import Notifier
    from segstudio.session.recent import remember

    for number in range(8):
        remember(tmp_path / f"data set {number}", Notifier())
    other = MainWindow(Session(data_dir=tmp_path / "other", make_host=AnsweringHost))
    other.show()
    assert other.minimumSizeHint().height() <= 680
    assert window.minimumSizeHint().height() <= 680
    other.close()
    other.deleteLater()


def test_a_job_in_the_status_bar_says_how_far_it_is_and_takes_the_hints_room(window, qtbot) -> None:
    predictions = window.session.predictions
    predictions.choose("any")
    predictions.predict_all()
    qtbot.waitUntil(lambda: "of 3" in window.status.job_text.text())
    assert not window.status.hint.isVisible()
    qtbot.mouseClick(window.status.cancel, Qt.MouseButton.LeftButton)
    assert not predictions.is_running
    qtbot.waitUntil(lambda: window.status.hint.isVisible())


def test_arrow_keys_in_the_class_list_choose(window, qtbot) -> None:
    classes = window.classes.list
    classes.setFocus()
    qtbot.keyClick(classes, Qt.Key.Key_Down)
    assert window.session.view.now.active_class == 1
    qtbot.keyClick(classes, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert window.session.view.now.hidden_classes == {1}
    window.commands.run("classes.protect")
    assert window.session.view.now.protected_classes == {1}


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C cannot be sent to one process there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_closes_the_window(dressed, qtbot, tmp_path, number) -> None:
    window = MainWindow(Session(data_dir=tmp_path, make_host=AnsweringHost))
    window.show()
    endings = Endings(window)
    os.kill(os.getpid(), number)
    qtbot.waitUntil(lambda: not window.isVisible())
    endings.close()
    window.deleteLater()


def test_text_that_does_not_fit_is_cut_with_dots_and_told_in_the_tool_tip(dressed, qtbot) -> None:
    label = ElidedLabel("mask-rcnn-resnet50-fpn@a-long-name-of-weights", middle=True)
    qtbot.addWidget(label)
    label.resize(120, 20)
    label.show()
    cut = label.grab().toImage()
    assert label.toolTip() == label.text()
    label.resize(600, 20)
    label.grab()
    assert label.toolTip() == ""
    assert cut.size() != label.size()
    assert label.minimumSizeHint().width() < 100


@pytest.mark.parametrize("command", ["file.open_images", "file.open_dataset"])
@pytest.mark.parametrize(("button", "mode"), [("Folder…", "Directory"), ("file", "ExistingFile")])
def test_opening_asks_for_a_folder_or_a_file(window, qtbot, command, button, mode) -> None:
    window.commands.run(command)
    (box,) = window.findChildren(QMessageBox)
    buttons = {b.text(): b for b in box.buttons()}
    name = button if button in buttons else next(text for text in buttons if text in ("File…", "Picture…"))
    qtbot.mouseClick(buttons[name], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.findChildren(QFileDialog)))
    dialog = window.findChildren(QFileDialog)[0]
    assert dialog.fileMode().name == mode
    dialog.reject()


def test_a_class_edit_is_undone_and_redone_like_a_stroke(window, qtbot) -> None:
    from segstudio.ui.shell.class_dialog import ClassDialog

    classes = window.session.classes
    window.session.view.choose_class(1)
    dialog = ClassDialog(window, classes.current.by_id[1])
    dialog.open()
    dialog.name.setText("hut")
    dialog._on_color(QColor(9, 8, 7))
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert classes.current.by_id[1].name == "hut"
    assert classes.current.by_id[1].color == (9, 8, 7)
    window.commands.run("edit.undo")
    assert classes.current.by_id[1].name == "house"
    window.commands.run("edit.redo")
    assert classes.current.by_id[1].name == "hut"


def test_return_in_the_export_dialog_exports_and_does_not_browse(window, qtbot, tmp_path) -> None:
    from segstudio.ui.shell.export_dialog import ExportDialog

    window.commands.run("tool.brush")
    drag(window, [(20.0, 40.0), (50.0, 50.0)])
    dialog = ExportDialog(window)
    dialog.open()
    dialog.format.setCurrentIndex(dialog.format.findData("class-id-png"))
    target = tmp_path / "out"
    dialog.target.setText(str(target))
    qtbot.keyClick(dialog.target, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "exported" in window.messages.text.text(), timeout=10_000)
    assert target.is_dir()
    assert not window.findChildren(QFileDialog)


def test_every_tool_is_in_sight_on_a_small_screen(window, qtbot) -> None:
    window.resize(1260, 680)
    QApplication.processEvents()
    for name in window.actions_table.tool_commands:
        button = window.tool_bar.widgetForAction(window.commands.action(name))
        assert button.isVisible(), name
        shown = QRect(button.mapTo(window.tool_bar, QPoint(0, 0)), button.size())
        assert window.tool_bar.rect().contains(shown), name


def test_names_and_values_of_the_metrics_have_room_at_their_longest(window) -> None:
    window.resize(1280, 720)
    window.session.view.set(mode="semantic")
    window.commands.run("accept.truth")
    deadline = time.monotonic() + 10
    while not any(label.text() == "100.00" for label in window.metrics.findChildren(QLabel) if label.isVisible()):
        assert time.monotonic() < deadline
        QApplication.processEvents()
        time.sleep(0.005)
    QApplication.processEvents()
    cut = [
        label.text()
        for label in window.metrics.findChildren(QLabel)
        if label.isVisible() and not label.wordWrap() and label.width() < label.sizeHint().width()
    ]
    assert cut == []


def test_the_metrics_are_not_squeezed_on_a_small_screen(window, qtbot) -> None:
    window.commands.run("tool.brush")
    drag(window, [(20.0, 40.0), (50.0, 50.0)])
    window.resize(1260, 680)
    qtbot.waitUntil(lambda: window.metrics._table.isVisible())
    QApplication.processEvents()
    assert window.height() <= 680
    for label in window.metrics._table.findChildren(QLabel):
        assert label.height() >= label.sizeHint().height(), label.text()
