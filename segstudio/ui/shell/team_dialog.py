"""Where a team's project lies: an address, and the password where the server asks for one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout

from segstudio.core.errors import UserError
from segstudio.session.recent import recent_places
from segstudio.store.place import TeamAddress

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

EXAMPLE = "postgresql://person@host/database?project=name"


def open_team_project(window: MainWindow) -> None:
    """Ask for the address and open the project."""
    TeamDialog(window).open()


class TeamDialog(QDialog):
    """One line for the address, with those that were opened before, and one for the password, which is not kept."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Open a team's project")
        self.setMinimumWidth(520)
        self._window = window
        self.address = QComboBox()
        self.address.setEditable(True)
        self.address.addItems([str(place) for place in recent_places() if isinstance(place, TeamAddress)])
        self.address.setAccessibleName("Address")
        line = self.address.lineEdit()
        assert line is not None
        self.line = line
        self.line.setPlaceholderText(EXAMPLE)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText("only where the server asks for it; it is not kept")
        self.password.setAccessibleName("Password")
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setProperty("role", "dim")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = buttons.addButton("Open", QDialogButtonBox.ButtonRole.AcceptRole)
        self.go.setDefault(True)
        self.go.setMinimumWidth(self.go.fontMetrics().horizontalAdvance(self.go.text()) + 56)  # it is bold
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow("Address", self.address)
        form.addRow("Password", self.password)
        note = QLabel(
            "Several people work in it at once, each on the images that they hold. "
            "Make one of a project file with: segstudio project share FILE ADDRESS"
        )
        note.setWordWrap(True)
        note.setProperty("role", "dim")
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(note)
        column.addWidget(self.problem)
        column.addWidget(buttons)
        self.line.textChanged.connect(self._check)
        self._check()

    def accept(self) -> None:
        """Open what the lines say."""
        address = self._address()
        if address is not None:
            super().accept()
            self._window.session.open_path(address)

    def _address(self) -> TeamAddress | None:
        try:
            address = TeamAddress.parse(self.line.text().strip())
        except UserError:
            return None
        password = self.password.text()
        return replace(address, password=password) if password else address

    def _check(self, _: str = "") -> None:
        text = self.line.text().strip()
        self.go.setEnabled(self._address() is not None)
        said = ""
        if text:
            try:
                TeamAddress.parse(text)
            except UserError as error:
                said = str(error)
        self.problem.setText(said)
        self.problem.setVisible(bool(said))
