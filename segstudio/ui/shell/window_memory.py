"""Where the window was, how its panels were divided and which were put away, kept from one start to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings, QSize
from PySide6.QtGui import QGuiApplication

from segstudio.settings import settings_path

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_VERSION = "v1"
"""Raise it when the splitters mean something else: what an older window wrote is then left alone."""
_FIRST_SIZE = QSize(1440, 900)


class WindowMemory:
    """Gives a window its place back, and remembers it when the window closes."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        path = settings_path().with_name("window.ini")
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)
        window.closing.connect(self.save)

    def restore(self) -> None:
        """Put the window where it was; at the first start as large as is good, within the screen."""
        found = self._settings.value(f"{_VERSION}/geometry")
        if not (isinstance(found, QByteArray) and self._window.restoreGeometry(found)):
            room = QGuiApplication.primaryScreen().availableSize()
            self._window.resize(_FIRST_SIZE.boundedTo(QSize(room.width() - 20, room.height() - 40)))
        for name, splitter in self._window.splitters.items():
            state = self._settings.value(f"{_VERSION}/{name}")
            if isinstance(state, QByteArray):
                splitter.restoreState(state)
        for name in str(self._settings.value(f"{_VERSION}/put_away", "")).split():
            if name in self._window.parts:
                self._window.show_part(name, False)
        self._window.tabs.setCurrentIndex(self._number("tab"))
        self._window.legend.set_folded(bool(self._number("legend_folded")))
        self._settings.beginGroup(f"{_VERSION}/docks")
        names = self._settings.childKeys()
        self._settings.endGroup()
        self._window.docks.remember({name: self._number(f"docks/{name}") for name in names})
        self._window.actions_table.refresh_checks()

    def save(self) -> None:
        """Write it down; a folder that takes no files costs the person nothing."""
        self._settings.setValue(f"{_VERSION}/geometry", self._window.saveGeometry())
        for name, splitter in self._window.splitters.items():
            self._settings.setValue(f"{_VERSION}/{name}", splitter.saveState())
        self._settings.setValue(f"{_VERSION}/put_away", " ".join(sorted(self._window.put_away)))
        self._settings.setValue(f"{_VERSION}/tab", self._window.tabs.currentIndex())
        self._settings.setValue(f"{_VERSION}/legend_folded", int(self._window.legend.is_folded))
        for name, height in self._window.docks.heights.items():
            self._settings.setValue(f"{_VERSION}/docks/{name}", height)
        self._settings.sync()

    def _number(self, name: str) -> int:
        """A whole number; 0 where there is none, or what is written is none."""
        text = str(self._settings.value(f"{_VERSION}/{name}", ""))
        return int(text) if text.isdecimal() else 0
