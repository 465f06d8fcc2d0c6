"""How far labels are propagated, and whether along the optical flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QSpinBox, QVBoxLayout

from segstudio.core.errors import UserError
from segstudio.ui.shell.onward_commands import OnwardCommands

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow


def ask_how_far(window: MainWindow) -> None:
    """Open the dialog, or say why there is nothing to ask."""
    session = window.session
    if session.index is None or session.index + 1 >= len(session.images):
        session.notify.tell("warning", "there is no next image")
        return
    OnwardDialog(window).open()


class OnwardDialog(QDialog):
    """A number of images and a box to tick."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._window = window
        session = window.session
        self.setWindowTitle("Propagate")
        left = len(session.images) - 1 - (session.index or 0)
        self.images = QSpinBox()
        self.images.setRange(1, max(1, left))
        self.images.setValue(min(5, left))
        self.images.lineEdit().setTextMargins(6, 0, 0, 0)
        self.images.setAccessibleName("Number of images")
        self.flow = QCheckBox("Follow the picture (optical flow)")
        self.flow.setChecked(True)
        objects = session.view.now.mode == "objects"
        note = QLabel(
            "Objects go behind what is there, and are left out where they are there already."
            if objects
            else "Only what is unlabelled in those images takes the labels."
        )
        note.setWordWrap(True)
        note.setProperty("role", "dim")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = buttons.addButton("Propagate", QDialogButtonBox.ButtonRole.AcceptRole)
        go.setDefault(True)
        # The theme's bold text is wider than the size that Qt asks for.
        go.setMinimumWidth(go.fontMetrics().horizontalAdvance(go.text()) + 56)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow("Following images", self.images)
        form.addRow(self.flow)
        column = QVBoxLayout(self)
        self.setMinimumWidth(360)
        column.addLayout(form)
        column.addWidget(note)
        column.addWidget(buttons)

    def accept(self) -> None:
        """Propagate as asked."""
        images, with_flow = self.images.value(), self.flow.isChecked()
        super().accept()
        try:
            OnwardCommands(self._window).propagate(images=images, with_flow=with_flow)
        except UserError as error:
            self._window.session.notify.fault(error)
