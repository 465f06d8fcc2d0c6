"""Asking where a forest is kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from segstudio.core.errors import UserError

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

SUFFIX = ".segforest"
_FILTER = f"Forests (*{SUFFIX})"


def save_forest(window: MainWindow) -> None:
    """Ask for a file and write what the project's images taught."""
    dialog = QFileDialog(window, "Save the forest", "", _FILTER)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(SUFFIX.removeprefix("."))
    dialog.fileSelected.connect(partial(_save, window))
    dialog.open()


def load_forest(window: MainWindow) -> None:
    """Ask for a file and let it answer first from now on."""
    dialog = QFileDialog(window, "Load a forest", "", _FILTER)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.fileSelected.connect(partial(_load, window))
    dialog.open()


def _save(window: MainWindow, path: str) -> None:
    try:
        window.session.forest.save(Path(path))
    except UserError as error:
        window.session.notify.fault(error)


def _load(window: MainWindow, path: str) -> None:
    window.session.forest.project.load(Path(path))
