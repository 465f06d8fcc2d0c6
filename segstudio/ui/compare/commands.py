"""What a person can ask of the comparison and of the walk over errors; both are made when first wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.session.comparison.comparing import Side
    from segstudio.session.inspect.errors import ErrorStop, ErrorWalk
    from segstudio.ui.compare.arrangement import Manner
    from segstudio.ui.compare.compare_view import CompareView
    from segstudio.ui.compare.region_mark import RegionMark
    from segstudio.ui.shell.main_window import MainWindow


class CompareCommands:
    """Shows the comparison in the place of the canvas and leads from error to error."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.view: CompareView | None = None
        self.mark: RegionMark | None = None
        self._walk: ErrorWalk | None = None

    def rows(self) -> list[Command]:
        """The rows of the window's table."""
        return [
            Command("compare.panes", "&Compare two layers", lambda: self._toggle("panes"), ("C",), "compare"),
            Command("compare.swipe", "Compare by &swiping", lambda: self._toggle("swipe"), ("Shift+C",)),
            Command("compare.onion", "Compare through an &onion skin", lambda: self._toggle("onion"), ("Ctrl+Alt+O",)),
            Command("compare.blink", "Compare by b&linking", lambda: self._toggle("blink"), ("Ctrl+Alt+C",)),
            Command("compare.take_a", "Take from &A here", lambda: self._take("a"), ("Ctrl+Alt+A",)),
            Command("compare.take_b", "Take from &B here", lambda: self._take("b"), ("Ctrl+Alt+B",)),
            Command("errors.next", "Next e&rror", lambda: self._step(1), ("Ctrl+Right",)),
            Command("errors.previous", "Previous err&or", lambda: self._step(-1), ("Ctrl+Left",)),
        ]

    @property
    def is_open(self) -> bool:
        """Whether the comparison stands in the place of the canvas."""
        return self.view is not None and self._window.centre is self.view

    def close(self) -> None:
        """Back to the canvas, which looks where the panes looked."""
        if self.view is None or not self.is_open:
            return
        look, canvas = self.view.look, self._window.canvas
        self.view.stop()
        self._window.show_centre(canvas)
        if look.fits:
            canvas.fit()
        else:
            now = canvas.viewport_now
            canvas.show_viewport(look.viewport.resized(now.width_px, now.height_px))

    def _toggle(self, manner: Manner) -> None:
        if self.view is not None and self.is_open and self.view.manner == manner:
            self.close()
        else:
            self._open().show_as(manner)

    def _open(self) -> CompareView:
        from segstudio.ui.compare.compare_view import CompareView

        if self.view is None:
            self.view = CompareView(self._window.session)
            self.view.closed.connect(self.close)
            self._window.session.opened.connect(self._on_opened)
            self.view.look.moved.connect(self._show_zoom)
        if not self.is_open:
            canvas, view = self._window.canvas, self.view
            view.start(canvas.viewport_now, fits=canvas.is_fitted)
            self._window.show_centre(view, viewer=lambda: view.viewer)
        return self.view

    def _on_opened(self, _: object) -> None:
        if self.view is not None:
            self.view.stop()

    def _show_zoom(self) -> None:
        if self.view is not None and self.is_open:
            self._window.status.show_zoom(self.view.look.viewport.scale)

    def _take(self, side: Side) -> None:
        if self.view is not None and self.is_open:
            self.view.take(side)
        else:
            self._window.session.notify.tell("warning", "there is no comparison open", hint="press C first")

    def _step(self, by: int) -> None:
        from segstudio.session.inspect.errors import ErrorWalk

        if self._walk is None:
            self._walk = ErrorWalk(self._window.session)
            self._walk.arrived.connect(self._on_arrived)
        self._walk.step(by)

    def _on_arrived(self, stop: ErrorStop) -> None:
        from segstudio.ui.compare.region_mark import RegionMark

        viewer = self._window.viewer
        viewer.zoom_to(stop.region.box)
        if self.mark is None:
            self.mark = RegionMark()
        self.mark.show_on(viewer, stop.region.box)
        self._window.status.show_hint(stop.text)
