"""Who made the labels: colouring them by it, saying it of the pixel under the cursor, keeping what people drew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.layer import LABELS
from segstudio.core.raster import UNLABELLED
from segstudio.session.edits.origin_words import origin_text
from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.ui.canvas.pointed import Pointed
    from segstudio.ui.shell.main_window import MainWindow


class OriginCommands:
    """The layer of origins, with its legend when it is first shown, and the rule that keeps what people drew."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._legend: object = None

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        return [
            Command(
                "inspect.origins",
                "&Who made the labels",
                self._toggle,
                ("Ctrl+Alt+W",),
                checkable=True,
                tip="Colour labels by who made them: people, models, the forest, carried on, brought by the data set",
            ),
            Command(
                "accept.keep_human",
                "&Keep what people drew",
                self._toggle_keeping,
                checkable=True,
                tip="Accepting a whole prediction or a class of it leaves what people drew as it is",
            ),
        ]

    def checks(self) -> dict[str, bool]:
        """What is on."""
        view = self._window.session.view.now
        return {"inspect.origins": view.origins, "accept.keep_human": view.keep_human}

    def _toggle(self) -> None:
        if self._legend is None:
            from segstudio.ui.panels.origin_legend import OriginLegend

            self._legend = OriginLegend(self._window.session, self._window.canvas)
        view = self._window.session.view
        view.set(origins=not view.now.origins)

    def _toggle_keeping(self) -> None:
        view = self._window.session.view
        view.set(keep_human=not view.now.keep_human)


def text_under(session: Session, pointed: Pointed) -> str:
    """What is under the cursor and who made the label there, which comes first while the view shows just that."""
    document, origin = session.document, session.origins.at(pointed.x, pointed.y)
    if document is None or not origin:
        return pointed.text
    labelled = int(document.labels.raster.ids_hw[pointed.y, pointed.x]) != UNLABELLED
    said = origin_text(origin, is_labelled=labelled)
    if not session.view.now.origins:
        return f"{pointed.text} · {said}"
    words = (f"x {pointed.x}  y {pointed.y}", pointed.classes.get(LABELS, ""), said)
    return " · ".join(word for word in words if word)
