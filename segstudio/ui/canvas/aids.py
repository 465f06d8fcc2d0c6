"""What helps the eye round the picture, as the view asks for it: rulers, map and crosshair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPolygonF

from segstudio.ui.canvas.crosshair import crosshair_strips, draw_crosshair
from segstudio.ui.canvas.minimap import Minimap
from segstudio.ui.canvas.overlay import draw_line
from segstudio.ui.canvas.rulers import BREADTH, Ruler

if TYPE_CHECKING:
    from segstudio.core.geometry import Rect
    from segstudio.render.scene import Scene
    from segstudio.ui.canvas.picture_view import PictureView

SHOWN_BY = frozenset({"rulers", "crosshair", "minimap", "marked"})
"""The fields of the session's view that this file reads."""
_MOST_UNITED = 400
"""So many rectangles are drawn as the outline of all; more, each by itself, for the time that uniting takes."""


class Aids(QObject):
    """The aids of one picture; its owner tells it of the cursor and paints through it."""

    def __init__(self, picture: PictureView) -> None:
        super().__init__(picture)
        self._picture = picture
        self._at: QPointF | None = None
        self.rulers = [Ruler("top", picture), Ruler("left", picture)]
        self.minimap = Minimap(self._scene, picture)
        self.minimap.asked.connect(self._go_to)
        picture.moved.connect(self.follow_view)
        picture.picture_changed.connect(self.minimap.follow)
        picture.session.view.changed.connect(self._on_view)
        picture.session.document_changed.connect(self._on_document)
        picture.installEventFilter(self)
        self._on_document(None)

    @property
    def inset(self) -> int:
        """Logical pixels at the edges that rulers cover."""
        return BREADTH if self._picture.session.view.now.rulers else 0

    def follow_view(self) -> None:
        """The view moved, or another image is shown."""
        document, viewport = self._picture.document, self._picture.viewport_now
        if document is None:
            return
        for ruler in self.rulers:
            if not ruler.isHidden():
                ruler.show_view(viewport, document.size_hw, self._picture.devicePixelRatioF())
        if not self.minimap.isHidden():
            self.minimap.show_view(viewport, document.size_hw)

    def follow_cursor(self, at: QPointF | None) -> None:
        """The cursor is elsewhere, None where it left."""
        if at == self._at:
            return
        before, self._at = self._at, at
        for ruler in self.rulers:
            if not ruler.isHidden():
                ruler.show_cursor(at)
        if self._picture.session.view.now.crosshair:
            for point in (before, at):
                for strip in crosshair_strips(point, self._picture.size()):
                    self._picture.update(strip)

    def paint(self, painter: QPainter) -> None:
        """What lies on the picture itself."""
        view = self._picture.session.view.now
        if view.marked and self._picture.document is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            draw_line(painter, self._outline(view.marked), dashed=True)
        if view.crosshair and self._at is not None and self._picture.document is not None:
            draw_crosshair(painter, self._at, self._picture.size())

    def _outline(self, rects: tuple[Rect, ...]) -> QPainterPath:
        """Round image rectangles, those that touch as one."""
        path = QPainterPath()
        for rect in rects:
            corners = ((rect.x0, rect.y0), (rect.x1, rect.y0), (rect.x1, rect.y1), (rect.x0, rect.y1))
            path.addPolygon(QPolygonF([self._picture.to_widget(x, y) for x, y in corners]))
            path.closeSubpath()
        path.setFillRule(Qt.FillRule.WindingFill)
        return path.simplified() if len(rects) <= _MOST_UNITED else path

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Stay at the edges."""
        if watched is self._picture and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        for ruler in self.rulers:
            ruler.place(self._picture.size())
        self.minimap.place(self._picture.size())

    def _on_view(self, names: frozenset[str]) -> None:
        if names & SHOWN_BY:
            self._show()
            self._picture.update()

    def _on_document(self, _: object) -> None:
        self._show()

    def _show(self) -> None:
        view, open_now = self._picture.session.view.now, self._picture.session.document is not None
        for ruler in self.rulers:
            ruler.setVisible(view.rulers and open_now)
        self.minimap.setVisible(view.minimap and open_now)
        self._place()
        self.follow_view()
        self.minimap.follow()

    def _scene(self) -> Scene | None:
        return self._picture.scene_now() if self._picture.document is not None else None

    def _go_to(self, x: float, y: float) -> None:
        self._picture.show_viewport(self._picture.viewport_now.centred_on(x, y))
