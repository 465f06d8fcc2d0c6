"""Refine a prediction: a slider for the strength, the way it is done, and the picture that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QSlider, QVBoxLayout

from segstudio.core.errors import UserError
from segstudio.session.edits.refining import Refining

if TYPE_CHECKING:
    from segstudio.session.document import Document
    from segstudio.ui.shell.main_window import MainWindow

_METHODS = (("Guided filter", "guided"), ("Random field (slower)", "crf"))
_PAUSE_MS = 60


def refine_prediction(window: MainWindow) -> RefineDialog | None:
    """Open the dialog over the prediction that accepting would take from, or say why there is none."""
    try:
        refining = Refining(window.session, window.actions_table.prediction_source())
    except UserError as error:
        window.session.notify.fault(error)
        return None
    dialog = RefineDialog(window, refining)
    dialog.open()
    return dialog


class RefineDialog(QDialog):
    """OK keeps the refined layer; Cancel and Esc leave everything as it was."""

    def __init__(self, window: MainWindow, refining: Refining) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Refine a prediction")
        self.setMinimumWidth(380)
        # It stands over the picture that one looks at.
        self.setModal(False)
        self._session = window.session
        self.refining = refining
        self.method = QComboBox()
        for title, key in _METHODS:
            self.method.addItem(title, key)
        self.method.setAccessibleName("Method")
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 100)
        self.strength.setValue(35)
        self.strength.setAccessibleName("Strength")
        self.words = QLabel("…")
        self.words.setProperty("role", "dim")
        form = QFormLayout()
        form.addRow("Prediction", QLabel(refining.source.partition(":")[2]))
        form.addRow("Method", self.method)
        form.addRow("Strength", self.strength)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.words)
        column.addWidget(buttons)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.strength.valueChanged.connect(self._later)
        self.method.activated.connect(self._later)
        refining.changed.connect(self._on_preview)
        self._session.document_changed.connect(self._on_document)
        self._ask()

    def accept(self) -> None:
        """Keep the layer as it is shown."""
        self.refining.keep()
        super().accept()

    def reject(self) -> None:
        """Take the preview away."""
        self.refining.drop()
        super().reject()

    def _later(self, _: Any) -> None:
        self._pause.start()

    def _ask(self) -> None:
        if self.refining.is_current:
            self.words.setText("refining…")
            self.refining.preview(self.strength.value() / 100, self.method.currentData())

    def _on_preview(self, _: None) -> None:
        self.words.setText(f"{self.refining.moved_pixels or 0:,} pixels changed their class")

    def _on_document(self, _: Document | None) -> None:
        self.close()
