"""The menus: every command stands in them once, none is too long to read, and what is new is not lost."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QMenu

from segstudio.ui.shell.commands import Command
from segstudio.ui.shell.menus import LAYOUT, Sub, fill_menus

LONGEST = 20
"""Entries that a person reads through in one look."""


def entries(menu: QMenu) -> list[str]:
    """Ids of the commands in a menu and in those that it holds."""
    found = []
    for action in menu.actions():
        below = action.menu()
        if isinstance(below, QMenu):
            found += entries(below)
        elif action.objectName():
            found.append(action.objectName())
    return found


def menus(window) -> list[QMenu]:
    return [action.menu() for action in window.menuBar().actions()]


def test_every_command_stands_in_the_menus_once(window):
    found = [name for menu in menus(window) for name in entries(menu)]
    assert sorted(found) == sorted(window.commands.ids())


def test_no_menu_is_longer_than_one_look(window):
    for menu in menus(window):
        assert sum(not action.isSeparator() for action in menu.actions()) <= LONGEST, menu.title()
        assert menu.sizeHint().height() < 640, menu.title()


def test_what_the_layout_names_exists(window):
    known = set(window.commands.ids())
    for group in LAYOUT.values():
        for entry in group:
            for name in entry.entries if isinstance(entry, Sub) else [entry]:
                assert name in known or "." not in name, name


def test_a_command_that_the_layout_does_not_name_stands_in_the_menu_of_its_group(window):
    window.commands.add(Command("inspect.new_thing", "A new thing", lambda: None))
    bar = window.menuBar()
    bar.clear()
    fill_menus(window, bar)
    inspect = next(menu for menu in menus(window) if menu.title() == "I&nspect")
    assert entries(inspect)[-1] == "inspect.new_thing"


def test_letters_of_the_menu_bar_are_different(window):
    letters = [action.text()[action.text().index("&") + 1].casefold() for action in window.menuBar().actions()]
    assert len(set(letters)) == len(letters)


def test_a_menu_opens_and_closes_by_keys(window, qtbot):
    menu = menus(window)[0]
    menu.popup(window.mapToGlobal(window.rect().topLeft()))
    assert menu.isVisible()
    qtbot.keyClick(menu, Qt.Key.Key_Escape)
    assert not menu.isVisible()
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
