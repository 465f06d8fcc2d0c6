"""The history panel: this sitting's steps, the journal of all edits ever made of the image, and named states."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QListView, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from segstudio.core.history import History
from segstudio.core.transaction import Edit
from segstudio.session.document import Document, Recorded
from segstudio.session.session import Session
from segstudio.ui.panels.journal import JournalView
from segstudio.ui.panels.versions import VersionsView
from segstudio.ui.shell.theme import current_theme

_Index = QModelIndex | QPersistentModelIndex
_PAGES = (
    ("Steps", "What was done since the image was opened; a click goes back or forth"),
    ("Journal", "Every edit of this image that was ever made: who, when, how"),
    ("Versions", "States that were given a name"),
)


def edit_title(edit: Edit) -> str:
    """One line about an edit: what it did and how much."""
    amount = f"{edit.pixels:,} px" if edit.pixels else ""
    if edit.objects:
        count = len(edit.objects)
        amount = f"{count} object{'s' if count > 1 else ''}"
    name = edit.name[:1].upper() + edit.name[1:]
    return f"{name} · {amount}" if amount else name


class HistoryModel(QAbstractListModel):
    """ "As opened", then the edits, then what was undone. A new edit costs a row, however many there are."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._history: History | None = None
        self._done = self._undone = 0

    def show(self, document: Document | None) -> None:
        """Show the history of a document."""
        self.beginResetModel()
        self._history = document.history if document is not None else None
        self._count()
        self.endResetModel()

    def follow(self) -> None:
        """One edit was made, undone or redone."""
        history = self._history
        if history is None:
            return
        before, was = self.rowCount(), self._done
        added = len(history.undoable) - was
        if added == 1 and not self._undone and not history.redoable:
            self.beginInsertRows(QModelIndex(), before, before)
            self._count()
            self.endInsertRows()
        elif before == 1 + len(history.undoable) + len(history.redoable):
            self._count()
            first, last = sorted((was, self._done))
            self.dataChanged.emit(self.index(first), self.index(last))
        else:  # what was undone is gone, or the budget let old steps go
            self.beginResetModel()
            self._count()
            self.endResetModel()

    def _count(self) -> None:
        history = self._history
        self._done = len(history.undoable) if history is not None else 0
        self._undone = len(history.redoable) if history is not None else 0

    @property
    def current(self) -> int:
        """The row of the state that is shown."""
        return self._done

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() or self._history is None else 1 + self._done + self._undone

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        history, row = self._history, index.row()
        if history is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            if row == 0:
                return "As opened"
            done = history.undoable
            edits, place = (done, row - 1) if row <= len(done) else (history.redoable, len(done) - row)
            return edit_title(edits[place]) if -len(edits) <= place < len(edits) else None
        if role == Qt.ItemDataRole.ForegroundRole and row > self._done:
            return QColor(current_theme().dim)
        return None


class StepsView(QListView):
    """The steps of this sitting."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._is_stale = True
        self.steps = HistoryModel(self)
        self.setModel(self.steps)
        self.setUniformItemSizes(True)
        self.setAccessibleName("Edits of this image")
        self.clicked.connect(self._go)
        session.document_changed.connect(self._on_document)
        self._on_document(session.document)

    def _on_document(self, document: Document | None) -> None:
        if document is not None:
            document.recorded.connect(self._on_recorded)
        self.steps.show(document)
        self._mark()

    def _on_recorded(self, recorded: Recorded) -> None:
        if recorded.document is self._session.document:
            self.steps.follow()
            self._mark()

    def _mark(self) -> None:
        """Point to the state that is shown; nobody sees it while the panel is behind another."""
        if not self.isVisible():
            self._is_stale = True
        elif self.steps.rowCount():
            self._is_stale = False
            self.setCurrentIndex(self.steps.index(self.steps.current))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        if self._is_stale:
            self._mark()

    def _go(self, index: QModelIndex) -> None:
        steps = index.row() - self.steps.current
        for _ in range(abs(steps)):
            if (self._session.redo() if steps > 0 else self._session.undo()) is None:
                break


class HistoryPanel(QWidget):
    """Follows the open document: its steps, its journal and its versions, one at a time."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = StepsView(session)
        self.model = self.list.steps
        self.journal = JournalView(session)
        self.versions = VersionsView(session)
        self._pages = QStackedWidget()
        row = QHBoxLayout()
        row.setSpacing(4)
        self.buttons = QButtonGroup(self)
        for number, (page, (title, tip)) in enumerate(
            zip((self.list, self.journal, self.versions), _PAGES, strict=True)
        ):
            button = QToolButton()
            button.setText(title)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.setProperty("role", "outlined")
            self.buttons.addButton(button, number)
            row.addWidget(button)
            self._pages.addWidget(page)
        row.addStretch(1)
        self.buttons.button(0).setChecked(True)
        self.buttons.idClicked.connect(self._pages.setCurrentIndex)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._pages, 1)

    def show_page(self, number: int) -> None:
        """Show the steps (0), the journal (1) or the versions (2)."""
        self.buttons.button(number).setChecked(True)
        self._pages.setCurrentIndex(number)
