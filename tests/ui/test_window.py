"""The journey in the window, by keys, clicks and commands: open, predict, accept, correct, undo, go on, export."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QSlider

from segstudio.core.geometry import Rect
from segstudio.ui.shell.class_dialog import ClassDialog
from segstudio.ui.shell.export_dialog import ExportDialog
from segstudio.ui.shell.help_dialogs import KeysDialog
from tests.session.conftest import CLASSES


def mouse(window, kind: QEvent.Type, x: float, y: float, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    at = QPointF(window.canvas.to_widget(x, y))
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    button = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    event = QMouseEvent(kind, at, window.canvas.mapToGlobal(at), button, held, modifiers)
    QApplication.sendEvent(window.canvas, event)
    QApplication.processEvents()


def drag(window, points, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    mouse(window, QEvent.Type.MouseButtonPress, *points[0], modifiers)
    for point in points[1:]:
        mouse(window, QEvent.Type.MouseMove, *point, modifiers)
    mouse(window, QEvent.Type.MouseButtonRelease, *points[-1], modifiers)


def predicted(window, qtbot) -> None:
    session = window.session
    session.predictions.choose("any")
    window.commands.run("model.predict")
    session.predictions._host.answer()
    qtbot.waitUntil(lambda: "prediction:any" in session.document.predictions)


def test_a_brush_stroke_paints_exactly_the_disc_and_the_scores_follow(window, qtbot) -> None:
    session = window.session
    window.commands.run("tool.brush")
    session.view.set(brush_radius=6.0)
    session.view.choose_class(0)
    mouse(window, QEvent.Type.MouseButtonPress, 40.0, 45.0)
    before = session.live.score().image.pixel_accuracy
    assert before > 0
    mouse(window, QEvent.Type.MouseMove, 60.0, 45.0)
    assert session.live.score().image.pixel_accuracy > before
    mouse(window, QEvent.Type.MouseButtonRelease, 60.0, 45.0)
    rows, columns = np.mgrid[:60, :90] + 0.5
    along = np.clip(columns, 40, 60)
    expected = np.hypot(columns - along, rows - 45) <= 6.0
    painted = session.document.labels.index_map(CLASSES) == 0
    # The mouse lands on whole screen pixels, so the outline may differ by a pixel.
    assert np.count_nonzero(painted != expected) <= 0.06 * expected.sum()
    assert len(session.document.history.undoable) == 1


def test_undo_and_redo_by_keys(window, qtbot) -> None:
    window.commands.run("tool.brush")
    drag(window, [(20.0, 40.0), (50.0, 50.0)])
    painted = window.session.document.labels.raster.ids_hw.copy()
    assert painted.any()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not window.session.document.labels.raster.ids_hw.any()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(window.session.document.labels.raster.ids_hw, painted)


def test_digits_choose_classes_but_not_while_typing(window, qtbot) -> None:
    view = window.session.view
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_3)
    assert view.now.active_class == 2
    qtbot.keyClick(window.canvas, Qt.Key.Key_X)
    assert view.now.active_class == 0
    window.classes.filter.setFocus()
    qtbot.keyClick(window.classes.filter, Qt.Key.Key_2)
    assert window.classes.filter.text() == "2"
    assert view.now.active_class == 0
    tool = view.now.tool
    qtbot.keyClick(window.classes.filter, Qt.Key.Key_P)
    assert view.now.tool == tool


def test_next_and_previous_image_by_keys(window, qtbot) -> None:
    session = window.session
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: session.document is not None and session.document.item.name == "view_1")
    assert "view_1" in window.windowTitle()
    qtbot.keyClick(window.canvas, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: session.document is not None and session.document.item.name == "view_0")


def test_predict_accept_and_take_back(window, qtbot) -> None:
    session = window.session
    predicted(window, qtbot)
    assert session.view.now.shown["prediction:any"]
    assert not session.document.labels.raster.ids_hw.any()
    window.commands.run("accept.all")
    qtbot.waitUntil(lambda: bool(session.document.labels.raster.ids_hw.all()))
    index_hw = session.document.labels.index_map(CLASSES)
    assert (index_hw[30:] == 0).all()
    assert (index_hw[10:30] == 1).all()
    assert not session.view.now.shown["prediction:any"]
    window.commands.run("edit.undo")
    assert not session.document.labels.raster.ids_hw.any()


def test_accept_under_the_cursor_takes_one_region(window, qtbot) -> None:
    session = window.session
    predicted(window, qtbot)
    at = window.canvas.to_widget(50.0, 50.0).toPoint()
    qtbot.mouseMove(window.canvas, at)
    mouse(window, QEvent.Type.MouseMove, 50.0, 50.0)
    window.commands.run("accept.here")
    assert (session.document.labels.index_map(CLASSES)[30:] == 0).all()
    assert not session.document.labels.raster.ids_hw[:30].any()


def test_the_error_overlay_changes_what_is_seen(window, qtbot) -> None:
    window.commands.run("tool.brush")
    drag(window, [(20.0, 45.0), (70.0, 45.0)])
    bare = window.canvas.grab().toImage()
    window.commands.run("view.errors")
    assert window.commands.action("view.errors").isChecked()
    qtbot.waitUntil(lambda: window.canvas.grab().toImage() != bare)
    window.commands.run("view.errors")
    qtbot.waitUntil(lambda: window.canvas.grab().toImage() == bare)


def test_a_polygon_in_object_mode_is_an_object_and_undo_removes_it(window, qtbot) -> None:
    session = window.session
    window.commands.run("mode.objects")
    window.commands.run("tool.polygon")
    session.view.choose_class(2)
    for x, y in ((10, 10), (40, 10), (40, 30), (10, 30)):
        mouse(window, QEvent.Type.MouseButtonPress, x, y)
        mouse(window, QEvent.Type.MouseButtonRelease, x, y)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    (item,) = session.document.labels.objects
    assert item.class_id == 2
    bounds = item.bounds()
    assert abs(bounds.x0 - 10) <= 1
    assert abs(bounds.x1 - 40) <= 1
    window.commands.run("edit.undo")
    assert len(session.document.labels.objects) == 0


def test_a_class_is_added_in_the_dialog_and_undone(window, qtbot) -> None:
    dialog = ClassDialog(window, None)
    dialog.open()
    dialog.name.setText("")
    dialog._apply()
    assert dialog.problem.text()
    dialog.name.setText("road")
    dialog._apply()
    assert "twice" in dialog.problem.text()
    dialog.name.setText("tram")
    dialog._apply()
    added = window.session.classes.current.by_name["tram"]
    assert window.session.view.now.active_class == added.id
    window.commands.run("edit.undo")
    assert "tram" not in window.session.classes.current.by_name


def test_export_tells_losses_then_writes_what_pycocotools_reads(window, qtbot, tmp_path) -> None:
    from pycocotools.coco import COCO

    session = window.session
    window.commands.run("mode.objects")
    window.commands.run("tool.polygon")
    session.view.choose_class(2)
    for x, y in ((10, 10), (40, 10), (40, 30), (10, 30)):
        mouse(window, QEvent.Type.MouseButtonPress, x, y)
        mouse(window, QEvent.Type.MouseButtonRelease, x, y)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    dialog = ExportDialog(window)
    dialog.open()
    dialog.format.setCurrentIndex(dialog.format.findData("coco-instances"))
    qtbot.waitUntil(lambda: "Checking" not in dialog.report.text(), timeout=10_000)
    target = tmp_path / "out" / "coco"
    dialog.target.setText(str(target))
    dialog._export()
    qtbot.waitUntil(lambda: "exported" in window.messages.text.text(), timeout=10_000)
    files = list((target / "annotations").glob("*.json"))
    assert len(files) == 1
    assert len(json.loads(files[0].read_text())["annotations"]) == 1
    coco = COCO(str(files[0]))
    assert coco.getAnnIds()


def test_faults_are_shown_in_one_line_with_what_to_do(window, qtbot, tmp_path) -> None:
    window.session.open_path(tmp_path / "gone")
    qtbot.waitUntil(lambda: window.messages.isVisible())
    assert "gone" in window.messages.text.text()
    assert window.session.document is not None


def test_a_message_moves_neither_the_picture_nor_what_is_under_the_cursor(window, qtbot) -> None:
    before = window.canvas.geometry(), window.canvas.to_widget(20.0, 30.0)
    window.session.notify.tell("warning", "something of note " * 20, hint="what to do about it")
    assert window.messages.isVisible()
    QApplication.processEvents()
    assert (window.canvas.geometry(), window.canvas.to_widget(20.0, 30.0)) == before
    text = window.messages.text
    assert text.height() >= text.heightForWidth(text.width())
    window.resize(1000, 700)
    QApplication.processEvents()
    assert window.messages.width() == window.messages.parentWidget().width()


def test_nothing_open_shows_four_ways_in(dressed, qtbot, tmp_path) -> None:
    from segstudio.session import Session
    from segstudio.ui import MainWindow

    window = MainWindow(Session(data_dir=tmp_path))
    window.show()
    assert set(window.welcome.buttons) == {"file.demo", "file.open_images", "file.open_dataset", "file.open_project"}
    assert all(button.isVisible() for button in window.welcome.buttons.values())
    assert not window.commands.action("edit.undo").isEnabled()
    assert window.commands.action("file.open_dataset").isEnabled()
    window.close()
    window.deleteLater()


def test_the_window_speaks_to_screen_readers(window) -> None:
    for kind in (QAbstractButton, QComboBox, QSlider, QLineEdit):
        for control in window.findChildren(kind):
            inner = isinstance(control.parent(), (QLineEdit, QComboBox)) or control.objectName().startswith("qt_")
            if not inner and control.isVisibleTo(window):
                name = control.accessibleName() or control.toolTip() or getattr(control, "text", str)()
                assert name, (type(control).__name__, control.objectName(), control.parent())


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_nothing_is_cut_off_in_the_tool_bar(window, qtbot, size) -> None:
    window.resize(*size)
    QApplication.processEvents()
    for name in ("model.predict", "accept.all", "file.export"):
        button = window.top_bar.widgetForAction(window.commands.action(name))
        assert button.isVisible()
        assert window.top_bar.rect().contains(button.geometry())


def test_keys_are_listed(window, qtbot) -> None:
    dialog = KeysDialog(window)
    qtbot.addWidget(dialog)
    dialog.open()
    assert dialog.isVisible()


def test_hidden_keys_are_released_when_the_focus_goes(window, qtbot) -> None:
    window.canvas.setFocus()
    qtbot.keyPress(window.canvas, Qt.Key.Key_H)
    assert window.session.view.now.bare
    window.classes.filter.setFocus()
    assert not window.session.view.now.bare


def test_scores_are_exact_after_strokes_with_the_mouse(window) -> None:
    from segstudio.metrics import ConfusionMatrix

    session = window.session
    window.commands.run("tool.brush")
    for class_id, y in ((0, 50.0), (1, 10.0), (2, 40.0)):
        session.view.choose_class(class_id)
        drag(window, [(5.0, y), (45.0, y + 3), (85.0, y)])
    window.commands.run("edit.undo")
    matrix = ConfusionMatrix(3)
    matrix.add(session.document.truth.index_map(CLASSES), session.document.labels.index_map(CLASSES))
    assert session.live.image_matrix() == matrix
    assert session.document.labels.raster.bounds == Rect(0, 0, 90, 60)


def test_every_command_that_loads_later_finds_its_function(window) -> None:
    from segstudio.ui.shell.commands import Later

    late = [command.run for command in window.commands.all() if isinstance(command.run, Later)]
    assert len(late) >= 8
    assert all(callable(run.resolve()) for run in late)
