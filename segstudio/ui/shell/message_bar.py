"""The line at the top of the canvas in which the program speaks: one message at a time, with what to do about it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from segstudio.session.notify import Notice
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.theme import current_theme

_SECONDS = {"info": 6, "warning": 15}


class MessageBar(QFrame):
    """Shows a notice; news vanish by themselves, faults stay until they are closed or something newer is told.

    It lies over the upper edge of `ground`: a picture that made room for it would move away under the hand.
    """

    def __init__(self, ground: QWidget) -> None:
        super().__init__(ground)
        self._ground = ground
        ground.installEventFilter(self)
        self._notice: Notice | None = None
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._symbol = QLabel()
        self.copy = QToolButton()
        self.copy.setText("Copy details")
        self.copy.clicked.connect(self._copy)
        close = QToolButton()
        close.setIcon(icon("close"))
        close.setAccessibleName("Close this message")
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 6, 4)
        layout.addWidget(self._symbol)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.copy)
        layout.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Show a message in the place of the one before."""
        self._notice = notice
        theme = current_theme()
        color = {"info": theme.accent, "warning": theme.warn}.get(notice.level, theme.bad)
        self.setStyleSheet(f"MessageBar {{ background: {theme.raised}; border-left: 4px solid {color}; }}")
        self._symbol.setPixmap(icon("info" if notice.level == "info" else "warning").pixmap(18, 18))
        self.text.setText(f"{notice.text} — {notice.hint}" if notice.hint else notice.text)
        self.text.setAccessibleName(self.text.text())
        self.copy.setVisible(bool(notice.detail))
        self._place()
        self.show()
        self.raise_()
        seconds = _SECONDS.get(notice.level)
        if seconds is None:
            self._timer.stop()
        else:
            self._timer.start(1000 * seconds)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Stay as wide as what it lies on."""
        if watched is self._ground and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        width = self._ground.width()
        height = self.heightForWidth(width) if self.hasHeightForWidth() else self.sizeHint().height()
        self.setGeometry(0, 0, width, max(height, self.sizeHint().height()))

    def _copy(self) -> None:
        if self._notice is not None:
            QApplication.clipboard().setText(f"{self._notice.text}\n{self._notice.detail}")
