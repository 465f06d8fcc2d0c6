"""Commands about learning from corrections: the panel, the round, and the way to what the model doubts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.session.assist.doubt import DoubtWalk
from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.ui.panels.learn import LearnPanel
    from segstudio.ui.shell.main_window import MainWindow


class LearnCommands:
    """The rows of the window's table about learning. Nothing here starts without being asked."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._learning = window.session.learning
        self._doubts = DoubtWalk(window.session)

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        return [
            Command(
                "learn.panel",
                "&Learn from corrections",
                lambda: self._window.docks.toggle("learn.panel"),
                checkable=True,
                tip="Train a light model on what is labelled so far; its versions",
            ),
            Command("learn.start", "&Start learning", lambda: self._panel().start(), tip="With what the panel says"),
            Command("learn.resume", "&Go on with interrupted learning", lambda: self._panel().go_on()),
            Command("learn.pause", "&Pause learning, or go on", self._learning.pause),
            Command("learn.cancel", "S&top learning", self._learning.cancel),
            Command("learn.rank", "&Doubtful images first", self._rank, tip="Unlabelled images, the least sure first"),
            Command(
                "learn.doubtful",
                "&Where the model doubts",
                self._next_doubtful,
                tip="Where the prediction of this image is least sure and nothing is labelled",
            ),
        ]

    def checks(self) -> dict[str, bool]:
        """Whether the panel is shown."""
        return {"learn.panel": self._window.docks.is_shown("learn.panel")}

    def _panel(self) -> LearnPanel:
        panel: LearnPanel = self._window.docks.show("learn.panel")  # type: ignore[assignment]
        return panel

    def _rank(self) -> None:
        self._learning.doubtful_first()

    def _next_doubtful(self) -> None:
        rect = self._doubts.next()
        if rect is None:
            self._window.session.notify.info("no prediction of this image says where it is unsure")
            return
        self._window.viewer.zoom_to(rect)
