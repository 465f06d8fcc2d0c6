"""Where all panes look: one viewport and one point under the cursor for all of them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from segstudio.render.viewport import Viewport


class SharedLook(QObject):
    """`moved` is emitted when a pane was panned, zoomed or fitted, `pointed` when the cursor is over another point.

    `viewport` has the size of the pane that moved last; the others take its scale, turn and middle.
    """

    moved = Signal()
    pointed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.viewport = Viewport(1, 1)
        self.fits = True
        self.point_xy: tuple[float, float] | None = None

    def look_at(self, viewport: Viewport, *, fits: bool) -> None:
        """A pane stands there now."""
        if (viewport, fits) != (self.viewport, self.fits):
            self.viewport, self.fits = viewport, fits
            self.moved.emit()

    def point_at(self, point_xy: tuple[float, float] | None) -> None:
        """The cursor is over that image point; None: over no pane."""
        if point_xy != self.point_xy:
            self.point_xy = point_xy
            self.pointed.emit()
