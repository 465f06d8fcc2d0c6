"""What a person can ask of the inspector: its docks, each made when it is first shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_DOCKS = (
    (
        "compare.dataset",
        "Compare over the &data set",
        ("Ctrl+Shift+B",),
        "Which of two is better: intervals, images, confusions and regions of the whole data set",
    ),
    ("inspect.confusion", "&Confusion matrix", ("Ctrl+Shift+K",), "Which classes are taken for which, and where"),
    ("inspect.what_if", "&What if …", (), "What the mean IoU would be if some errors were mended"),
    (
        "inspect.objects",
        "Errors of &objects",
        (),
        "Why objects are wrong: TIDE's six kinds, what mending each gives",
    ),
    ("inspect.policy", "&Policies side by side", (), "The same predictions under the rules of four evaluations"),
    ("inspect.truth_queue", "Doubts about the &truth", (), "Regions in which the ground truth itself may be wrong"),
)


class InspectCommands:
    """Shows and hides the docks."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        kinds = Command(
            "errors.kinds",
            "Errors by &kind",
            self._toggle_kinds,
            ("Alt+R",),
            checkable=True,
            tip="Colour errors by why they are wrong: boundary, extent, missed, spurious, swapped, split, merged",
        )
        docks = [
            Command(name, title, self._toggle(name), keys, checkable=True, tip=tip) for name, title, keys, tip in _DOCKS
        ]
        return [kinds, *docks]

    def checks(self) -> dict[str, bool]:
        """Which docks are shown."""
        view = self._window.session.view.now
        return {"errors.kinds": view.errors and view.error_kinds} | {
            name: self._window.docks.is_shown(name) for name, _, _, _ in _DOCKS
        }

    def _toggle_kinds(self) -> None:
        view = self._window.session.view
        on = not (view.now.errors and view.now.error_kinds)
        view.set(error_kinds=on, errors=on or view.now.errors)

    def _toggle(self, name: str) -> Callable[[], None]:
        return lambda: self._window.docks.toggle(name)
