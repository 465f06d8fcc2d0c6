"""One pane: the picture with one layer, panned and zoomed together with all others, and the common cross-hair."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from segstudio.render.viewport import Viewport
from segstudio.session.session import Session
from segstudio.ui.canvas.picture_view import ZOOM_STEP, PictureView
from segstudio.ui.compare.look import SharedLook
from segstudio.ui.compare.pane_scenes import PaneFrame, Shown

_ARM, _GAP = 14, 4
"""Length of the cross-hair's arms and the free space in its middle, in logical pixels."""


class ComparePane(PictureView):
    """Dragging pans, the wheel zooms at the cursor, a double click shows 100 %; all panes of one `look` follow.

    With a `window_of` the pane is the left part of that widget and shows what it would show there; it hears no mouse.
    """

    def __init__(
        self, session: Session, look: SharedLook, parent: QWidget | None = None, *, window_of: QWidget | None = None
    ) -> None:
        super().__init__(session, parent)
        self.frame = PaneFrame()
        self.look = look
        self._window_of = window_of
        self._dragged: QPointF | None = None
        self._cross: tuple[float, float] | None = None
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.CrossCursor)
        if window_of is not None:
            self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self.setMinimumSize(0, 0)
        look.moved.connect(self.follow)
        look.pointed.connect(self._on_pointed)
        self._on_document(session.document)

    @property
    def shown(self) -> Shown:
        """What the pane shows."""
        assert isinstance(self.frame, PaneFrame)
        return self.frame.shown

    def show_layer(self, shown: Shown) -> None:
        """Show another layer or difference."""
        assert isinstance(self.frame, PaneFrame)
        if shown != self.frame.shown:
            self.frame.shown = shown
            self.redraw()

    # ── one look for all ─────────────────────────────────────────────────────────────────────────────────────────────

    def follow(self) -> None:
        """Stand where the shared look stands."""
        whole = self._window_of if self._window_of is not None else self
        ratio = self.devicePixelRatioF()
        size = max(1, ceil(whole.width() * ratio)), max(1, ceil(whole.height() * ratio))
        viewport = self.look.viewport
        if (viewport.width_px, viewport.height_px) != size:
            viewport = viewport.resized(*size)
        own = max(1, ceil(self.width() * ratio)), max(1, ceil(self.height() * ratio))
        self._viewport = replace(viewport, width_px=own[0], height_px=own[1])
        self._fits = self.look.fits
        self._cross = self.look.point_xy
        self.update()

    def show_viewport(self, viewport: Viewport) -> None:
        """Show another part of the image, in all panes."""
        if self._leads:
            super().show_viewport(viewport)
            self.look.look_at(self._viewport, fits=False)

    def fit(self) -> None:
        """Show the whole image, in all panes."""
        if self._leads:
            super().fit()
            self.look.look_at(self._viewport, fits=True)

    @property
    def _leads(self) -> bool:
        # A hidden pane has the size of another time: what fits it would not fit the others.
        return self._window_of is None and self.isVisible()

    def _follow_size(self) -> None:
        self.follow()
        if self.look.fits:
            self.fit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        self._follow_size()

    def _on_pointed(self) -> None:
        before, self._cross = self._cross, self.look.point_xy
        for point in (before, self._cross):
            if point is not None:
                at, reach = self.to_widget(*point), _ARM + 2
                self.update_logical(QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect())

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def paint_overlay(self, painter: QPainter) -> None:
        if self._cross is None:
            return
        at = self.to_widget(*self._cross)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        # Dark under light: to be seen on every photo.
        for color, width in ((QColor(0, 0, 0, 170), 3), (QColor(255, 255, 255), 1)):
            painter.setPen(QPen(color, width))
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                near = QPointF(at.x() + dx * _GAP, at.y() + dy * _GAP)
                painter.drawLine(near, QPointF(at.x() + dx * _ARM, at.y() + dy * _ARM))

    # ── the mouse ────────────────────────────────────────────────────────────────────────────────────────────────────

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._dragged = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._dragged is not None:
            step = event.position() - self._dragged
            self._dragged = event.position()
            self.pan(step.x(), step.y())
        self._point(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._dragged = None
        self.setCursor(Qt.CursorShape.CrossCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() == Qt.MouseButton.LeftButton:
            self.actual_size(event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        notches = event.angleDelta().y() / 120
        if notches and self.document is not None:
            self.scale_to(self._viewport.scale * ZOOM_STEP**notches, event.position())
            self._point(event.position())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        self.look.point_at(None)

    def _point(self, at: QPointF) -> None:
        x, y = self.to_image(at)
        inside = self.document is not None and self.document.labels.raster.bounds.holds(int(x // 1), int(y // 1))
        self.look.point_at((x, y) if inside else None)
