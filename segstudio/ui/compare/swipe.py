"""A over B in one place: A to the left of a divider that the hand moves, or all over B and see-through."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGraphicsOpacityEffect, QWidget

from segstudio.session.session import Session
from segstudio.ui.compare.look import SharedLook
from segstudio.ui.compare.pane import ComparePane

_GRIP = 13
"""Width of the divider that the mouse can take, in logical pixels."""
_KEY_STEP = 0.02


class SwipeView(QWidget):
    """`share` (0…1) says where the divider stands; it keeps its share when the size changes."""

    def __init__(self, session: Session, look: SharedLook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.b = ComparePane(session, look, self)
        self.a = ComparePane(session, look, self, window_of=self)
        self.divider = _Divider(self)
        self._share = 0.5
        self._covers_all = False
        # Within an effect the pane is drawn into a picture of its own, which is then laid over B.
        self._effect = QGraphicsOpacityEffect(self.a)
        self._effect.setEnabled(False)
        self.a.setGraphicsEffect(self._effect)
        self.a.raise_()
        self.divider.raise_()

    @property
    def share(self) -> float:
        return self._share

    def move_to(self, share: float) -> None:
        """Move the divider."""
        self._share = min(1.0, max(0.0, share))
        self._place()

    def cover(self, opacity: float, *, whole: bool) -> None:
        """Lay A over all of B (`whole`) or left of the divider, with an opacity from 0 to 1."""
        self._covers_all = whole
        self._effect.setOpacity(opacity)
        self._effect.setEnabled(opacity < 1.0)
        self._place()

    def _place(self) -> None:
        x = self.width() if self._covers_all else round(self._share * self.width())
        self.b.setGeometry(0, 0, self.width(), self.height())
        self.a.setGeometry(0, 0, x, self.height())
        self.a.follow()
        self.divider.setGeometry(x - _GRIP // 2, 0, _GRIP, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        self._place()


class _Divider(QWidget):
    def __init__(self, swipe: SwipeView) -> None:
        super().__init__(swipe)
        self._swipe = swipe
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Divider between A and B")
        self.setToolTip("Drag, or use the arrow keys: A on the left, B on the right")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._follow(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        steps = {Qt.Key.Key_Left: -_KEY_STEP, Qt.Key.Key_Right: _KEY_STEP}
        if event.key() in steps:
            self._swipe.move_to(self._swipe.share + steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        middle = self.width() // 2
        painter.fillRect(middle - 2, 0, 5, self.height(), QColor(0, 0, 0, 120))
        painter.fillRect(middle - 1, 0, 3, self.height(), QColor(255, 255, 255))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 120))
        painter.setBrush(QColor(255, 255, 255))
        painter.drawRoundedRect(middle - 4, self.height() // 2 - 16, 9, 32, 4, 4)

    def _follow(self, event: QMouseEvent) -> None:
        width = max(1, self._swipe.width())
        self._swipe.move_to(self.mapTo(self._swipe, event.position()).x() / width)
