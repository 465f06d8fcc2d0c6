"""How the image is looked at: turned, enlarged where something is selected, filled or outlined, with which aids."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect, union_all
from segstudio.session.view_aids import AIDS, remember_aids, restore_aids
from segstudio.ui.canvas.tools.finding import with_region_at
from segstudio.ui.canvas.tools.region import is_labelled_at
from segstudio.ui.panels.layers import STYLE_WORDS
from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_TITLES = {
    "minimap": "&Map of the image",
    "rulers": "R&ulers",
    "pixel_grid": "Pixel &grid above 800 %",
    "crosshair": "&Crosshair",
    "keep_zoom": "&Keep the zoom from image to image",
}


class ViewCommands:
    """The aids are restored when the window is made and remembered at each switch."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        restore_aids(window.session.view)

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        w = self._window
        return [
            Command("view.zoom_selection", "&Zoom to the selection", self._zoom_selection, ("Ctrl+Shift+F",)),
            Command("view.rotate_cw", "Turn the view &right", lambda: w.viewer.turn(1), ("Alt+.",)),
            Command("view.rotate_ccw", "Turn the view le&ft", lambda: w.viewer.turn(-1), ("Alt+,",)),
            Command(
                "view.fill_style",
                "Areas, outlines or &both",
                self._next_style,
                ("Shift+T",),
                tip="Draw labels as areas with outlines, as areas, or as outlines",
            ),
            *(Command(f"view.{name}", _TITLES[name], partial(self._toggle, name), checkable=True) for name in _TITLES),
        ]

    def checks(self) -> dict[str, bool]:
        view = self._session.view.now
        return {f"view.{name}": bool(getattr(view, name)) for name in AIDS}

    def _toggle(self, name: str) -> None:
        view = self._session.view
        view.set(**{name: not getattr(view.now, name)})
        remember_aids(view, self._session.notify)

    def _next_style(self) -> None:
        view = self._session.view
        styles = list(STYLE_WORDS)
        style = styles[(styles.index(view.now.fill_style) + 1) % len(styles)]
        view.set(fill_style=style)
        self._session.notify.info(f"labels are drawn as {STYLE_WORDS[style]}")

    def _zoom_selection(self) -> None:
        try:
            self._with_selected_rect(self._window.viewer.zoom_to)
        except UserError as error:
            self._session.notify.fault(error)

    def _with_selected_rect(self, then: Callable[[Rect], None]) -> None:
        """Hand on what the selected objects or regions cover; without any, the region of the labels under the cursor,
        which is found in a worker where it is large.
        """
        document, view = self._session.document, self._session.view.now
        if document is None:
            raise UserError("no image is open")
        found = (document.labels.objects.get(key) for key in view.selection)
        rects = [item.bounds() for item in found if item is not None]
        point = self._window.canvas.cursor_image_point()
        if rects:
            then(union_all(rects))
        elif self._window.canvas.regions.now:
            then(self._window.canvas.regions.rect)
        elif point is not None and is_labelled_at(document.labels, *point):
            with_region_at(self._session, *point, lambda region: region.rect, then)
        else:
            raise UserError("nothing is selected", hint="select objects with V, or point at a labelled region")
