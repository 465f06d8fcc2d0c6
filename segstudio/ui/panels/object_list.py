"""The list of objects: a model that stays quick with many thousands, and the delegate that paints a row."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from segstudio.core.class_set import ClassSet
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.session.edits.object_facts import NAME
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.theme import current_theme

_Index = QModelIndex | QPersistentModelIndex
OBJECT_ID = Qt.ItemDataRole.UserRole
OBJECT = Qt.ItemDataRole.UserRole + 1
HIDDEN = Qt.ItemDataRole.UserRole + 2
_ROWS = "application/x-segstudio-objects"
_HEIGHT = 26


def object_title(item: SegObject, class_set: ClassSet) -> str:
    """One line about an object: its name or class, number, shape, score."""
    found = class_set.by_id.get(item.class_id)
    named = f"“{item.attributes[NAME]}” " if item.attributes.get(NAME) else ""
    words = [f"{named}{found.name if found is not None else f'class {item.class_id}'} #{item.id}"]
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
    """Objects from front to back. `dropped` carries the ids that were dragged and the id they were dropped behind.

    That id is None where they were dropped in front of all.
    """

    dropped = Signal(object, object)
    renamed = Signal(object, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items: Sequence[SegObject] = ()
        self._row_of: dict[int, int] = {}
        self._hidden: frozenset[int] = frozenset()
        self._class_set: ClassSet | None = None

    def show(self, items: Sequence[SegObject], class_set: ClassSet) -> None:
        """Show other objects; where the ids stay the same, rows keep their place and focus."""
        same = len(items) == len(self._items) and all(a.id == b.id for a, b in zip(items, self._items, strict=True))
        if not same:
            self.beginResetModel()
        self._items, self._class_set = items, class_set
        if same:
            self._tell_all()
        else:
            self._row_of = {item.id: row for row, item in enumerate(items)}
            self.endResetModel()

    def show_hidden(self, ids: frozenset[int]) -> None:
        """Mark these as not drawn."""
        if ids != self._hidden:
            self._hidden = ids
            self._tell_all()

    def _tell_all(self) -> None:
        if self._items:
            self.dataChanged.emit(self.index(0), self.index(len(self._items) - 1))

    def selection_of(self, ids: frozenset[int]) -> QItemSelection:
        """The rows of these objects, neighbours as one range."""
        rows = sorted(self._row_of[key] for key in ids if key in self._row_of)
        selection = QItemSelection()
        start = 0
        for at in range(1, len(rows) + 1):
            if at == len(rows) or rows[at] != rows[at - 1] + 1:
                selection.select(self.index(rows[start]), self.index(rows[at - 1]))
                start = at
        return selection

    def ids_of(self, selection: QItemSelection) -> frozenset[int]:
        """The objects of selected rows."""
        parts = [selection[at] for at in range(selection.count())]  # type: ignore[index]  # the stubs forget it
        return frozenset(self._items[row].id for part in parts for row in range(part.top(), part.bottom() + 1))

    def first_row_of(self, ids: frozenset[int]) -> int:
        """The first row of these objects, −1 where none is listed."""
        return min((self._row_of[key] for key in ids if key in self._row_of), default=-1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._items)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        base = super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled
        return base if self._items[index.row()].locked else base | Qt.ItemFlag.ItemIsEditable

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        item = self._items[index.row()]
        assert self._class_set is not None
        if role == Qt.ItemDataRole.DisplayRole:
            return object_title(item, self._class_set)
        if role == Qt.ItemDataRole.EditRole:
            return str(item.attributes.get(NAME, ""))
        if role == OBJECT_ID:
            return item.id
        if role == OBJECT:
            return item
        if role == HIDDEN:
            return item.id in self._hidden
        if role == Qt.ItemDataRole.DecorationRole:
            found = self._class_set.by_id.get(item.class_id)
            return QColor(*(found.color if found is not None else (128, 128, 128)))
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            states = [word for word, on in (("hidden", item.id in self._hidden), ("locked", item.locked)) if on]
            facts = [f"{key}: {value}" for key, value in item.attributes.items()]
            return " · ".join([object_title(item, self._class_set), *states, *facts])
        return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        if role != Qt.ItemDataRole.EditRole:
            return False
        self.renamed.emit(self._items[index.row()].id, str(value).strip())
        return True

    # ── dragging: the order is the labels', so a drop only asks for it ───────────────────────────────────────────────

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802 (Qt's name)
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:  # noqa: N802 (Qt's name)
        return [_ROWS]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802 (Qt's name)
        data = QMimeData()
        data.setData(_ROWS, ",".join(str(self._items[index.row()].id) for index in indexes).encode())
        return data

    def dropMimeData(  # noqa: N802 (Qt's name)
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index
    ) -> bool:
        if not data.hasFormat(_ROWS):
            return False
        ids = frozenset(int(text) for text in bytes(data.data(_ROWS).data()).decode().split(","))
        place = row if row >= 0 else parent.row() if parent.isValid() else len(self._items)
        above = next((item.id for item in reversed(self._items[:place]) if item.id not in ids), None)
        self.dropped.emit(ids, above)
        # Qt would take the dragged rows out of the model after a move; the refresh that follows the edit does that.
        return False


def eye_of(row: QRect) -> QRect:
    """Where the eye of a row is."""
    return QRect(row.right() - 42, row.center().y() - 8, 16, 16)


def lock_of(row: QRect) -> QRect:
    """Where the lock of a row is."""
    return QRect(row.right() - 20, row.center().y() - 8, 16, 16)


def part_at(point: QPoint, row: QRect) -> str:
    """Which part of a row lies under a point: "eye", "lock" or "row"."""
    for part, where in (("eye", eye_of(row)), ("lock", lock_of(row))):
        if where.adjusted(-2, -5, 2, 5).contains(point):
            return part
    return "row"


class ObjectDelegate(QStyledItemDelegate):
    """Swatch, title, eye and lock."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(200, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        theme = current_theme()
        box: QRect = option.rect  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        item: SegObject = index.data(OBJECT)
        hidden: bool = index.data(HIDDEN)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(QColor(theme.hover))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 5, 5)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(theme.raised))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 5, 5)
        painter.setBrush(index.data(Qt.ItemDataRole.DecorationRole))
        painter.drawRoundedRect(QRect(box.left() + 7, box.center().y() - 5, 11, 11), 3, 3)
        room = box.adjusted(26, 0, -48, 0)
        text = QFontMetrics(painter.font()).elidedText(index.data(), Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(QColor(theme.dim if hidden or item.locked else theme.text))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        for name, where, lit in (
            ("eye-off" if hidden else "eye", eye_of(box), hidden),
            ("lock" if item.locked else "unlock", lock_of(box), item.locked),
        ):
            painter.setOpacity(1.0 if lit else 0.35)
            icon(name).paint(painter, where)
        painter.restore()
