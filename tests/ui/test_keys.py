"""Every key of the command table: it runs its command and no other, not with another modifier, not while one types,
not again and again while it is held; keys that are held on the canvas are let go when the focus goes.
"""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit

from segstudio.settings.keymap import conflicts
from segstudio.ui.shell.shortcut_editor import HELD
from tests.ui.canvas_stage import box_object

Mod = Qt.KeyboardModifier
_FLIPS = (Mod.ShiftModifier, Mod.ControlModifier, Mod.AltModifier)
GOES_ON = {
    *("edit.undo", "edit.redo", "image.next", "image.previous", "tool.smaller", "tool.larger", "view.zoom_in"),
    *("view.zoom_out", "object.forward", "object.back", "object.grow", "object.shrink"),
}
"""What a person may want many times in a row."""


@pytest.fixture
def ran(window):
    """Ids of the commands that keys asked for; nothing else happens by them."""
    found: list[str] = []
    for name in window.commands.ids():
        action = window.commands.action(name)
        action.triggered.disconnect()
        action.triggered.connect(lambda *_, name=name: found.append(name))
        action.setEnabled(True)
    window.canvas.setFocus()
    return found


def table(window):
    """(id, key) of every key of every command."""
    return [(c.id, key) for c in window.commands.all() for key in c.keys]


def combination(key):
    return QKeySequence(key)[0]


def press(widget, key, flip=Mod.NoModifier):
    pressed = combination(key)
    QTest.keyClick(widget, pressed.key(), pressed.keyboardModifiers() ^ flip)


def test_no_two_commands_share_a_key_and_none_has_one_of_the_canvas(window):
    assert conflicts(window.commands.keys) == {}
    assert not {key for _, key in table(window) if key.casefold() in HELD}


def test_each_key_runs_its_command_and_no_other(window, ran):
    wrong = {}
    for name, key in table(window):
        ran.clear()
        press(window.canvas, key)
        if ran != [name]:
            wrong[key] = (name, list(ran))
    assert wrong == {}


def test_no_key_runs_its_command_with_one_modifier_more_or_less(window, ran):
    wrong = []
    for name, key in table(window):
        for flip in _FLIPS:
            other = QKeySequence(combination(key).toCombined() ^ flip.value)
            if any(QKeySequence(k) == other for k in window.commands.keys[name]):
                continue
            ran.clear()
            press(window.canvas, key, flip)
            if name in ran:
                wrong.append((key, flip))
    assert wrong == []


def name_editor(window):
    """The editor of a name in the list of objects."""
    with window.session.document.begin("put") as stroke:
        stroke.put_object(box_object(1, 10, 10, 20, 20))
    window.session.view.set(mode="objects", selection=frozenset({1}))
    window.show_panel(window.objects)
    window.objects.refresh()
    window.objects.rename()
    return window.objects.list.findChild(QLineEdit)


def in_dock(name, kind, title):
    """A field of a dock, by its name for screen readers."""

    def find(window):
        content = window.docks.show(name)
        return next(field for field in content.findChildren(kind) if title in field.accessibleName())

    return find


FIELDS = {
    "classes": lambda window: window.classes.filter,
    "brush size": lambda window: window.tool_options.spin,
    "object's name": name_editor,
    "journal": lambda window: window.history.findChild(QLineEdit),
    "data set": in_dock("inspect.dataset", QLineEdit, ""),
    "AI words": in_dock("assist.segmenter", QLineEdit, ""),
    "AI side": in_dock("assist.segmenter", QAbstractSpinBox, ""),
    "minutes": in_dock("learn.panel", QAbstractSpinBox, ""),
    "models": in_dock("model.browser", QLineEdit, ""),
}


@pytest.mark.parametrize("field", FIELDS)
def test_no_key_that_types_or_edits_runs_anything_while_a_text_field_has_the_focus(window, ran, qtbot, field):
    widget = FIELDS[field](window)
    window.show_panel(widget)
    widget.setEnabled(True)
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)
    line = widget if isinstance(widget, QLineEdit) else widget.findChild(QLineEdit)
    wrong = {}
    for name, key in table(window):
        pressed = combination(key)
        if pressed.keyboardModifiers() & ~Mod.ShiftModifier or pressed.key() >= Qt.Key.Key_F1:
            continue
        if pressed.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            continue
        ran.clear()
        if isinstance(widget, QLineEdit):
            widget.setText("word")
        line.selectAll()
        press(widget, key)
        if ran:
            wrong[key] = (name, list(ran))
    assert wrong == {}


def test_the_same_keys_run_again_when_the_canvas_has_the_focus(window, ran):
    window.classes.filter.setFocus()
    press(window.classes.filter, "B")
    assert ran == []
    assert window.classes.filter.text() == "b"
    window.canvas.setFocus()
    press(window.canvas, "B")
    assert ran == ["tool.brush"]


def test_a_held_key_repeats_only_what_one_wants_many_times(window, ran):
    wrong = {}
    for name, key in table(window):
        ran.clear()
        pressed = combination(key)
        QTest.simulateEvent(window.canvas, True, pressed.key().value, pressed.keyboardModifiers(), "", False)
        for _ in range(3):
            QTest.simulateEvent(window.canvas, True, pressed.key().value, pressed.keyboardModifiers(), "", True)
        QTest.simulateEvent(window.canvas, False, pressed.key().value, pressed.keyboardModifiers(), "", False)
        if ran != [name] * (4 if name in GOES_ON else 1):
            wrong[key] = (name, len(ran))
    assert wrong == {}


def test_keys_for_another_window_run_nothing_here(window, ran, qtbot):
    other = QLineEdit()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    other.setFocus()
    qtbot.waitUntil(other.isActiveWindow)
    for _, key in table(window):
        press(other, key)
    assert ran == []


def lose_focus(canvas):
    QApplication.sendEvent(canvas, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.ActiveWindowFocusReason))


def test_the_bare_image_lasts_as_long_as_h_is_held_in_this_window(window):
    view = window.session.view
    QTest.keyPress(window.canvas, Qt.Key.Key_H)
    assert view.now.bare
    QTest.keyRelease(window.canvas, Qt.Key.Key_H)
    assert not view.now.bare
    QTest.keyPress(window.canvas, Qt.Key.Key_H)
    lose_focus(window.canvas)
    assert not view.now.bare
    # It comes up again in the other window, or here: both must be harmless.
    QTest.keyRelease(window.canvas, Qt.Key.Key_H)
    assert not view.now.bare


def paint(window, qtbot, modifiers=Mod.NoModifier):
    at = window.canvas.to_widget(40.5, 30.5).toPoint()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, modifiers, at)


def test_space_pans_only_while_it_is_held_here(window, qtbot):
    session = window.session
    session.view.set(mode="semantic", tool="brush")
    QTest.keyPress(window.canvas, Qt.Key.Key_Space)
    paint(window, qtbot)
    assert not session.document.labels.raster.ids_hw.any()
    lose_focus(window.canvas)
    paint(window, qtbot)
    assert session.document.labels.raster.ids_hw.any()


@pytest.mark.parametrize("tool", ["brush", "rectangle", "polygon"])
def test_a_gesture_under_way_survives_another_window_and_ends_here(window, qtbot, tool):
    """The button that is down is not a key: the stroke goes on, nothing of it is committed or lost by itself."""
    session = window.session
    session.view.set(mode="semantic", tool=tool)
    canvas = window.canvas
    points = [canvas.to_widget(x, y).toPoint() for x, y in ((20, 20), (40, 20), (40, 40))]
    if tool == "polygon":
        for point in points:
            qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=point)
        lose_focus(canvas)
        assert not session.document.labels.raster.ids_hw.any()
        canvas.setFocus()
        QTest.keyClick(canvas, Qt.Key.Key_Return)
    else:
        qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=points[0])
        qtbot.mouseMove(canvas, points[2])
        lose_focus(canvas)
        qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=points[2])
    assert session.document.labels.raster.ids_hw.any()
    assert len(session.document.history.undoable) == 1
    session.undo()
    assert not session.document.labels.raster.ids_hw.any()


def test_alt_that_was_let_go_elsewhere_subtracts_nothing(window, qtbot):
    session = window.session
    session.view.set(mode="semantic", tool="brush")
    QTest.keyPress(window.canvas, Qt.Key.Key_Alt, Mod.AltModifier)
    lose_focus(window.canvas)
    paint(window, qtbot)
    assert session.document.labels.raster.ids_hw.any()
    paint(window, qtbot, Mod.AltModifier)
    assert not session.document.labels.raster.ids_hw.any()
