"""The class list as a Qt model and the delegate that paints a row: colour, digit, name, share, IoU bar, eye, lock."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from segstudio.core.class_set import LabelClass
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.theme import current_theme

ROW = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex
_HEIGHT = 34


def row_height(metrics: QFontMetrics) -> int:
    """Pixels of a row: a line of text, and the bar below it."""
    return max(_HEIGHT, metrics.height() + 18)


def _score_width(metrics: QFontMetrics) -> int:
    return max(88, metrics.horizontalAdvance("▲100.0 100.0"))


@dataclass(frozen=True, slots=True)
class ClassRow:
    """What one row shows; `iou` and `change` are fractions, NaN where undefined."""

    label_class: LabelClass
    digit: str
    pixels: int
    share: float
    iou: float
    change: float
    active: bool
    hidden: bool
    protected: bool


class ClassListModel(QAbstractListModel):
    """Rows as given; a change of the values keeps selection and scroll position."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[ClassRow] = []

    def show(self, rows: list[ClassRow]) -> None:
        """Show other rows."""
        if [r.label_class.id for r in rows] != [r.label_class.id for r in self._rows]:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        elif rows != self._rows:
            self._rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))

    def row_of(self, class_id: int | None) -> int:
        """Where the class stands, −1 where it does not."""
        return next((i for i, row in enumerate(self._rows) if row.label_class.id == class_id), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.label_class.name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return _in_words(row)
        return None


def _in_words(row: ClassRow) -> str:
    parts = [f"{row.label_class.name} (id {row.label_class.id})"]
    if row.label_class.is_ignored:
        parts.append("not scored")
    if row.pixels:
        parts.append(f"{row.pixels:,} pixels, {row.share:.1%} of the image")
    if not math.isnan(row.iou):
        parts.append(f"IoU {row.iou:.1%}")
    parts += ["hidden"] if row.hidden else []
    parts += ["protected from painting"] if row.protected else []
    return " · ".join(parts)


def eye_rect(row: QRect) -> QRect:
    """Where the eye of a row is."""
    return QRect(row.right() - 44, row.center().y() - 9, 18, 18)


def lock_rect(row: QRect) -> QRect:
    """Where the lock of a row is."""
    return QRect(row.right() - 22, row.center().y() - 9, 18, 18)


class ClassDelegate(QStyledItemDelegate):
    """Paints a row; the model holds the numbers."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(200, row_height(option.fontMetrics))  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: ClassRow = index.data(ROW)
        theme = current_theme()
        box: QRect = option.rect  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # The columns stand from left to right, as the names of classes do.
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self._ground(painter, option, row, box)
        swatch = QRect(box.left() + 8, box.center().y() - 8, 17, 17)
        painter.setPen(QColor(theme.line))
        painter.setBrush(QColor(*row.label_class.color))
        painter.drawRoundedRect(swatch, 4, 4)
        if row.digit:
            self._digit(painter, row, swatch)
        self._name(painter, row, box, swatch.right() + 9)
        self._score(painter, row, box)
        for name, where, lit in (
            ("eye-off" if row.hidden else "eye", eye_rect(box), row.hidden),
            ("lock" if row.protected else "unlock", lock_rect(box), row.protected),
        ):
            painter.setOpacity(1.0 if lit else 0.4)
            icon(name).paint(painter, where)
        painter.restore()

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem, row: ClassRow, box: QRect) -> None:
        theme = current_theme()
        inner = box.adjusted(2, 1, -2, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if row.active:
            painter.setBrush(QColor(theme.hover))
            painter.drawRoundedRect(inner, 6, 6)
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(QRect(inner.left(), inner.top() + 5, 3, inner.height() - 10), 1.5, 1.5)
        elif option.state & QStyle.StateFlag.State_MouseOver:  # type: ignore[attr-defined]
            painter.setBrush(QColor(theme.raised))
            painter.drawRoundedRect(inner, 6, 6)

    def _digit(self, painter: QPainter, row: ClassRow, swatch: QRect) -> None:
        red, green, blue = row.label_class.color
        bright = 0.299 * red + 0.587 * green + 0.114 * blue > 140
        painter.setPen(QColor("#10141b" if bright else "#ffffff"))
        font = painter.font()
        small = painter.font()
        small.setPixelSize(11)
        small.setBold(True)
        painter.setFont(small)
        painter.drawText(swatch, Qt.AlignmentFlag.AlignCenter, row.digit)
        painter.setFont(font)

    def _name(self, painter: QPainter, row: ClassRow, box: QRect, left: int) -> None:
        theme = current_theme()
        font = painter.font()
        font.setBold(row.active)
        painter.setFont(font)
        room = QRect(left, box.top(), box.right() - 58 - _score_width(painter.fontMetrics()) - left, box.height())
        faded = row.hidden or row.label_class.is_ignored
        painter.setPen(QColor(theme.dim if faded else theme.text))
        text = QFontMetrics(font).elidedText(row.label_class.name, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        font.setBold(False)
        painter.setFont(font)

    def _score(self, painter: QPainter, row: ClassRow, box: QRect) -> None:
        theme = current_theme()
        width = _score_width(painter.fontMetrics())
        area = QRect(box.right() - 52 - width, box.top(), width, box.height())
        if math.isnan(row.iou):
            if row.pixels:
                painter.setPen(QColor(theme.dim))
                painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{row.share:.1%}")
            return
        painter.setPen(QColor(theme.text))
        text = area.adjusted(0, 3, 0, -11)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{100 * row.iou:.1f}")
        if abs(row.change) >= 0.0005:
            painter.setPen(QColor(theme.good if row.change > 0 else theme.bad))
            sign = "▲" if row.change > 0 else "▼"
            change = f"{sign}{100 * abs(row.change):.1f}"
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, change)
        bar = QRect(area.left(), box.bottom() - 9, area.width(), 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.line))
        painter.drawRoundedRect(bar, 2, 2)
        painter.setBrush(QColor(theme.good if row.iou >= 0.5 else theme.warn if row.iou >= 0.25 else theme.bad))
        painter.drawRoundedRect(QRect(bar.left(), bar.top(), max(2, round(bar.width() * row.iou)), 4), 2, 2)


def hit(event: QEvent, row: QRect) -> str:
    """Which part of a row a mouse event meets: "eye", "lock" or "row"."""
    assert isinstance(event, QMouseEvent)
    point: QPoint = event.position().toPoint()
    if eye_rect(row).adjusted(-2, -6, 2, 6).contains(point):
        return "eye"
    if lock_rect(row).adjusted(-2, -6, 2, 6).contains(point):
        return "lock"
    return "row"
