"""The settings: keys are pressed, conflicts are shown and resolved, presets switch, everything follows at once."""

from __future__ import annotations

import tomllib

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from segstudio.session import Session
from segstudio.settings import settings_path
from segstudio.settings.keymap import conflicts
from segstudio.settings.presets import PRESETS
from segstudio.ui.shell.help_dialogs import KeysDialog
from segstudio.ui.shell.preferences import begin_with, load_settings
from segstudio.ui.shell.settings_dialog import SettingsDialog
from segstudio.ui.shell.theme import apply_theme, current_theme
from tests.session.answering_host import AnsweringHost

Key, CTRL = Qt.Key, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def dialog(window, qtbot):
    made = SettingsDialog(window)
    made.open()
    made.tabs.setCurrentIndex(1)
    yield made
    if isValid(made):
        made.close()


def kept():
    """What the settings file says, but for what was opened."""
    return {name: value for name, value in tomllib.loads(settings_path().read_text()).items() if name != "recent"}


def leave(window, dialog, qtbot):
    """Close the dialog, which keeps keys from the window behind it."""
    dialog.accept()
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None and window.isActiveWindow())


def test_a_free_key_is_given_at_once_and_kept(window, dialog, qtbot):
    dialog.keys.choose("tool.brush")
    qtbot.keyClick(dialog.keys.field, Key.Key_F7, CTRL)
    action = window.commands.action("tool.brush")
    assert action.shortcuts() == [QKeySequence("Ctrl+F7")]
    assert action.toolTip().endswith("(Ctrl+F7)")
    assert kept()["keys"] == ["tool.brush=Ctrl+F7"]
    leave(window, dialog, qtbot)
    window.session.view.set(tool="pan")
    qtbot.keyClick(window.canvas, Key.Key_B)
    assert window.session.view.now.tool == "pan"
    qtbot.keyClick(window.canvas, Key.Key_F7, CTRL)
    assert window.session.view.now.tool == "brush"


def test_help_and_palette_follow(window, dialog, qtbot):
    from PySide6.QtWidgets import QTableWidget

    from segstudio.ui.shell.palette import CommandPalette

    dialog.keys.choose("tool.brush")
    qtbot.keyClick(dialog.keys.field, Key.Key_F7, CTRL)
    table = KeysDialog(window).findChild(QTableWidget)
    rows = {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount())}
    assert rows["Brush"] == "Ctrl+F7"
    palette = CommandPalette(window.commands, window)
    qtbot.keyClicks(palette.edit, "tool: brush")
    texts = [palette.list.item(row).text() for row in range(palette.list.count())]
    assert [text for text in texts if text.startswith("Tool: Brush  ")] == ["Tool: Brush    Ctrl+F7"]


def test_a_key_that_is_taken_is_said_and_can_be_taken(window, dialog, qtbot):
    keys = dialog.keys
    keys.choose("tool.brush")
    qtbot.keyClick(keys.field, Key.Key_P)
    assert "P is the key of “Polygon”" in keys.problem.text()
    assert window.commands.keys["tool.brush"] == ("B",)
    assert keys.take.isVisible()
    qtbot.mouseClick(keys.take, Qt.MouseButton.LeftButton)
    assert (window.commands.keys["tool.brush"], window.commands.keys["tool.polygon"]) == (("P",), ())
    assert keys.problem.text() == ""
    keys.choose("tool.polygon")
    qtbot.mouseClick(keys.reset, Qt.MouseButton.LeftButton)
    assert (window.commands.keys["tool.brush"], window.commands.keys["tool.polygon"]) == ((), ("P",))
    qtbot.mouseClick(keys.reset_all, Qt.MouseButton.LeftButton)
    assert window.commands.keys == window.commands.own_keys
    assert "keys" not in kept()


@pytest.mark.parametrize("key", [Key.Key_Space, Key.Key_Escape, Key.Key_Return, Key.Key_Left, Key.Key_Insert])
def test_keys_of_the_canvas_cannot_be_given(window, dialog, qtbot, key):
    dialog.keys.choose("tool.brush")
    qtbot.keyClick(dialog.keys.field, key)
    assert "cannot be given" in dialog.keys.problem.text()
    assert window.commands.keys["tool.brush"] == ("B",)
    assert dialog.isVisible()


def test_a_command_can_do_without_a_key(window, dialog, qtbot):
    dialog.keys.choose("tool.brush")
    qtbot.mouseClick(dialog.keys.clear, Qt.MouseButton.LeftButton)
    assert window.commands.keys["tool.brush"] == ()
    assert window.commands.action("tool.brush").toolTip() == "Brush"


def test_the_search_finds_words_and_keys(dialog, qtbot):
    def listed():
        table = dialog.keys.table
        return {table.item(row, 0).text() for row in range(table.rowCount()) if not table.isRowHidden(row)}

    dialog.keys.search.setText("ctrl+shift+z")
    assert listed() == {"Edit: Redo"}
    dialog.keys.search.setText("redo")
    assert "Edit: Redo" in listed()
    assert len(listed()) < 20


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_switches_without_conflicts_and_comes_back(window, dialog, preset):
    keys = dialog.keys
    at = keys.preset.findData(preset)
    keys.preset.setCurrentIndex(at)
    keys.preset.activated.emit(at)
    assert set(PRESETS[preset]) <= set(window.commands.ids())
    assert {name: window.commands.keys[name] for name in PRESETS[preset]} == PRESETS[preset]
    assert conflicts(window.commands.keys) == {}
    assert load_settings().shortcuts == preset
    keys.preset.setCurrentIndex(0)
    keys.preset.activated.emit(0)
    assert window.commands.keys == window.commands.own_keys


def test_the_keys_of_cvat_at_work(window, dialog, qtbot):
    dialog.keys.preset.setCurrentIndex(dialog.keys.preset.findData("cvat"))
    dialog.keys.preset.activated.emit(dialog.keys.preset.currentIndex())
    leave(window, dialog, qtbot)
    session = window.session
    first = session.document
    qtbot.keyClick(window.canvas, Key.Key_F)
    qtbot.waitUntil(lambda: session.document is not None and session.document is not first)
    assert session.index == 1
    qtbot.keyClick(window.canvas, Key.Key_2, CTRL)
    assert session.view.now.active_class == 1


def test_settings_are_there_at_the_next_start(window, dialog, qtbot, tmp_path):
    dialog.keys.choose("tool.brush")
    qtbot.keyClick(dialog.keys.field, Key.Key_F7, CTRL)
    dialog.general.brush.setChecked(True)
    dialog.general.safe.setChecked(True)
    from segstudio.ui import MainWindow

    session = Session(data_dir=tmp_path / "other", make_host=AnsweringHost, person="tester")
    second = MainWindow(session)
    qtbot.addWidget(second)
    begin_with(second, load_settings())
    assert second.commands.keys["tool.brush"] == ("Ctrl+F7",)
    assert session.view.now.brush_in_screen_pixels
    assert session.view.now.colour_blind
    second.close()


def test_looks_change_at_once(window, dialog, dressed):
    general = dialog.general
    general.theme.setCurrentIndex(general.theme.findData("light"))
    general.theme.activated.emit(general.theme.currentIndex())
    assert not current_theme().is_dark
    before = QApplication.font().pointSizeF()
    general.text_size.setValue(150)
    assert QApplication.font().pointSizeF() == pytest.approx(1.5 * before)
    assert kept() == {"theme": "light", "font_scale": 1.5}
    general.text_size.setValue(100)
    assert QApplication.font().pointSizeF() == pytest.approx(before)
    apply_theme(dressed, "dark")
