"""Help that needs weights: the segmenter behind AI points, all things at once, things followed through a sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

PANEL = "assist.segmenter"


class PromptCommands:
    """More of the group "assist"."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        return [
            Command(
                PANEL,
                "A&I segmenter",
                lambda: self._window.docks.toggle(PANEL),
                ("Shift+Q",),
                checkable=True,
                tip="Choose the segmenter behind AI points, ask it by words, find everything",
            ),
            Command(
                "assist.everything",
                "Find &everything",
                lambda: self._try(self._everything),
                tip="Ask the segmenter all over the image; what it finds is a layer to accept from",
            ),
            Command(
                "assist.track",
                "Follow the selected through the next &images",
                lambda: self._try(self._track),
                tip="SAM 2 and EdgeTAM; each image gets a layer to accept from",
            ),
            Command(
                "assist.encode",
                "Em&bed all images",
                lambda: self._try(self._encode),
                tip="In the background, those that are shown: the first click on each is then answered at once",
            ),
        ]

    def checks(self) -> dict[str, bool]:
        return {PANEL: self._window.docks.is_shown(PANEL)}

    def _everything(self) -> None:
        from segstudio.session.assist.prompt_runs import find_everything

        find_everything(self._window.session)

    def _track(self) -> None:
        from segstudio.session.assist.prompt_runs import track_objects

        track_objects(self._window.session)

    def _encode(self) -> None:
        from segstudio.session.assist.prompt_ahead import encode_ahead

        encode_ahead(self._window.session)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except UserError as error:
            self._window.session.notify.fault(error)
