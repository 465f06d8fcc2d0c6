"""The whole image in a corner of the canvas, with what is visible marked on it; a drag there moves the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from segstudio.render.compositor import Compositor
from segstudio.render.viewport import Viewport
from segstudio.ui.canvas.qimage import copied
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.theme import current_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from segstudio.render.scene import Scene

LONGEST = 190
"""Logical pixels of the map's longer side."""
_MARGIN = 10
_SLOW_MS = 150
"""How long changes gather before the map is drawn again: it never waits on the hand, nor the hand on it."""


class Minimap(QWidget):
    """Draws a picture of `scene` once and only its frame after that. `asked` carries the image point to go to."""

    asked = Signal(float, float)

    def __init__(self, scene: Callable[[], Scene | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._scene = scene
        self._picture = QImage()
        self._own = Viewport(1, 1)
        self._view = Viewport(1, 1)
        self._pace = Pace(self, self.redraw, interval_ms=_SLOW_MS)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Map of the image")
        self.setToolTip("Drag to move the view")
        self.hide()

    def place(self, room: QSize) -> None:
        """Lie in the lower right corner of a canvas of that size."""
        self.move(room.width() - self.width() - _MARGIN, room.height() - self.height() - _MARGIN)

    def show_view(self, viewport: Viewport, size_hw: tuple[int, int]) -> None:
        """Mark what `viewport` shows of the image; the map turns with it."""
        height, width = size_hw if viewport.quarter_turns % 2 == 0 else size_hw[::-1]
        scale = LONGEST / max(height, width)
        size = QSize(max(24, round(width * scale)), max(24, round(height * scale)))
        turned = viewport.quarter_turns != self._view.quarter_turns
        self._view = viewport
        ratio = self.devicePixelRatioF()
        device = round(size.width() * ratio), round(size.height() * ratio)
        if turned or size != self.size() or (self._own.width_px, self._own.height_px) != device:
            self.resize(size)
            self._own = Viewport(*device, quarter_turns=viewport.quarter_turns).fit(size_hw)
            self._pace.ask()
            parent = self.parentWidget()
            if parent is not None:
                self.place(parent.size())
        self.update()

    def follow(self) -> None:
        """Something of the picture changed."""
        if self.isVisible():
            self._pace.ask()

    def redraw(self) -> None:
        """Draw the picture of the map anew."""
        self._pace.stop()
        scene = self._scene() if self.isVisible() else None
        if scene is not None:
            drawing = Compositor(self._own.width_px, self._own.height_px)
            self._picture = copied(drawing.full(self._own, scene), self.devicePixelRatioF())
        self.update()

    def visible_part(self) -> QRectF:
        """Where the marked rectangle lies, in logical pixels of the map."""
        ratio = self.devicePixelRatioF()
        corners = [
            self._own.to_widget(*self._view.to_image(x, y))
            for x, y in ((0, 0), (self._view.width_px, self._view.height_px))
        ]
        (x0, y0), (x1, y1) = corners
        part = QRectF(QPointF(x0 / ratio, y0 / ratio), QPointF(x1 / ratio, y1 / ratio)).normalized()
        return part.intersected(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        theme, painter = current_theme(), QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.panel))
        painter.drawImage(0, 0, self._picture)
        part = self.visible_part()
        shade = QColor(0, 0, 0, 90)
        whole = QRectF(self.rect())
        painter.fillRect(QRectF(whole.left(), whole.top(), whole.width(), part.top()), shade)
        painter.fillRect(QRectF(whole.left(), part.bottom(), whole.width(), whole.bottom() - part.bottom()), shade)
        painter.fillRect(QRectF(whole.left(), part.top(), part.left(), part.height()), shade)
        painter.fillRect(QRectF(part.right(), part.top(), whole.right() - part.right(), part.height()), shade)
        painter.setPen(QPen(QColor(theme.accent), 1.5))
        painter.drawRect(part)
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() == Qt.MouseButton.LeftButton:
            self._ask(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._ask(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Kept here, else the canvas would take it for the end of a gesture of its own."""

    def _ask(self, at: QPointF) -> None:
        ratio = self.devicePixelRatioF()
        self.asked.emit(*self._own.to_image(at.x() * ratio, at.y() * ratio))
