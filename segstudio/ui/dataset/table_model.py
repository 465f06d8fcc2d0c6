"""The data set table as Qt asks for it: one row per image that is shown, nothing made before it is painted."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from segstudio.session.session import Session
from segstudio.ui.dataset.columns import COLUMNS
from segstudio.ui.panels.filmstrip import STATUS_COLORS, STATUS_MARKS, draw_flag, draw_note
from segstudio.ui.panels.thumbnails import Thumbnails
from segstudio.ui.shell.theme import current_theme

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
THUMBNAIL = 0
ROW_HEIGHT = 40
IMAGE = Qt.ItemDataRole.UserRole
"""The image's number in the list."""
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_NUMBERS = frozenset(place for place, column in enumerate(COLUMNS, 1) if column.is_number)
# Plain numbers are met faster than members of an enumeration, and these are asked for with every cell.
_ANSWERED = frozenset(
    (
        int(Qt.ItemDataRole.DisplayRole),
        int(Qt.ItemDataRole.DecorationRole),
        int(Qt.ItemDataRole.ToolTipRole),
        int(IMAGE),
    )
)


class DatasetModel(QAbstractTableModel):
    """Column 0 is the thumbnail, the others are those of `COLUMNS`."""

    def __init__(self, session: Session, thumbnails: Thumbnails, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._thumbnails = thumbnails
        session.images.reset.connect(self._all)
        session.images.grown.connect(self._grown)
        session.images.walk_changed.connect(self._all)
        session.overview.ready.connect(self._facts)
        session.images.changed.connect(self._one)
        session.overview.changed.connect(self._one)
        thumbnails.arrived.connect(self._thumbnail)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent.isValid() else self._session.images.num_shown

    def columnCount(self, parent: Index = _NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent.isValid() else 1 + len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802 (Qt's name)
        if orientation != Qt.Orientation.Horizontal or section == THUMBNAIL:
            return None
        column = COLUMNS[section - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return _RIGHT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if index.column() in _NUMBERS else None
        if role not in _ANSWERED:
            return None
        images, column = self._session.images, index.column()
        if not 0 <= index.row() < images.num_shown:
            return None
        number = images.index_at(index.row())
        if role == IMAGE:
            return number
        if column == THUMBNAIL:
            return self._thumbnails.of(number) if role == Qt.ItemDataRole.DecorationRole else None
        if role == Qt.ItemDataRole.DecorationRole:
            return None
        return COLUMNS[column - 1].text(self._session, self._session.overview.table, number)

    def _all(self, _: object) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _grown(self, before: int) -> None:
        if self._session.images.walk is None:
            self.beginInsertRows(_NO_INDEX, before, len(self._session.images) - 1)
            self.endInsertRows()

    def _facts(self, _: object) -> None:
        last = self.index(self.rowCount() - 1, self.columnCount() - 1)
        self.dataChanged.emit(self.index(0, 0), last)

    def _one(self, number: int) -> None:
        place = self._session.images.place_of(number)
        if place is not None:
            self.dataChanged.emit(self.index(place, 0), self.index(place, self.columnCount() - 1))

    def _thumbnail(self, number: int) -> None:
        place = self._session.images.place_of(number)
        if place is not None:
            self.dataChanged.emit(self.index(place, THUMBNAIL), self.index(place, THUMBNAIL))


class ThumbnailDelegate(QStyledItemDelegate):
    """Paints the thumbnail with flag and note over it, and a bar at the left of the image that is open."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(2 * ROW_HEIGHT + 8, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = current_theme()
        box: QRect = option.rect  # type: ignore[attr-defined]
        number = index.data(IMAGE)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(box, QColor(theme.hover))
        frame = QRectF(box).adjusted(6, 2, -2, -2)
        thumbnail = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(thumbnail, QImage):
            size = QSize(thumbnail.size()).scaled(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRectF(0, 0, size.width(), size.height())
            target.moveCenter(frame.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, thumbnail)
        else:
            painter.fillRect(frame, QColor(theme.raised))
        if number == self._session.index:
            painter.fillRect(QRectF(box.left(), box.top() + 2, 3, box.height() - 4), QColor(theme.accent))
        remark = self._session.images.remark(number)
        if remark.is_flagged:
            draw_flag(painter, QRectF(frame.right() - 14, frame.top() + 3, 10, 12))
        if remark.note:
            draw_note(painter, QRectF(frame.right() - 14, frame.top() + 19, 10, 11))
        painter.restore()


class StatusDelegate(QStyledItemDelegate):
    """Paints the state of work with its dot or sign, as the filmstrip does."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: N802 (Qt's name)
        super().initStyleOption(option, index)
        status = option.text  # type: ignore[attr-defined]
        color = QColor(getattr(current_theme(), STATUS_COLORS.get(status, "dim")))
        option.palette.setColor(option.palette.ColorRole.Text, color)  # type: ignore[attr-defined]
        option.palette.setColor(option.palette.ColorRole.HighlightedText, color)  # type: ignore[attr-defined]
        option.text = f"{STATUS_MARKS.get(status, '●')} {status}"  # type: ignore[attr-defined]
