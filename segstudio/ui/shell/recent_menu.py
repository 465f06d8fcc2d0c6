"""What was opened last, offered again in the File menu."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from segstudio.session.recent import recent_places
from segstudio.store.place import Place
from segstudio.ui.shell.language import say

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.ui.shell.main_window import MainWindow


class RecentMenu(QMenu):
    """Filled whenever it is about to be seen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(say("Open &recent"), window)
        self._session = window.session
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """One entry per path, newest first."""
        self.clear()
        for place in recent_places():
            action = self.addAction(short_place(place).replace("&", "&&"))
            action.setToolTip(str(place))
            action.triggered.connect(partial(_open, self._session, place))
        if self.isEmpty():
            self.addAction(say("Nothing yet")).setEnabled(False)


def short_place(place: Place, limit: int = 60) -> str:
    """A path as `short_path` gives it; of a team's project its name and where the database is."""
    if isinstance(place, Path):
        return short_path(place, limit)
    return f"{_shortened(place.name, limit // 2)} – team, {_shortened(place.host or 'this machine', limit // 2)}"


def short_path(path: Path, limit: int = 60) -> str:
    """Name and folder of a path, each shortened in the middle, in about `limit` characters."""
    return f"{_shortened(path.name, limit // 2)} – {_shortened(str(path.parent), limit // 2)}"


def _shortened(text: str, limit: int) -> str:
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]}…{text[-half:]}"


def _open(session: Session, path: Place, checked: bool = False) -> None:
    session.open_path(path)
