"""What the window shows while nothing is open: the demo, three ways in, and what was opened last."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from segstudio.session.recent import recent_places
from segstudio.session.session import Session
from segstudio.store.place import Place
from segstudio.ui.shell.commands import Commands
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.language import say
from segstudio.ui.shell.recent_menu import short_place

_RECENT = 4

_WAYS = (
    ("file.demo", "demo", "Try the demo", "Toytown: painted streets, two trained models, nothing to download"),
    ("file.open_images", "image", "Open images", "One picture or a folder of pictures to label"),
    ("file.open_dataset", "dataset", "Open a data set", "Cityscapes, COCO, VOC, class-id PNGs … found by content"),
    ("file.open_project", "project", "Open a project", "Carry on where you stopped: *.segproj"),
)


class Welcome(QWidget):
    """Four cards; a file or folder dropped anywhere opens too."""

    def __init__(self, commands: Commands, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        card = QFrame()
        card.setProperty("role", "card")
        card.setFixedWidth(640)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(28, 24, 28, 24)
        inner.setSpacing(6)
        title = QLabel("SegStudio")
        title.setProperty("role", "title")
        about = QLabel("Predict, correct with live IoU, find where a model is wrong, compare two models, export.")
        about.setProperty("role", "dim")
        about.setWordWrap(True)
        inner.addWidget(title)
        inner.addWidget(about)
        inner.addSpacing(12)
        grid = QGridLayout()
        grid.setSpacing(10)
        self.buttons: dict[str, QPushButton] = {}
        for row, (command, symbol, text, explanation) in enumerate(_WAYS):
            button = QPushButton(say(text))
            button.setIcon(icon(symbol))
            button.setIconSize(QSize(22, 22))
            button.setMinimumHeight(42)
            button.setMinimumWidth(190)
            button.setAccessibleDescription(explanation)
            button.clicked.connect(commands.action(command).trigger)
            words = QLabel(explanation)
            words.setProperty("role", "dim")
            words.setWordWrap(True)
            if row == 0:
                button.setProperty("accent", "true")
                button.setIcon(icon(symbol, "on_accent"))
            grid.addWidget(button, row, 0)
            grid.addWidget(words, row, 1)
            self.buttons[command] = button
        grid.setColumnStretch(1, 1)
        inner.addLayout(grid)
        inner.addSpacing(8)
        drop = QLabel("… or drop a file or a folder anywhere in this window.")
        drop.setProperty("role", "dim")
        inner.addWidget(drop)
        self.recent: list[QToolButton] = []
        self._recent_part = QWidget()
        self._recent_rows = QVBoxLayout(self._recent_part)
        self._recent_rows.setContentsMargins(0, 8, 0, 0)
        self._recent_rows.setSpacing(0)
        heading = QLabel("Opened last")
        heading.setProperty("role", "dim")
        self._recent_rows.addWidget(heading)
        inner.addWidget(self._recent_part)
        # The page lies behind the canvas later: its card must not hold the whole window open.
        self.setMinimumSize(400, 300)
        layout = QGridLayout(self)
        layout.addWidget(card, 0, 0, Qt.AlignmentFlag.AlignCenter)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Offer what was opened last, as it is now."""
        super().showEvent(event)
        for old in self.recent:
            old.deleteLater()
        self.recent = [self._recent_button(place) for place in recent_places()[:_RECENT]]
        self._recent_part.setVisible(bool(self.recent))

    def _recent_button(self, place: Place) -> QToolButton:
        button = QToolButton()
        button.setText(short_place(place, 72).replace("&", "&&"))
        is_folder = isinstance(place, Path) and place.suffix != ".segproj"
        button.setIcon(icon("folder" if is_folder else "project"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setToolTip(f"Open {place} again")
        button.clicked.connect(partial(_open, self._session, place))
        self._recent_rows.addWidget(button)
        return button


def _open(session: Session, path: Place, checked: bool = False) -> None:
    session.open_path(path)


def dropped_path(event: QDragEnterEvent | QDropEvent) -> str:
    """The local file or folder that is being dropped, "" where there is none."""
    for url in event.mimeData().urls():
        if url.isLocalFile():
            return url.toLocalFile()
    return ""
