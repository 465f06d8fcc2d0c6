"""The objects panel: the instances of the labels from front to back; selecting here selects on the canvas."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QLabel, QListView, QVBoxLayout, QWidget

from segstudio.core.class_set import ClassSet
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.session.document import Document
from segstudio.session.session import Session
from segstudio.ui.panels.pace import Pace

_Index = QModelIndex | QPersistentModelIndex
OBJECT_ID = Qt.ItemDataRole.UserRole


def object_title(item: SegObject, class_set: ClassSet) -> str:
    """One line about an object: class, number, shape, score."""
    found = class_set.by_id.get(item.class_id)
    words = [f"{found.name if found is not None else f'class {item.class_id}'} #{item.id}"]
    if isinstance(item.shape, PolygonShape):
        parts = f", {len(item.shape.parts)} parts" if len(item.shape.parts) > 1 else ""
        words.append(f"polygon, {item.shape.num_points} points{parts}")
    else:
        words.append("mask")
    if item.score is not None:
        words.append(f"score {item.score:.2f}")
    if item.is_crowd:
        words.append("crowd")
    return " · ".join(words)


class ObjectListModel(QAbstractListModel):
    """Objects from front to back."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items: list[SegObject] = []
        self._class_set: ClassSet | None = None

    def show(self, items: list[SegObject], class_set: ClassSet) -> None:
        """Show other objects."""
        self.beginResetModel()
        self._items, self._class_set = items, class_set
        self.endResetModel()

    def rows_of(self, ids: frozenset[int]) -> list[int]:
        return [row for row, item in enumerate(self._items) if item.id in ids]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        item = self._items[index.row()]
        assert self._class_set is not None
        if role == Qt.ItemDataRole.DisplayRole:
            return object_title(item, self._class_set)
        if role == OBJECT_ID:
            return item.id
        if role == Qt.ItemDataRole.DecorationRole:
            found = self._class_set.by_id.get(item.class_id)
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(*(found.color if found is not None else (128, 128, 128))))
            return swatch
        return None


class ObjectsPanel(QWidget):
    """Follows the labels' objects and the selection."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._showing = False
        self._shown_version = -1
        self.model = ObjectListModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setAccessibleName("Objects")
        self.list.selectionModel().selectionChanged.connect(self._on_selected)
        self.empty = QLabel("No objects yet. In object mode (M) every polygon or brush stroke makes one.")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.empty.setProperty("role", "dim")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 6)
        layout.addWidget(self.empty)
        layout.addWidget(self.list, 1)
        self._pace = Pace(self, self.refresh)
        session.document_changed.connect(self._on_document)
        session.view.changed.connect(self._on_view)
        self._on_document(session.document)

    def _on_document(self, document: Document | None) -> None:
        self._shown_version = -1
        if document is not None:
            document.changed.connect(self._pace.ask)
        self.refresh()

    def _on_view(self, names: frozenset[str]) -> None:
        if "selection" in names:
            self._show_selection()

    def refresh(self) -> None:
        """Show the objects of now; nothing happens while they are the same."""
        document = self._session.document
        items = list(reversed(document.labels.objects.in_order())) if document is not None else []
        version = document.labels.objects.version if document is not None else -2
        if version != self._shown_version:
            self._shown_version = version
            self._showing = True
            self.model.show(items, self._session.classes.current)
            self._showing = False
            self._show_selection()
        self.empty.setVisible(not items)
        self.list.setVisible(bool(items))

    def _show_selection(self) -> None:
        selection = QItemSelection()
        rows = self.model.rows_of(self._session.view.now.selection)
        for row in rows:
            selection.select(self.model.index(row), self.model.index(row))
        self._showing = True
        self.list.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._showing = False
        if rows:
            self.list.scrollTo(self.model.index(rows[0]))

    def _on_selected(self, *_: object) -> None:
        if not self._showing:
            chosen = self.list.selectionModel().selectedIndexes()
            self._session.view.set(selection=frozenset(index.data(OBJECT_ID) for index in chosen))
