"""A widget that shows the open image with its layers: where the view stands, and painting only what changed."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from segstudio.core.geometry import Rect
from segstudio.core.transaction import Changes
from segstudio.render.scene import Scene
from segstudio.render.viewport import Viewport
from segstudio.session.document import Document
from segstudio.session.jobs import Job
from segstudio.session.session import Session
from segstudio.ui.canvas.frame import Frame
from segstudio.ui.shell.theme import current_theme

ZOOM_STEP = 1.25
"""One notch of the wheel."""
_MANY = 256
"""So many objects that change their looks at once cost more one by one than the whole picture does."""
_MARGIN = 8
"""Logical pixels left free round an image that is fitted into the view."""
_DRAWN_BY = {
    *("mode", "fill_style", "opacity", "shown", "hidden_classes", "overlays_hidden", "bare", "errors", "error_class"),
    *("error_kinds", "hidden_error_kinds"),
    *("gaps", "origins", "hidden_objects", "isolated_objects", "pixel_grid"),
    *("heat_map", "brightness", "contrast", "gamma", "channels", "tone_percent", "colour_blind"),
}
"""The fields of the session's view that the whole picture depends on."""


class PictureView(QWidget):
    """Follows the session's document and view. `zoom_changed` carries device pixels per image pixel.

    `moved` is emitted when the view stands elsewhere, `picture_changed` when what it shows is drawn anew.
    """

    zoom_changed = Signal(object)
    moved = Signal()
    picture_changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.frame = Frame()
        self.document: Document | None = None
        self._viewport = Viewport(1, 1)
        self._fits = True
        self._pan_rest = QPointF()
        self._view_before = session.view.now
        self._shown_size_hw: tuple[int, int] | None = None
        self._continue = QTimer(self)
        self._continue.setSingleShot(True)
        self._continue.timeout.connect(self.update)
        self.setMinimumSize(64, 64)
        session.opened.connect(self._on_opened)
        session.document_changed.connect(self._on_document)
        session.view.changed.connect(self._on_view)
        session.classes.changed.connect(self._on_classes)

    # ── where the view stands ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def viewport_now(self) -> Viewport:
        """Where the view stands, in device pixels."""
        return self._viewport

    @property
    def is_fitted(self) -> bool:
        """Whether the whole image is shown, also after the next change of the size."""
        return self._fits

    def to_widget(self, x: float, y: float) -> QPointF:
        """The widget's point (logical pixels) over the image point (x, y)."""
        at_x, at_y = self._viewport.to_widget(x, y)
        ratio = self.devicePixelRatioF()
        return QPointF(at_x / ratio, at_y / ratio)

    def to_image(self, at: QPointF | QPoint) -> tuple[float, float]:
        """The image point (x, y) under a point of the widget (logical pixels)."""
        ratio = self.devicePixelRatioF()
        return self._viewport.to_image(at.x() * ratio, at.y() * ratio)

    def fit(self) -> None:
        """Show the whole image, also after the window's size changes."""
        if self.document is not None:
            margin = round((_MARGIN + self.inset) * self.devicePixelRatioF())
            self.show_viewport(self._viewport.fit(self.document.size_hw, margin_px=margin))
            self._fits = True

    @property
    def inset(self) -> int:
        """Logical pixels at the edges that something else covers."""
        return 0

    def actual_size(self, at: QPointF | None = None) -> None:
        """One image pixel on one device pixel; the point `at` (else the middle) stays where it is."""
        self.scale_to(1.0, at)

    def zoom_in(self) -> None:
        """One step nearer, about the middle."""
        self.scale_to(self._viewport.scale * ZOOM_STEP)

    def zoom_out(self) -> None:
        """One step farther, about the middle."""
        self.scale_to(self._viewport.scale / ZOOM_STEP)

    def zoom_to(self, rect: Rect) -> None:
        """Show an image rectangle as large as it goes, at most at 800 %."""
        self.show_viewport(self._viewport.fit_rect(rect.grown(8), max_scale=8.0))

    def turn(self, quarter_turns: int = 1) -> None:
        """Turn the view clockwise; the image itself stays as it is."""
        self.show_viewport(self._viewport.turned(quarter_turns))

    def scale_to(self, scale: float, at: QPointF | None = None) -> None:
        """Zoom to `scale` device pixels per image pixel; the point `at` (else the middle) stays where it is."""
        ratio = self.devicePixelRatioF()
        point = at if at is not None else QPointF(self.width() / 2, self.height() / 2)
        self.show_viewport(self._viewport.scaled_at(scale, point.x() * ratio, point.y() * ratio))

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture by logical pixels; fractions of device pixels wait for the next move."""
        ratio = self.devicePixelRatioF()
        wanted = self._pan_rest + QPointF(dx * ratio, dy * ratio)
        whole = QPoint(floor(wanted.x() + 0.5), floor(wanted.y() + 0.5))
        self._pan_rest = wanted - QPointF(whole)
        self.show_viewport(self._viewport.panned(whole.x(), whole.y()))

    def reveal(self, rect: Rect) -> None:
        """Bring an image rectangle into the middle, unless it is in view."""
        if self._viewport.visible_rect(rect) != rect:
            self.show_viewport(self._viewport.centred_on((rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2))

    def show_viewport(self, viewport: Viewport) -> None:
        """Show another part of the image; a corner of it always stays in view."""
        if self.document is not None:
            viewport = viewport.kept_near(self.document.size_hw)
        scaled = viewport.scale != self._viewport.scale
        self._viewport = viewport
        self._fits = False
        # The frame sees by itself whether it has to draw anew or only to shift.
        self.update()
        self.moved.emit()
        if scaled:
            self.zoom_changed.emit(viewport.scale)

    # ── news from the session ────────────────────────────────────────────────────────────────────────────────────────

    def _on_document(self, document: Document | None) -> None:
        before, self.document = self.document, document
        if before is not None:
            before.changed.disconnect(self._on_changes)
            before.layers_changed.disconnect(self._on_layers)
        self.frame.show(document)
        if document is not None:
            document.changed.connect(self._on_changes)
            document.layers_changed.connect(self._on_layers)
            keeps = self.session.view.now.keep_zoom and self._shown_size_hw == document.size_hw
            self._shown_size_hw = document.size_hw
            if self._fits or not keeps:
                self.fit()
            self._build_levels(document)
        self.redraw()

    def _on_opened(self, _: object) -> None:
        """Another data set begins with its whole first image."""
        self._shown_size_hw = None

    def _build_levels(self, document: Document) -> None:
        pyramid = document.pyramid
        if pyramid.is_complete:
            return

        def work(job: Job) -> None:
            pyramid.build()

        jobs, fault = self.session.jobs, self.session.notify.fault
        jobs.submit(work, done=self._on_levels, failed=fault, lane="compute", key=f"picture-levels-{id(self)}")

    def _on_levels(self, _: None) -> None:
        if self.frame.is_coarse:
            self.redraw()

    def _on_changes(self, changes: Changes) -> None:
        rect = self.frame.follow(changes, self._viewport)
        if rect is None:
            self.redraw()
        else:
            self.update_device(rect)
            self.picture_changed.emit()

    def _on_layers(self, _: str) -> None:
        self.redraw()

    def _on_classes(self, _: object) -> None:
        self.redraw()

    def _on_view(self, names: frozenset[str]) -> None:
        before, self._view_before = self._view_before, self.session.view.now
        if names & _DRAWN_BY:
            self.redraw()
        elif names & {"selection", "hovered_object"} and self.document is not None:
            emphasised = before.selection | self._view_before.selection
            emphasised |= {key for key in (before.hovered_object, self._view_before.hovered_object) if key is not None}
            if len(emphasised) > _MANY:
                self.redraw()
                return
            for rect in self.frame.recolor(emphasised, self._viewport):
                self.update_device(rect)

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def redraw(self) -> None:
        """Draw everything anew."""
        self.frame.invalidate()
        self.update()
        self.picture_changed.emit()

    def scene_now(self) -> Scene:
        """What is to be seen of the document, for a picture of another size; areas without outlines and pixel grid."""
        view, ground = replace(self.session.view.now, pixel_grid=False), QColor(current_theme().canvas)
        background = (ground.red(), ground.green(), ground.blue())
        return self.frame.scene_now(view, background, int(view.fill_style == "outline"))

    def restyle(self) -> None:
        """Draw in the colours of the current theme."""
        self.redraw()

    def update_device(self, rect: Rect) -> None:
        """Repaint device pixels."""
        if not rect.is_empty:
            ratio = self.devicePixelRatioF()
            logical = QRectF(rect.x0 / ratio, rect.y0 / ratio, rect.width / ratio, rect.height / ratio)
            self.update(logical.toAlignedRect())

    def update_logical(self, rect: QRect) -> None:
        """Repaint logical pixels."""
        if not rect.isNull():
            self.update(rect)

    def paint_aids(self, painter: QPainter) -> None:
        """Draw what helps the eye, in logical pixels; called for each rectangle of a region; nothing here."""

    def paint_overlay(self, painter: QPainter) -> None:
        """Draw over the picture, in logical pixels; nothing here."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        ground = QColor(current_theme().canvas)
        if self.document is None:
            painter.fillRect(event.rect(), ground)
            return
        background = (ground.red(), ground.green(), ground.blue())
        image = self.frame.image(self._viewport, self.session.view.now, background, self.devicePixelRatioF())
        if self.frame.is_unfinished(self._viewport):
            self._continue.start()
        # One call per rectangle: the bounding box of two far dabs would be the whole window, and drawing into a region
        # of several rectangles, which rulers and map cut out of the window, takes many times as long.
        for rect in event.region():  # type: ignore[attr-defined]  # the stubs forget that regions are iterable
            painter.setClipRect(rect)
            painter.drawImage(QPointF(0, 0), image)
            self.paint_aids(painter)
        painter.setClipRegion(event.region())
        if not self.session.view.now.bare:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint_overlay(painter)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(960, 640)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._follow_size()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        self._follow_size()

    def _follow_size(self) -> None:
        ratio, fits = self.devicePixelRatioF(), self._fits
        width, height = ceil(self.width() * ratio), ceil(self.height() * ratio)
        self.show_viewport(self._viewport.resized(max(1, width), max(1, height)))
        if fits:
            self.fit()
        self._fits = fits
