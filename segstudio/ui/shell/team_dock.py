"""The people of a project: work per person, images that are held now, and the last reviews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.session.team import PeopleState, read_people
from segstudio.ui.panels.journal import when_text

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.store.review_rows import PersonWork
    from segstudio.ui.shell.main_window import MainWindow

_KEY = Qt.ItemDataRole.UserRole


def people_dock(window: MainWindow) -> QWidget:
    """What stands in the dock."""
    return PeopleDock(window.session)


class PeopleDock(QWidget):
    """Three tables side by side; a double click on an image opens it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setMinimumHeight(150)
        self.work = _Table("Work", ("Person", "Edits", "Images", "Pixels", "Min", "Reviews"))
        self.held = _Table("Held now", ("Image", "By"))
        self.reviews = _Table("Last reviews", ("When", "Person", "Image", "Status", "Comment"))
        again = QToolButton()
        again.setText("Look again")
        again.setProperty("role", "outlined")
        again.clicked.connect(self.refresh)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 8)
        row.setSpacing(10)
        for table, share in ((self.work, 6), (self.held, 3), (self.reviews, 5)):
            column = QVBoxLayout()
            head = QHBoxLayout()
            head.addWidget(QLabel(table.accessibleName()))
            head.addStretch(1)
            if table is self.reviews:
                head.addWidget(again)
            column.addLayout(head)
            column.addWidget(table, 1)
            row.addLayout(column, share)
        for table in (self.held, self.reviews):
            table.itemDoubleClicked.connect(self._open)
        session.opened.connect(self.refresh)
        session.team.holders_changed.connect(self.refresh)
        session.images.changed.connect(self._on_badge)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(900, 190)

    def refresh(self, _: object = None) -> None:
        """Read everything anew where somebody looks at it."""
        project = self._session.project
        if not self.isVisible():
            return
        if project is None:
            self._show(PeopleState((), {}, ()))
            return
        self._session.jobs.submit(
            lambda job: read_people(project), done=self._show, failed=self._session.notify.fault, key="people"
        )

    def _show(self, state: PeopleState) -> None:
        self.work.fill([("", _cells(person)) for person in state.work])
        self.held.fill([(key, (key, who)) for key, who in state.holders.items()])
        self.reviews.fill(
            [
                (said.image_key, (when_text(said.when), said.person, said.image_key, said.status, said.comment))
                for said in state.reviews
            ]
        )

    def _open(self, item: QTableWidgetItem) -> None:
        index = self._session.images.index_of(str(item.data(_KEY)))
        if index is not None:
            self._session.go(index)

    def _on_badge(self, index: int) -> None:
        if index == self._session.index:
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self.refresh()


def _cells(person: PersonWork) -> tuple[str, ...]:
    minutes = f"{person.seconds / 60:.1f}"
    counts = (f"{count:,}" for count in (person.edits, person.images, person.pixels))
    return (person.person or "someone", *counts, minutes, f"{person.reviews:,}")


class _Table(QTableWidget):
    def __init__(self, name: str, columns: Sequence[str]) -> None:
        super().__init__(0, len(columns))
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(list(columns))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setStretchLastSection(True)

    def fill(self, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show other rows, each with the key of the image that it speaks of."""
        self.setRowCount(len(rows))
        for number, (key, cells) in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setData(_KEY, key)
                item.setToolTip(text)
                self.setItem(number, column, item)
