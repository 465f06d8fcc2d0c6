"""Pictures are not where they were: one dialog finds the folder again, for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from segstudio.core.errors import SegStudioError
from segstudio.workflows.moved_folders import Found, common_folder, look_in, missing_items, remember_move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segstudio.core.dataset import ImageItem
    from segstudio.ui.shell.main_window import MainWindow


def find_moved(window: MainWindow) -> None:
    """Look which pictures are missing, and ask where they are now; says so where none is."""
    session = window.session
    items, project = session.images.items, session.project
    if project is None:
        return

    def arrived(missing: list[ImageItem]) -> None:
        if session.project is not project:
            return
        if missing:
            MissingFilesDialog(window, missing, len(items)).open()
        else:
            session.notify.info("all pictures are where they were")

    session.jobs.submit(
        lambda job: missing_items(items, progress=job.progress),
        done=arrived,
        failed=session.notify.fault,
        lane="batch",
        key="missing",
        title="looking for the pictures",
    )


class MissingFilesDialog(QDialog):
    """Says what is missing and takes a folder; what it finds there is checked before it can be used."""

    def __init__(self, window: MainWindow, missing: Sequence[ImageItem], total: int) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session = window.session
        self._missing = missing
        self.found: Found | None = None
        self.setWindowTitle("Pictures have moved")
        self.setMinimumWidth(540)
        were = common_folder(missing)
        words = QLabel(
            f"{len(missing):,} of {total:,} pictures are not where they were"
            + (f", below\n{were}" if were else ".")
            + "\n\nWhere is that folder now? Labels and predictions are in the project and safe."
        )
        words.setWordWrap(True)
        self.folder = QLineEdit()
        self.folder.setAccessibleName("Folder of the pictures")
        self.folder.setPlaceholderText("the folder where they are now")
        browse = QPushButton("Folder…")
        browse.setAutoDefault(False)
        self.told = QLabel("It is kept on this machine; the project file stays as it is.")
        self.told.setWordWrap(True)
        self.told.setProperty("role", "dim")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use = buttons.addButton("Use this folder", QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.setEnabled(False)
        self.use.setDefault(True)
        self.use.setMinimumWidth(self.use.fontMetrics().horizontalAdvance(self.use.text()) + 56)  # it is bold
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        column = QVBoxLayout(self)
        column.addWidget(words)
        column.addLayout(row)
        column.addWidget(self.told)
        column.addWidget(buttons)
        browse.clicked.connect(self._browse)
        self.folder.editingFinished.connect(self.look)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)

    def look(self) -> None:
        """Look for the pictures in the folder that is named."""
        text = self.folder.text().strip()
        if not text or (self.found is not None and self.found.new == text):
            return
        missing, folder = self._missing, Path(text)
        self.use.setEnabled(False)
        self.told.setText("looking …")
        self._session.jobs.submit(
            lambda job: look_in(folder, missing), done=self._on_found, failed=self._on_failed, key="look-in"
        )

    def accept(self) -> None:
        """Keep the folder and open the project anew with it."""
        session, project = self._session, self._session.project
        if self.found is None or project is None:
            return
        try:
            remember_move(session.data_dir, project.path, self.found)
        except SegStudioError as error:
            session.notify.fault(error)
            return
        super().accept()
        session.open_path(project.path)

    def _on_found(self, found: Found) -> None:
        self.found = found
        line = f"{found.found:,} of {found.missing:,} found"
        if found.measured:
            line += f"; {found.measured - len(found.wrong):,} of {found.measured:,} looked at are what they were"
        if found.wrong:
            line += f". {found.wrong[0]} is another picture: this is not the folder."
        self.told.setText(line)
        self.use.setEnabled(found.fits)

    def _on_failed(self, error: BaseException) -> None:
        self.found = None
        self.told.setText(error.message if isinstance(error, SegStudioError) else str(error))

    def _browse(self) -> None:
        dialog = QFileDialog(self, "Folder of the pictures")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_folder)
        dialog.open()

    def _on_folder(self, folder: str) -> None:
        self.folder.setText(folder)
        self.look()
