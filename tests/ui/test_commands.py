"""Commands: one table for menus, keys and palette; keys that know when a text field is being typed into."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QMainWindow, QVBoxLayout, QWidget

from segstudio.ui.shell.commands import Command, Commands
from segstudio.ui.shell.palette import CommandPalette, matches


@pytest.fixture
def bench(dressed, qtbot):
    """A window with one text field and commands that count how often they ran."""
    window = QMainWindow()
    centre = QWidget()
    field = QLineEdit()
    QVBoxLayout(centre).addWidget(field)
    window.setCentralWidget(centre)
    qtbot.addWidget(window)
    commands = Commands(window)
    ran: list[str] = []
    commands.add(Command("tool.brush", "&Brush", lambda: ran.append("brush"), ("B",)))
    commands.add(Command("edit.undo", "&Undo", lambda: ran.append("undo"), ("Ctrl+Z",)))
    commands.add(Command("classes.one", "Class one", lambda: ran.append("one"), ("1",)))
    window.show()
    qtbot.waitExposed(window)
    return window, commands, field, ran


def test_a_command_runs_by_its_id_and_not_while_it_is_disabled(bench) -> None:
    _, commands, _, ran = bench
    commands.run("tool.brush")
    commands.action("tool.brush").setEnabled(False)
    commands.run("tool.brush")
    assert ran == ["brush"]
    with pytest.raises(KeyError):
        commands.run("tool.unheard_of")


def test_no_id_and_no_key_is_given_twice(bench) -> None:
    _, commands, _, _ = bench
    with pytest.raises(ValueError, match="two commands"):
        commands.add(Command("tool.brush", "Again", lambda: None))
    with pytest.raises(ValueError, match="B is the key of"):
        commands.add(Command("tool.bucket", "Bucket", lambda: None, ("B",)))


@pytest.mark.parametrize(("key", "letter"), [(Qt.Key.Key_B, "b"), (Qt.Key.Key_1, "1")])
def test_single_letters_and_digits_belong_to_a_text_field_that_has_the_focus(bench, qtbot, key, letter) -> None:
    window, _, field, ran = bench
    field.setFocus()
    qtbot.keyClick(field, key)
    assert field.text() == letter
    assert ran == []
    field.clearFocus()
    window.setFocus()
    qtbot.keyClick(window, key)
    assert len(ran) == 1


def test_keys_with_a_modifier_work_everywhere_else(bench, qtbot) -> None:
    window, _, _, ran = bench
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert ran == ["undo"]


def test_the_palette_finds_by_letters_and_runs_with_enter(bench, qtbot) -> None:
    window, commands, _, ran = bench
    palette = CommandPalette(commands, window)
    palette.open()
    qtbot.keyClicks(palette.edit, "undo")
    assert palette.list.count() == 1
    qtbot.keyClick(palette.edit, Qt.Key.Key_Return)
    assert ran == ["undo"]


@pytest.mark.parametrize(
    ("query", "title", "found"),
    [("", "Edit: Undo", True), ("eu", "Edit: Undo", True), ("ue", "Edit: Undo", False), ("un ed", "Edit: Undo", True)],
)
def test_what_the_palette_matches(query: str, title: str, found: bool) -> None:
    assert matches(query, title) is found
