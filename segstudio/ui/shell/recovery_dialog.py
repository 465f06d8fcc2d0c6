"""After a crash: which images were recovered, how many edits each, and when they were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from segstudio.session.recovery import RecoveredImage
from segstudio.ui.panels.journal import when_text

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_KEY = Qt.ItemDataRole.UserRole


def show_recovered(window: MainWindow, images: Sequence[RecoveredImage]) -> None:
    """Open the dialog."""
    RecoveryDialog(window, images).open()


class RecoveryDialog(QDialog):
    """A table of the images; a double click opens one."""

    def __init__(self, window: MainWindow, images: Sequence[RecoveredImage]) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session = window.session
        self.setWindowTitle("Recovered")
        self.setMinimumSize(520, 280)
        edits = sum(image.edits for image in images)
        count = f"{edits:,} edit{'s' if edits != 1 else ''} on {len(images):,} image{'s' if len(images) != 1 else ''}"
        self.words = QLabel(
            f"The program ended unexpectedly the last time. Nothing that was committed is lost: {count} of that "
            "sitting are in the project, and each can be gone back to in the history's journal."
        )
        self.words.setWordWrap(True)
        self.table = QTableWidget(len(images), 4)
        self.table.setAccessibleName("Recovered images")
        self.table.setHorizontalHeaderLabels(["Image", "Edits", "From", "Until"])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for row, image in enumerate(images):
            for column, text in enumerate(
                (image.key, f"{image.edits:,}", when_text(image.first), when_text(image.last))
            ):
                item = QTableWidgetItem(text)
                item.setData(_KEY, image.key)
                self.table.setItem(row, column, item)
        self.table.itemDoubleClicked.connect(self._open_image)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setMinimumWidth(close.fontMetrics().horizontalAdvance(close.text()) + 56)  # it is bold
        buttons.rejected.connect(self.reject)
        column_of = QVBoxLayout(self)
        column_of.addWidget(self.words)
        column_of.addWidget(self.table, 1)
        column_of.addWidget(buttons)

    def _open_image(self, item: QTableWidgetItem) -> None:
        index = self._session.images.index_of(str(item.data(_KEY)))
        if index is not None:
            self._session.go(index)
            self.accept()
