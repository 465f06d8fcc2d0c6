"""The history panel: every edit of this image; a click goes back or forth to that point."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QListView, QVBoxLayout, QWidget

from segstudio.core.transaction import Edit
from segstudio.session.document import Document, Recorded
from segstudio.session.session import Session
from segstudio.ui.shell.theme import current_theme

_Index = QModelIndex | QPersistentModelIndex


def edit_title(edit: Edit) -> str:
    """One line about an edit: what it did and how much."""
    amount = f"{edit.pixels:,} px" if edit.pixels else ""
    if edit.objects:
        count = len(edit.objects)
        amount = f"{count} object{'s' if count > 1 else ''}"
    name = edit.name[:1].upper() + edit.name[1:]
    return f"{name} · {amount}" if amount else name


class HistoryModel(QAbstractListModel):
    """ "As opened", then the edits, then what was undone."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._titles: list[str] = []
        self._current = 0

    def show(self, document: Document | None) -> None:
        """Show the history of a document."""
        self.beginResetModel()
        if document is None:
            self._titles, self._current = [], 0
        else:
            done = [edit_title(edit) for edit in document.history.undoable]
            undone = [edit_title(edit) for edit in reversed(document.history.redoable)]
            self._titles, self._current = ["As opened", *done, *undone], len(done)
        self.endResetModel()

    @property
    def current(self) -> int:
        """The row of the state that is shown."""
        return self._current

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[index.row()]
        if role == Qt.ItemDataRole.ForegroundRole and index.row() > self._current:
            return QColor(current_theme().dim)
        return None


class HistoryPanel(QWidget):
    """Follows the open document's history."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = HistoryModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Edits of this image")
        self.list.clicked.connect(self._go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.addWidget(self.list)
        session.document_changed.connect(self._on_document)
        self._on_document(session.document)

    def _on_document(self, document: Document | None) -> None:
        if document is not None:
            document.recorded.connect(self._on_recorded)
        self._refresh()

    def _on_recorded(self, recorded: Recorded) -> None:
        self._refresh()

    def _refresh(self) -> None:
        self.model.show(self._session.document)
        if self.model.rowCount():
            self.list.setCurrentIndex(self.model.index(self.model.current))

    def _go(self, index: QModelIndex) -> None:
        steps = index.row() - self.model.current
        for _ in range(abs(steps)):
            if (self._session.redo() if steps > 0 else self._session.undo()) is None:
                break
