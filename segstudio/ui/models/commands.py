"""Commands about models beyond running one: the browser, predicting ahead, forgetting what was predicted before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow


class ModelCommands:
    """The rows of the window's table about models."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._predictions = window.session.predictions

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        return [
            Command(
                "model.browser",
                "Model &browser",
                lambda: self._window.docks.toggle("model.browser"),
                checkable=True,
                tip="All models, their figures and weights",
            ),
            Command(
                "model.look_ahead",
                "Predict as I &go",
                lambda: self._predictions.look_ahead(not self._predictions.looks_ahead),
                checkable=True,
                tip="Predict every image that is opened, and its neighbours before they are",
            ),
            Command("model.clear_cache", "&Forget cached predictions", self._predictions.clear_cache),
        ]

    def checks(self) -> dict[str, bool]:
        """Whether the browser is shown and images are predicted ahead."""
        return {
            "model.browser": self._window.docks.is_shown("model.browser"),
            "model.look_ahead": self._predictions.looks_ahead,
        }
