"""Help that needs no weights: the live forest, boundaries drawn to the image, shapes between key frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.session.edits.paint_rule import paint_rule
from segstudio.ui.shell.commands import Command, Later

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

PANEL = "assist.panel"
_REFINING = "segstudio.ui.shell.refine_dialog"
_FILES = "segstudio.ui.shell.forest_files"


class AssistCommands:
    """The group "assist" of the window's table."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self._session.forest.changed.connect(self._on_forest)

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        w = self._window
        return [
            Command(
                "assist.forest",
                "&Forest: label all from a few dabs",
                self._switch_forest,
                ("Shift+F",),
                "forest",
                checkable=True,
                tip="Paint a dab of each class; a forest labels the rest as a layer to accept",
            ),
            Command("assist.next_doubtful", "Next &doubtful region", self._next_doubtful),
            Command(
                "assist.forest_position",
                "&Places count",
                self._switch_position,
                checkable=True,
                tip="Where something lies says what it is: right for streets, wrong under a microscope",
            ),
            Command("assist.forest_save", "Sa&ve the forest…", Later(_FILES, "save_forest", w)),
            Command("assist.forest_load", "&Load a forest…", Later(_FILES, "load_forest", w)),
            Command(
                PANEL, "Assist &panel", lambda: w.docks.toggle(PANEL), checkable=True, tip="What the forest is doing"
            ),
            Command(
                "assist.snap_boundary",
                "&Snap the boundary to the image",
                lambda: self._try(self._snap_boundary),
                ("Shift+X",),
                tip="Draw the outline of what is selected, or of the region under the cursor, to the picture's edges",
            ),
            Command("assist.refine", "&Refine a prediction…", Later(_REFINING, "refine_prediction", w)),
            Command(
                "assist.interpolate",
                "&Interpolate between two images",
                lambda: self._try(self._interpolate),
                tip="Fill the images between this one and the next that has the selected object",
            ),
            Command(
                "assist.propagate_labels",
                "Propagate the &labels to the next image",
                lambda: self._try(self._propagate_labels),
                tip="Carry the labels along the optical flow; what is doubtful stays unlabelled",
            ),
        ]

    def checks(self) -> dict[str, bool]:
        forest = self._session.forest
        return {
            "assist.forest": forest.is_on,
            "assist.forest_position": forest.with_position,
            PANEL: self._window.docks.is_shown(PANEL),
        }

    def _switch_forest(self) -> None:
        forest = self._session.forest
        forest.switch(not forest.is_on)
        if forest.is_on:
            self._window.docks.show(PANEL)
        self._window.actions_table.refresh_checks()

    def _switch_position(self) -> None:
        forest = self._session.forest
        forest.use_position(not forest.with_position)
        self._window.actions_table.refresh_checks()

    def _next_doubtful(self) -> None:
        forest, notify = self._session.forest, self._session.notify
        if not forest.is_on:
            notify.tell("warning", "the forest is off", hint="switch it on with Shift+F and paint a dab of each class")
            return
        region = forest.next_doubtful()
        if region is None:
            notify.info("nothing is doubtful yet: paint two classes or more")
            return
        self._window.viewer.zoom_to(region)

    def _propagate_labels(self) -> None:
        from segstudio.session.edits import onward
        from segstudio.ui.shell.onward_commands import arrivals_in_words

        notify = self._session.notify
        onward.propagate_labels(self._session, lambda arrivals: notify.info(arrivals_in_words(arrivals, raster=True)))

    def _snap_boundary(self) -> None:
        from segstudio.session.edits.snap_boundary import snap_objects, snap_region

        session = self._session
        document, view = session.document, session.view.now
        if document is None:
            return
        if view.mode == "objects":
            if not view.selection:
                raise UserError("nothing is selected", hint="select objects with the select tool (V)")
            changed = bool(snap_objects(document, view.selection))
        else:
            point = self._window.canvas.cursor_image_point()
            if point is None:
                raise UserError("point at the region whose boundary shall follow the image")
            changed = snap_region(document, point, rule=paint_rule(view, document.labels))
        if not changed:
            session.notify.info("the boundary lies on the strongest edge already")

    def _interpolate(self) -> None:
        from segstudio.session.edits.interpolating import interpolate

        session, chosen = self._session, self._session.view.now.selection
        if session.view.now.mode != "objects" or len(chosen) != 1:
            raise UserError("select one object in object mode", hint="press M for object mode, then select with V")

        def tell(filled: int, key: str) -> None:
            session.notify.info(f"{filled} image{'' if filled == 1 else 's'} filled between here and {key}")

        interpolate(session, next(iter(chosen)), tell)

    def _on_forest(self, _: None) -> None:
        action = self._window.commands.action("assist.forest")
        if action.isChecked() != self._session.forest.is_on:
            action.setChecked(self._session.forest.is_on)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except UserError as error:
            self._session.notify.fault(error)
