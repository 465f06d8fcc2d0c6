"""Room for the picture: put the filmstrip or the column of panels away, and have them back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_PARTS = (("filmstrip", "Fi&lmstrip", "F7"), ("panels", "Pa&nels at the side", "F8"))


class RoomCommands:
    """The window keeps which of its parts are put away."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        return [
            Command(f"view.{name}", title, partial(self._toggle, name), (key,), checkable=True)
            for name, title, key in _PARTS
        ]

    def checks(self) -> dict[str, bool]:
        return {f"view.{name}": name not in self._window.put_away for name, _, _ in _PARTS}

    def _toggle(self, name: str) -> None:
        self._window.show_part(name, name in self._window.put_away)
        self._window.actions_table.refresh_checks()
