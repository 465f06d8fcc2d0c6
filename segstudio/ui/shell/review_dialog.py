"""A word on the open image: reviewed or rejected, with a comment, and what was said of it before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QRadioButton,
    QTextBrowser,
    QVBoxLayout,
)

from segstudio.core.errors import SegStudioError
from segstudio.store.review_rows import ReviewRow
from segstudio.ui.panels.journal import when_text

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_WORDS = ("reviewed", "rejected", "labelled")


def review_with_comment(window: MainWindow) -> None:
    """Ask for the status and a comment."""
    if window.session.document is not None:
        ReviewDialog(window, "reviewed").open()


def reject(window: MainWindow) -> None:
    """Reject the open image, asking why; where it is rejected already, take that back."""
    session = window.session
    if session.index is None:
        return
    if session.images.badge(session.index).status == "rejected":
        session.set_status("rejected")
    else:
        ReviewDialog(window, "rejected").open()


def review_line(row: ReviewRow) -> str:
    """One line about what somebody said."""
    said = f": {row.comment}" if row.comment else ""
    return f"{when_text(row.when)} · {row.person or 'someone'} · {row.status}{said}"


class ReviewDialog(QDialog):
    """The status, an optional comment, and the earlier words, newest first."""

    def __init__(self, window: MainWindow, status: str) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session = window.session
        document, project = self._session.document, self._session.project
        assert document is not None
        self._key = document.key
        self.setWindowTitle(f"Review {document.item.name}")
        self.setMinimumWidth(440)
        choices = QHBoxLayout()
        self.choices = {}
        for word in _WORDS:
            button = QRadioButton(word.capitalize())
            button.setChecked(word == status)
            self.choices[word] = button
            choices.addWidget(button)
        choices.addStretch(1)
        self.comment = QPlainTextEdit()
        self.comment.setPlaceholderText("Comment (optional): what is good, what must be done again")
        self.comment.setAccessibleName("Comment")
        self.comment.setTabChangesFocus(True)
        self.comment.setFixedHeight(76)
        self.earlier = QTextBrowser()
        self.earlier.setAccessibleName("What was said before")
        self.earlier.setFixedHeight(110)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = buttons.addButton("Set", QDialogButtonBox.ButtonRole.AcceptRole)
        go.setDefault(True)
        go.setMinimumWidth(go.fontMetrics().horizontalAdvance(go.text()) + 56)  # it is bold
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(choices)
        column.addWidget(self.comment)
        self.heading = QLabel("Said before")
        self.heading.setProperty("role", "dim")
        column.addWidget(self.heading)
        column.addWidget(self.earlier)
        column.addWidget(buttons)
        try:
            said = project.people.reviews(self._key) if project is not None else []
        except SegStudioError as error:
            said = []
            self._session.notify.fault(error)
        self.earlier.setPlainText("\n".join(review_line(row) for row in reversed(said)))
        for widget in (self.heading, self.earlier):
            widget.setVisible(bool(said))
        self.comment.setFocus()

    def accept(self) -> None:
        """Set the status of the image that was open when this was asked."""
        status = next(word for word, button in self.choices.items() if button.isChecked())
        comment = self.comment.toPlainText().strip()
        super().accept()
        document, index = self._session.document, self._session.index
        if document is None or index is None or document.key != self._key:
            return
        if comment or self._session.images.badge(index).status != status:
            self._session.set_status(status, comment=comment)
