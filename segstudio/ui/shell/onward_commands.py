"""Labels carried on to the images that follow: copied as they are, or propagated along the optical flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.ui.shell.commands import Command, Later
from segstudio.ui.shell.region_commands import RegionCommands

if TYPE_CHECKING:
    from collections.abc import Callable

    from segstudio.session.document import Document
    from segstudio.session.edits.onward import Arrival
    from segstudio.ui.shell.main_window import MainWindow

_DIALOG = "segstudio.ui.shell.onward_dialog"


class OnwardCommands:
    """In object mode they carry what is selected; in semantic mode propagating fills what is unlabelled."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        return [
            Command(
                "object.copy_next",
                "Copy to the ne&xt image",
                lambda: self._try(self.copy_next),
                ("Ctrl+Shift+D",),
                tip="Copy the selected objects or regions to the next image and go there",
            ),
            Command(
                "object.propagate",
                "&Propagate to the next image",
                lambda: self._try(self.propagate),
                ("Ctrl+Alt+D",),
                tip="Carry the selection, or unlabelled regions, to the next image along the optical flow",
            ),
            Command(
                "object.propagate_many", "Propagate to se&veral images…", Later(_DIALOG, "ask_how_far", self._window)
            ),
        ]

    def checks(self) -> dict[str, bool]:
        return {}

    def copy_next(self) -> None:
        """Copy the selected objects or regions to the next image and show it, with the copies selected."""
        if self._session.view.now.mode == "semantic":
            RegionCommands(self._window).copy_next()
            return
        from segstudio.session.edits import onward

        onward.copy_on(self._session, self._selected(), self._show)

    def propagate(self, *, images: int = 1, with_flow: bool = True) -> None:
        """Carry on to the next images; this one stays."""
        from segstudio.session.edits import onward

        if self._session.view.now.mode == "objects":
            onward.propagate(self._session, self._selected(), self._tell, images=images, with_flow=with_flow)
        else:
            onward.propagate_labels(self._session, self._tell, images=images, with_flow=with_flow)

    def _selected(self) -> frozenset[int]:
        document, view = self._session.document, self._session.view.now
        if document is None:
            raise UserError("no image is open")
        if view.mode != "objects":
            raise UserError("this works on objects", hint="press M for object mode, then select with V")
        ids = frozenset(key for key in view.selection if key in document.labels.objects)
        if not ids:
            raise UserError("nothing is selected", hint="select objects with the select tool (V)")
        return ids

    def _show(self, arrivals: list[Arrival]) -> None:
        session = self._session
        index = session.images.index_of(arrivals[0].key) if arrivals else None
        if index is None:
            return
        key, added = arrivals[0].key, frozenset(arrivals[0].added)
        if not added:
            raise UserError("nothing of what was copied lies on the next image")

        def on_document(document: Document | None) -> None:
            if document is None:
                return
            session.document_changed.disconnect(on_document)
            if document.key == key:
                session.view.set(mode="objects", selection=added)

        session.document_changed.connect(on_document)
        session.go(index)

    def _tell(self, arrivals: list[Arrival]) -> None:
        raster = self._session.view.now.mode == "semantic"
        self._session.notify.info(arrivals_in_words(arrivals, raster=raster))

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except UserError as error:
            self._session.notify.fault(error)


def arrivals_in_words(arrivals: list[Arrival], *, raster: bool) -> str:
    """What was carried where, and what was left out; `raster`: pixels were, else objects."""
    added = sum(len(arrival.added) for arrival in arrivals)
    pixels = sum(arrival.pixels for arrival in arrivals)
    known, lost = sum(arrival.known for arrival in arrivals), sum(arrival.lost for arrival in arrivals)
    where = arrivals[0].key if len(arrivals) == 1 else f"{len(arrivals)} images"
    what = f"{pixels:,} pixels" if raster else _count(added, "object")
    left_out = [f"{known} there already" if known else "", f"{lost} out of view" if lost else ""]
    reasons = ", ".join(reason for reason in left_out if reason)
    return f"{what} carried to {where}" + (f" ({reasons})" if reasons else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
