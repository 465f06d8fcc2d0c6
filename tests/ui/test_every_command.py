"""Every command of the table, tried on the street and with nothing open: no fault, no warning, and Esc closes all.

Qt's warnings and lines of the log fail a test by themselves; what a command raises inside Qt is caught here.
"""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from segstudio.session import Session
from segstudio.ui import MainWindow
from tests.session.answering_host import AnsweringHost

LEFT_OUT = {"file.quit", "file.demo"}
"""The one ends the window, the other writes 88 pictures: both have tests of their own."""


def dialogs() -> list[QWidget]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def close_by_escape() -> list[str]:
    """Press Esc in what is open, innermost first; gives what stayed."""
    for _ in range(4):
        for dialog in dialogs()[-1:]:
            QTest.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Escape)
            QApplication.processEvents()
        popup = QApplication.activePopupWidget()
        if popup is not None:
            QTest.keyClick(popup, Qt.Key.Key_Escape)
    return [dialog.windowTitle() for dialog in dialogs()]


@pytest.fixture
def raised(monkeypatch):
    """What was raised where nobody catches it."""
    found: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: found.append(f"{kind.__name__}: {error}"))
    return found


def try_all(window, qtbot, raised) -> dict[str, list[str]]:
    """What went wrong, by command."""
    wrong: dict[str, list[str]] = {}
    faults: list[str] = []
    window.session.notify.told.connect(lambda notice: faults.append(notice.text) if notice.detail else None)
    for name in window.commands.ids():
        if name in LEFT_OUT:
            continue
        before = len(faults), len(raised)
        window.commands.run(name)
        QApplication.processEvents()
        stayed = close_by_escape()
        bad = [*faults[before[0] :], *raised[before[1] :], *(f"{title} does not close with Esc" for title in stayed)]
        if bad:
            wrong[name] = bad
        for dialog in dialogs():
            dialog.close()
    qtbot.waitUntil(lambda: window.session.jobs.is_idle, timeout=20_000)
    return wrong


def test_on_the_street(window, qtbot, raised):
    assert try_all(window, qtbot, raised) == {}
    assert window.session.document is not None


def test_on_the_street_with_objects_selected(window, qtbot, raised):
    window.session.view.set(mode="objects")
    window.commands.run("object.select_all")
    assert try_all(window, qtbot, raised) == {}


def test_on_the_street_with_regions_selected(window, qtbot, raised):
    window.session.view.set(mode="semantic")
    window.commands.run("accept.truth")
    qtbot.waitUntil(lambda: window.session.document.labels.raster.ids_hw.any() and window.session.jobs.is_idle)
    window.commands.run("object.select_all")
    assert len(window.canvas.regions.now) == 4
    assert try_all(window, qtbot, raised) == {}


def test_with_nothing_open(dressed, qtbot, tmp_path, raised):
    session = Session(data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    window = MainWindow(session)
    window.show()
    assert try_all(window, qtbot, raised) == {}
    window.close()
    window.deleteLater()
    QApplication.processEvents()


def test_the_palette_finds_every_command_by_its_words(window):
    from segstudio.ui.shell.palette import CommandPalette

    palette = CommandPalette(window.commands, window)
    for command in window.commands.all():
        if not window.commands.action(command.id).isEnabled():
            continue
        palette.edit.setText(command.words)
        found = [palette.list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(palette.list.count())]
        assert command.id in found[:3], command.id
    palette.close()


def test_every_tip_that_has_keys_names_them(window):
    for command in window.commands.all():
        tip = window.commands.action(command.id).toolTip()
        assert all(key in tip for key in command.keys), command.id
