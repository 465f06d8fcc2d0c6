"""What a person can set about the tools themselves: snapping, shared borders, and how the brush's tip is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_FLAGS = (
    ("snapping", "S&nap to vertices, edges and borders", "Shift+S", "snap", "snapping"),
    ("shared_borders", "Move shared &borders together", "Shift+B", "borders", "shared_borders"),
    ("brush_square", "S&quare brush", "", "", "brush_square"),
    ("brush_screen", "Brush keeps its size on the s&creen", "", "screen", "brush_in_screen_pixels"),
)


class ToolCommands:
    """Each of them switches one field of the view."""

    def __init__(self, window: MainWindow) -> None:
        self._view = window.session.view

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        return [
            Command(f"tool.{name}", title, partial(self._switch, field), (key,) if key else (), icon, checkable=True)
            for name, title, key, icon, field in _FLAGS
        ]

    def checks(self) -> dict[str, bool]:
        return {f"tool.{name}": getattr(self._view.now, field) for name, _, _, _, field in _FLAGS}

    def _switch(self, field: str) -> None:
        self._view.set(**{field: not getattr(self._view.now, field)})
