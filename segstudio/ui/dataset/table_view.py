"""The table in which a person goes through images by the keyboard."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView

from segstudio.session.session import Session
from segstudio.ui.dataset.columns import COLUMNS
from segstudio.ui.dataset.table_model import (
    IMAGE,
    ROW_HEIGHT,
    THUMBNAIL,
    DatasetModel,
    StatusDelegate,
    ThumbnailDelegate,
)
from segstudio.ui.panels.thumbnails import Thumbnails

TRIAGE = {
    Qt.Key.Key_Return: "open",
    Qt.Key.Key_Enter: "open",
    Qt.Key.Key_N: "next",
    Qt.Key.Key_F: "flag",
    Qt.Key.Key_C: "note",
    Qt.Key.Key_G: "tag",
    Qt.Key.Key_Y: "accept",
    Qt.Key.Key_L: "label",
    Qt.Key.Key_V: "review",
    Qt.Key.Key_X: "reject",
}
"""What a key does while the table has the focus."""


class DatasetTable(QTableView):
    """Rows are images that are shown. `triage` carries one of the words of `TRIAGE`, `sorted_by` the number of a
    column.
    """

    triage = Signal(str)
    sorted_by = Signal(int)

    def __init__(self, session: Session, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._session = session
        self.setModel(DatasetModel(session, thumbnails, self))
        self.setItemDelegateForColumn(THUMBNAIL, ThumbnailDelegate(session, self))
        self.setItemDelegateForColumn(2, StatusDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setMinimumSize(240, 2 * ROW_HEIGHT)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName("Images")
        rows = self.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.hide()
        self._head()
        self.doubleClicked.connect(self._on_double_click)
        session.document_changed.connect(self.show_current)

    def _head(self) -> None:
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsMovable(True)
        head.setSectionsClickable(True)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(self.choose_columns)
        head.sectionClicked.connect(self.sorted_by)
        self.setColumnWidth(THUMBNAIL, 2 * ROW_HEIGHT + 8)
        for place, column in enumerate(COLUMNS, 1):
            self.setColumnWidth(place, column.width)
            self.setColumnHidden(place, not column.is_shown)

    def choose_columns(self, _: QPoint) -> None:
        """A menu in which columns are shown and hidden."""
        menu = self.columns_menu()
        menu.popup(self.cursor().pos())

    def columns_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, column in enumerate(COLUMNS, 1):
            action = menu.addAction(column.title)
            action.setToolTip(column.tip)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(place))
            action.setData(place)
            action.toggled.connect(self._show_column)
        return menu

    def _show_column(self, shown: bool) -> None:
        self.setColumnHidden(self.sender().data(), not shown)  # type: ignore[attr-defined]

    # ── which images ─────────────────────────────────────────────────────────────────────────────────────────────────

    def chosen(self) -> list[int]:
        """The selected images; without any, the one that is open."""
        places = sorted(index.row() for index in self.selectionModel().selectedRows())
        images = self._session.images
        if places:
            return [images.index_at(place) for place in places]
        return [] if self._session.index is None else [self._session.index]

    def current(self) -> int | None:
        """The image in whose row the keyboard is."""
        index = self.currentIndex()
        return index.data(IMAGE) if index.isValid() else None

    def show_current(self, _: object = None) -> None:
        """Go to the row of the image that is open."""
        number = self._session.index
        place = None if number is None else self._session.images.place_of(number)
        if place is not None:
            self.go_to(place)
        self.viewport().update()

    def go_to(self, place: int) -> None:
        """Select one row."""
        index = self.model().index(place, 1)
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def event(self, event: QEvent) -> bool:
        """Claims the triage keys before the window's shortcuts of the same letters take them."""
        if event.type() == QEvent.Type.ShortcutOverride and _triage(cast(QKeyEvent, event)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        word = _triage(event)
        if word:
            self.triage.emit(word)
        else:
            super().keyPressEvent(event)

    def _on_double_click(self, _: QModelIndex) -> None:
        self.triage.emit("open")


def _triage(event: QKeyEvent) -> str:
    plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
    return TRIAGE.get(Qt.Key(event.key()), "") if plain else ""
