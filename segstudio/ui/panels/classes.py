"""The classes panel: choose the class to draw with, see its IoU, hide it or protect it."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QLineEdit, QListView, QToolButton, QVBoxLayout, QWidget

from segstudio.session.document import Document
from segstudio.session.session import Session
from segstudio.ui.panels.class_list import ROW, ClassDelegate, ClassListModel, ClassRow, hit, row_height
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.icons import icon

_Index = QModelIndex | QPersistentModelIndex
DIGITS = "1234567890"
_ROWS_IN_SIGHT = 3
_MANY = 40
"""Lists longer than this begin with the classes of the open image."""


class ClassesPanel(QWidget):
    """Follows the class set, the view, the live scores and the document."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._first: frozenset[int] = frozenset()
        self._model = ClassListModel(self)
        self.list = _ClassListView(session)
        self.list.setModel(self._model)
        self.list.setMinimumHeight(_ROWS_IN_SIGHT * row_height(self.list.fontMetrics()))
        self.list.setItemDelegate(ClassDelegate(self.list))
        self.filter = QLineEdit(placeholderText="Filter classes (/)", clearButtonEnabled=True)
        self.filter.setAccessibleName("Filter classes")
        self.filter.textChanged.connect(self.refresh)
        self.filter.returnPressed.connect(self._choose_first)
        self.add_button = QToolButton()
        self.add_button.setIcon(icon("plus"))
        self.add_button.setToolTip("Add a class")
        self.add_button.setAccessibleName("Add a class")
        row = QHBoxLayout()
        row.addWidget(self.filter)
        row.addWidget(self.add_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.list)
        self._pace = Pace(self, self.refresh)
        for event in (session.classes.changed, session.view.changed, session.live.changed):
            event.connect(self._pace.ask)
        session.document_changed.connect(self._on_document)
        self._on_document(session.document)

    def _on_document(self, document: Document | None) -> None:
        self._first = self._classes_here()
        if document is not None:
            document.changed.connect(self._pace.ask)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show the state of now."""
        self._model.show(self._rows())
        current = self._model.row_of(self._session.view.now.active_class)
        if current >= 0 and self.list.currentIndex().row() != current:
            self.list.setCurrentIndex(self._model.index(current))

    def _rows(self) -> list[ClassRow]:
        session, view = self._session, self._session.view.now
        class_set = session.classes.current
        score = session.live.score()
        pixels = session.document.census.by_class() if session.document is not None else {}
        total = math.prod(session.document.size_hw) if session.document is not None else 1
        wanted = self.filter.text().casefold()
        index_of = class_set.index_of
        rows = []
        ordered = class_set.evaluated + tuple(c for c in class_set.classes if c.id not in index_of)
        numbered = list(enumerate(ordered))
        if len(ordered) > _MANY:
            # Digits stay with their classes; what is in this image is found without scrolling.
            numbered.sort(key=lambda row: row[1].id not in self._first)
        for position, c in numbered:
            if wanted and wanted not in c.name.casefold():
                continue
            iou = change = math.nan
            if score is not None and c.id in index_of:
                iou = float(score.image.iou[index_of[c.id]])
                change = float(np.nan_to_num(score.since_opening.image.iou[index_of[c.id]]))
            count = pixels.get(c.id, 0)
            rows.append(
                ClassRow(
                    label_class=c,
                    digit=DIGITS[position] if position < len(DIGITS) else "",
                    pixels=count,
                    share=count / total,
                    iou=iou,
                    change=change,
                    active=c.id == view.active_class,
                    hidden=c.id in view.hidden_classes,
                    protected=c.id in view.protected_classes,
                )
            )
        return rows

    def _classes_here(self) -> frozenset[int]:
        """Class ids that the truth or the labels show now."""
        class_set, score = self._session.classes.current, self._session.live.score()
        document = self._session.document
        found = set(document.census.by_class()) if document is not None else set()
        if score is not None:
            found.update(c.id for c in class_set.evaluated if not math.isnan(score.image.iou[class_set.index_of[c.id]]))
        return frozenset(found)

    def _choose_first(self) -> None:
        rows = self._rows()
        if rows:
            self._session.view.choose_class(rows[0].label_class.id)
            self.filter.clear()
            self.window().setFocus()


class _ClassListView(QListView):
    """A click on a row chooses its class, on the eye hides it, on the lock protects it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        # The delegate's columns stand from left to right, as the names of classes do.
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setMouseTracking(True)
        self.setAccessibleName("Classes")
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.activated.connect(self._on_activated)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        index = self.indexAt(event.position().toPoint())
        if not index.isValid() or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        row: ClassRow = index.data(ROW)
        part = hit(event, self.visualRect(index))
        if part == "eye":
            self._session.view.toggle_class_hidden(row.label_class.id)
        elif part == "lock":
            self._session.view.toggle_class_protected(row.label_class.id)
        else:
            self._session.view.choose_class(row.label_class.id)

    def currentChanged(self, current: _Index, previous: _Index) -> None:  # noqa: N802 (Qt's name)
        """Arrow keys choose, as a click does; what the program itself makes current was chosen already."""
        super().currentChanged(current, previous)
        if self.hasFocus() and current.isValid():
            row: ClassRow = current.data(ROW)
            self._session.view.choose_class(row.label_class.id)

    def _on_activated(self, index: QModelIndex) -> None:
        row: ClassRow = index.data(ROW)
        self._session.view.choose_class(row.label_class.id)
