"""The journal of the open image: every edit, by whom, when, how, what it did to the score, and the way back there."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QListView, QPushButton, QVBoxLayout, QWidget

from segstudio.core.layer import LABELS
from segstudio.session.document import Document, Recorded
from segstudio.session.journal import Journal, mark_edit, read_journal, restore_after
from segstudio.session.session import Session
from segstudio.store import EditRow
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.theme import current_theme

_Index = QModelIndex | QPersistentModelIndex


def when_text(when: str) -> str:
    """A stored time (UTC, ISO 8601) as the clock on the wall showed it."""
    try:
        local = datetime.fromisoformat(when).astimezone()
    except ValueError:
        return when
    today = datetime.now().astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def edit_lines(row: EditRow, journal: Journal) -> tuple[str, str]:
    """Two lines about an edit: what it did, and who did it when and how."""
    name = row.name[:1].upper() + row.name[1:]
    first = [f"Undone: {row.name}" if row.is_undo else name]
    if row.layer != LABELS:
        first.append(row.layer)
    if row.pixels:
        first.append(f"{row.pixels:,} px")
    if (gain := row.delta_iou) is not None and round(abs(gain), 4):
        first.append(f"IoU {'+' if gain > 0 else '−'}{100 * abs(gain):.2f} %")
    second = [row.person or "someone", when_text(row.when)]
    if row.seconds >= 0.1:
        second.append(f"{row.seconds:.1f} s")
    if row.tool and row.tool != row.name:
        second.append(row.tool)
    source = str(row.provenance.get("source") or row.provenance.get("from") or "")
    if source:
        run = source.partition(":")[2] or source
        weights = str(row.provenance.get("weights", "")) or journal.weights_of(run, row.when)
        second.append(f"from {run}" + (f" ({weights[:8]})" if weights else ""))
    return " · ".join(first), " · ".join(second)


class JournalModel(QAbstractListModel):
    """The newest first; only the lines that hold every word of the filter."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._all: list[tuple[EditRow, str, str]] = []
        self._shown: list[tuple[EditRow, str, str]] = []
        self._words: list[str] = []

    def show(self, journal: Journal | None) -> None:
        """Show another journal, or the same with new lines."""
        edits = journal.edits if journal is not None else ()
        self._all = [(row, *edit_lines(row, journal)) for row in reversed(edits) if journal is not None]
        self._choose()

    def filter(self, text: str) -> None:
        """Show only what holds every word, in whatever case."""
        self._words = text.casefold().split()
        self._choose()

    def _choose(self) -> None:
        self.beginResetModel()
        self._shown = [
            line for line in self._all if all(word in f"{line[1]} {line[2]}".casefold() for word in self._words)
        ]
        self.endResetModel()

    def edit_at(self, row: int) -> EditRow:
        """The edit that a row shows."""
        return self._shown[row][0]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        edit, first, second = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{first}\n{second}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{first}\n{second}\n{edit.when}"
        if role == Qt.ItemDataRole.ForegroundRole and edit.is_undo:
            return QColor(current_theme().dim)
        return None


class JournalView(QWidget):
    """Reads the journal when it is seen, and again a moment after each edit."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.journal: Journal | None = None
        self.filter = QLineEdit(placeholderText="Filter: tool, person, words …", clearButtonEnabled=True)
        self.filter.setAccessibleName("Filter the journal")
        self.model = JournalModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Journal of this image")
        self.back = QPushButton("Go back to this state")
        self.back.setToolTip("Make the labels what they were after this edit; that is an edit too, and can be undone")
        self.back.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.filter)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.back)
        self._pace = Pace(self, self.refresh, interval_ms=300)
        self.filter.textChanged.connect(self.model.filter)
        self.list.selectionModel().currentChanged.connect(self._on_chosen)
        self.model.modelReset.connect(self._on_chosen)
        self.back.clicked.connect(self.go_back)
        session.document_changed.connect(self._on_document)
        self._on_document(session.document)

    def refresh(self) -> None:
        """Read the journal anew where somebody looks at it."""
        session = self._session
        document, project = session.document, session.project
        if not self.isVisible():
            return
        if document is None or project is None:
            self._show(None)
            return
        session.jobs.submit(
            lambda job: read_journal(project, document.key), done=self._show, failed=session.notify.fault, key="journal"
        )

    def go_back(self) -> None:
        """Restore the state after the chosen edit."""
        index = self.list.currentIndex()
        if index.isValid():
            row = self.model.edit_at(index.row())
            restore_after(self._session, row.id, f"go back to {when_text(row.when)}")

    def _show(self, journal: Journal | None) -> None:
        self.journal = journal
        self.model.show(journal)

    def _on_document(self, document: Document | None) -> None:
        if document is not None:
            document.recorded.connect(self._on_recorded)
        mark_edit(self._session, None)
        self._pace.ask()

    def _on_recorded(self, recorded: Recorded) -> None:
        self._pace.ask()

    def _on_chosen(self, *_: object) -> None:
        index = self.list.currentIndex()
        mark_edit(self._session, self.model.edit_at(index.row()).id if index.isValid() and self.isVisible() else None)
        can = index.isValid() and self.model.edit_at(index.row()).layer == LABELS
        self.back.setEnabled(can and not self._session.read_only)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        super().hideEvent(event)
        mark_edit(self._session, None)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self.refresh()
