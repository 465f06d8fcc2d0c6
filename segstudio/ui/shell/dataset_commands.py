"""What a person can do with many images: the table of the data set, statistics, and triage of the open image."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.ui.dataset.dataset_dock import DatasetDock
    from segstudio.ui.shell.main_window import MainWindow

_TRIAGE = (
    ("next", "dataset.next_worst", "Next in the table, the worst first", "Shift+D"),
    ("flag", "dataset.flag", "Flag, or take the flag away", "Ctrl+Shift+M"),
    ("note", "dataset.note", "Note on the image…", ""),
    ("tag", "dataset.tags", "Tags of the image…", ""),
    ("label", "dataset.to_labelling", "Send to labelling", ""),
)


class DatasetCommands:
    """Shows the docks; triage goes to what is selected in the table, or to the image that is open."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        docks = self._window.docks
        shown = [
            Command(
                "inspect.dataset",
                "&Data set table",
                lambda: docks.toggle("inspect.dataset"),
                ("Ctrl+T",),
                checkable=True,
                tip="All images with their facts: filter, sort, go through them",
            ),
            Command("dataset.filter", "&Filter the images…", self._filter, ("Ctrl+Alt+F",), "search"),
            Command("dataset.show_all", "Show &all images", lambda: self._window.session.images.show(None)),
            Command(
                "inspect.statistics",
                "&Statistics",
                lambda: docks.toggle("inspect.statistics"),
                checkable=True,
                tip="Pace, balance of the classes, sizes of objects, people",
            ),
        ]
        triage = [Command(name, title, self._triage(word), (key,) if key else ()) for word, name, title, key in _TRIAGE]
        return [*shown, *triage]

    def checks(self) -> dict[str, bool]:
        """Which docks are shown."""
        return {name: self._window.docks.is_shown(name) for name in ("inspect.dataset", "inspect.statistics")}

    def _dock(self) -> DatasetDock:
        return self._window.docks.show("inspect.dataset")  # type: ignore[return-value]

    def _filter(self) -> None:
        line = self._dock().bar.line
        line.setFocus()
        line.selectAll()

    def _triage(self, word: str) -> Callable[[], None]:
        return lambda: self._dock().triage.do(word)
