"""The objects panel: the instances of the labels from front to back; selecting here selects on the canvas."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import UserError
from segstudio.core.objects import SegObject
from segstudio.session.document import Document
from segstudio.session.edits import object_facts
from segstudio.session.edits.object_view import undrawn
from segstudio.session.session import Session
from segstudio.ui.panels.object_details import ObjectDetails
from segstudio.ui.panels.object_list import OBJECT, OBJECT_ID, ObjectDelegate, ObjectListModel, part_at
from segstudio.ui.panels.pace import Pace

__all__ = ["OBJECT_ID", "ObjectsPanel"]


class ObjectsPanel(QWidget):
    """Follows the labels' objects and the selection."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._showing = False
        self._shown: object = None
        self.model = ObjectListModel(self)
        self.model.dropped.connect(self._on_dropped)
        self.model.renamed.connect(self._on_renamed)
        self.list = _ObjectListView(session)
        self.list.setModel(self.model)
        self.list.selectionModel().selectionChanged.connect(self._on_selected)
        self.classes = QComboBox()
        self.classes.setAccessibleName("Show objects of")
        self.classes.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.classes.setMinimumContentsLength(6)
        self.classes.activated.connect(self._on_filter)
        self.details = ObjectDetails(session)
        self.empty = QLabel("No objects yet. In object mode (M) every polygon or brush stroke makes one.")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.empty.setProperty("role", "dim")
        self.buttons: list[QToolButton] = []
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(2)
        self._buttons.addWidget(self.classes, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(self._buttons)
        layout.addWidget(self.empty)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.details)
        self._pace = Pace(self, self.refresh)
        session.document_changed.connect(self._on_document)
        session.classes.changed.connect(self._pace.ask)
        session.view.changed.connect(self._on_view)
        self._on_document(session.document)

    def add_buttons(self, actions: Sequence[QAction]) -> None:
        """Commands that stand over the list as buttons."""
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(action.text().replace("&", ""))
            button.setVisible(bool(self.model.rowCount()))
            self.buttons.append(button)
            self._buttons.addWidget(button)

    def rename(self) -> None:
        """Type a name for the first selected object."""
        row = self.model.first_row_of(self._session.view.now.selection)
        if row >= 0:
            self.list.setFocus()
            self.list.selectionModel().setCurrentIndex(
                self.model.index(row), QItemSelectionModel.SelectionFlag.NoUpdate
            )
            self.list.edit(self.model.index(row))

    def _on_document(self, document: Document | None) -> None:
        self._shown = None
        if document is not None:
            document.changed.connect(self._pace.ask)
        self.refresh()

    def _on_view(self, names: frozenset[str]) -> None:
        if names & {"hidden_objects", "isolated_objects", "hidden_classes"}:
            self._show_hidden()
        if "selection" in names:
            self._show_selection()

    def refresh(self) -> None:
        """Show the objects of now; nothing happens while they are the same."""
        document, class_set = self._session.document, self._session.classes.current
        state = (
            (document, document.labels.objects.version, class_set) if document is not None else (None, -1, class_set)
        )
        if state == self._shown:
            return
        self._shown = state
        items = document.labels.objects.in_order()[::-1] if document is not None else []
        self._show_classes(items)
        wanted = self.classes.currentData()
        listed = [item for item in items if item.class_id == wanted] if wanted is not None else items
        self._showing = True
        self.model.show(listed, class_set)
        self._showing = False
        self._show_hidden()
        self._show_selection()
        self.empty.setVisible(not items)
        for widget in (self.list, self.classes, *self.buttons):
            widget.setVisible(bool(items))

    def _show_classes(self, items: Sequence[SegObject]) -> None:
        """The classes that there are objects of, with how many; the choice stays as long as it has any."""
        counts: dict[int, int] = {}
        for item in items:
            counts[item.class_id] = counts.get(item.class_id, 0) + 1
        by_id = self._session.classes.current.by_id
        rows: list[tuple[str, int | None]] = [(f"All ({len(items):,})", None)]
        for class_id, count in sorted(counts.items()):
            name = by_id[class_id].name if class_id in by_id else f"class {class_id}"
            rows.append((f"{name} ({count:,})", class_id))
        if rows != [(self.classes.itemText(at), self.classes.itemData(at)) for at in range(self.classes.count())]:
            chosen = self.classes.currentData()
            self.classes.clear()
            for row in rows:
                self.classes.addItem(*row)
            self.classes.setCurrentIndex(max(0, [row[1] for row in rows].index(chosen) if chosen in counts else 0))

    def _on_filter(self, _: int) -> None:
        self._shown = None
        self.refresh()

    def _show_hidden(self) -> None:
        document = self._session.document
        self.model.show_hidden(
            undrawn(self._session.view.now, document.labels.objects) if document is not None else frozenset()
        )

    def _show_selection(self) -> None:
        ids, document = self._session.view.now.selection, self._session.document
        selection = self.model.selection_of(ids)
        self._showing = True
        self.list.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._showing = False
        row = self.model.first_row_of(ids)
        if row >= 0:
            self.list.scrollTo(self.model.index(row))
        found = (document.labels.objects.get(key) for key in sorted(ids)) if document is not None else ()
        self.details.show_items([item for item in found if item is not None])

    def _on_selected(self, *_: object) -> None:
        if not self._showing:
            chosen = self.model.ids_of(self.list.selectionModel().selection())
            self._session.view.set(selection=chosen)

    def _on_renamed(self, object_id: int, name: str) -> None:
        document = self._session.document
        if document is not None:
            self._try(lambda: object_facts.set_attribute(document, [object_id], object_facts.NAME, name or None))

    def _on_dropped(self, ids: frozenset[int], above: int | None) -> None:
        """The list runs from front to back: what is dropped under a row lies behind that row's object."""
        document = self._session.document
        if document is None:
            return
        order = [item.id for item in document.labels.objects.in_order() if item.id not in ids]
        if above is None:
            self._try(lambda: object_facts.bring_to_front(document, ids))
        else:
            place = order.index(above)
            below = order[place - 1] if place > 0 else None
            self._try(lambda: object_facts.reorder(document, ids, below))

    def _try(self, call: object) -> None:
        try:
            call()  # type: ignore[operator]
        except UserError as error:
            self._session.notify.fault(error)


class _ObjectListView(QListView):
    """A click on an eye hides, on a lock locks: the row's object, or the whole selection that it belongs to."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setItemDelegate(ObjectDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        self.setAccessibleName("Objects")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        index = self.indexAt(event.position().toPoint())
        part = part_at(event.position().toPoint(), self.visualRect(index)) if index.isValid() else "row"
        if part == "row" or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._switch(index, part)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and part_at(event.position().toPoint(), self.visualRect(index)) != "row":
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        # Letters are commands here as on the canvas; the list would otherwise jump to rows that begin with them.
        if event.text() and not event.modifiers() and event.key() not in (Qt.Key.Key_Space, Qt.Key.Key_Return):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _switch(self, index: QModelIndex, part: str) -> None:
        item: SegObject = index.data(OBJECT)
        document, view = self._session.document, self._session.view.now
        if document is None:
            return
        ids = view.selection if item.id in view.selection else frozenset({item.id})
        try:
            if part == "lock":
                object_facts.lock(document, ids, not item.locked)
            else:
                self._session.object_view.hide(ids, item.id not in view.hidden_objects)
        except UserError as error:
            self._session.notify.fault(error)
