"""A frame round a region of the picture that one has just been led to; it goes by itself."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from segstudio.core.geometry import EMPTY, Rect
from segstudio.ui.canvas.picture_view import PictureView

_SHOWN_MS = 4000
_SPACE = 5
"""Between the region and its frame, in logical pixels."""


class RegionMark(QWidget):
    """Lies over a picture without hearing the mouse, and moves with it."""

    def __init__(self) -> None:
        super().__init__()
        self.region = EMPTY
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setVisible(False)
        self._gone = QTimer(self)
        self._gone.setSingleShot(True)
        self._gone.setInterval(_SHOWN_MS)
        self._gone.timeout.connect(self.hide)

    def show_on(self, viewer: PictureView, region: Rect) -> None:
        """Frame a rectangle of the image, half-open in pixels, for a while."""
        self.region = region
        self.setParent(viewer)
        self.setGeometry(viewer.rect())
        self.show()
        self.update()
        self._gone.start()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        viewer = self.parent()
        if not isinstance(viewer, PictureView):
            return
        corners = [
            viewer.to_widget(x, y) for x in (self.region.x0, self.region.x1) for y in (self.region.y0, self.region.y1)
        ]
        left, right = min(at.x() for at in corners), max(at.x() for at in corners)
        top, bottom = min(at.y() for at in corners), max(at.y() for at in corners)
        frame = QRectF(left, top, right - left, bottom - top).adjusted(-_SPACE, -_SPACE, _SPACE, _SPACE)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Dark under light: to be seen on every photo.
        for color, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(255, 255, 255), 2.0)):
            painter.setPen(QPen(color, width))
            painter.drawRoundedRect(frame, 4, 4)
