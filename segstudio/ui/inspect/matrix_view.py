"""A confusion matrix as a table that is coloured by how much is confused: rows are truth, columns what was said."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, log1p, sqrt
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from segstudio.core.class_set import ClassSet
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.error_regions import Pair
from segstudio.ui.inspect.numbers import grouped, percent, short
from segstudio.ui.shell.theme import current_theme

Measure = Literal["counts", "rows", "columns"]
NOTHING = "nothing"
_CELL = QSize(46, 22)
_NAME = 130
Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()


class MatrixModel(QAbstractTableModel):
    """Some classes of a matrix; the last column holds what was given no class. Shares are of the whole row or column,
    whichever classes are shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self.class_set = ClassSet("none", ())
        self.chosen: tuple[int, ...] = ()
        self.measure: Measure = "counts"
        self._counts = np.zeros((0, 1), np.int64)
        self._shares = np.zeros((0, 1))
        self._largest = 1.0
        self._rows = np.zeros(0, np.int64)
        self._columns = np.zeros(1, np.int64)

    def show(self, matrix: ConfusionMatrix, class_set: ClassSet, chosen: Sequence[int], measure: Measure) -> None:
        """Show `chosen` classes (evaluation indices) of a matrix; cells stay selected where the classes stay."""
        same = tuple(chosen) == self.chosen and class_set == self.class_set
        if not same:
            self.beginResetModel()
        self.class_set, self.chosen, self.measure = class_set, tuple(chosen), measure
        whole = np.concatenate([matrix.counts, matrix.missed[:, None]], axis=1)
        self._rows, self._columns = whole.sum(axis=1), whole.sum(axis=0)
        self._counts = whole[np.ix_(self.chosen, (*self.chosen, matrix.num_classes))]
        self._shares = self._shares_of(self._counts)
        wrong = self._counts.copy()
        np.fill_diagonal(wrong, 0)
        self._largest = float(max(1, wrong.max(initial=0)))
        if same:
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)
        else:
            self.endResetModel()

    def _shares_of(self, counts: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        rows = self._rows[list(self.chosen)][:, None]
        columns = self._columns[[*self.chosen, -1]][None, :]
        wholes = np.broadcast_to(columns if self.measure == "columns" else rows, counts.shape)
        return np.where(wholes > 0, counts / np.maximum(wholes, 1), np.nan)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent.isValid() else len(self.chosen)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent.isValid() or not self.chosen else len(self.chosen) + 1

    def pair(self, index: Index) -> Pair | None:
        """The confusion of a cell; None for what is right."""
        truth = self.chosen[index.row()]
        label = self.chosen[index.column()] if index.column() < len(self.chosen) else None
        return None if truth == label else (truth, label)

    def index_of(self, pair: Pair) -> QModelIndex:
        """The cell of a confusion; an invalid index where its classes are not shown."""
        truth, label = pair
        if truth not in self.chosen or not (label is None or label in self.chosen):
            return QModelIndex()
        return self.index(self.chosen.index(truth), len(self.chosen) if label is None else self.chosen.index(label))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802 (Qt's name)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._name(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            side = "truth" if orientation == Qt.Orientation.Vertical else "said"
            return f"{side}: {self._name(section)}"
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.BackgroundRole:
            return self._ground(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return readable_on(self._ground(row, column))
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.describe(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        return None

    def describe(self, row: int, column: int) -> str:
        """One cell in words, with all its numbers."""
        count = int(self._counts[row, column])
        truth, said = self._name(row), self._name(column)
        of_row, of_column = int(self._rows[self.chosen[row]]), int(self._columns[[*self.chosen, -1][column]])
        head = f"{truth}, rightly found" if row == column else f"{truth} in truth, said to be {said}"
        parts = [f"{head}: {grouped(count)} px"]
        if of_row:
            parts.append(f"{100 * count / of_row:.2f} % of the truth's {truth}")
        if of_column:
            parts.append(f"{100 * count / of_column:.2f} % of what is said to be {said}")
        return "\n".join(parts)

    def _name(self, section: int) -> str:
        if section >= len(self.chosen):
            return NOTHING
        return self.class_set.evaluated[self.chosen[section]].name

    def _text(self, row: int, column: int) -> str:
        count = int(self._counts[row, column])
        if count == 0:
            return ""
        return short(count) if self.measure == "counts" else percent(float(self._shares[row, column]))

    def _ground(self, row: int, column: int) -> QColor:
        """What is right in one colour, what is wrong in another; both grow with what they stand for."""
        theme = current_theme()
        count, share = int(self._counts[row, column]), float(self._shares[row, column])
        if count == 0:
            return QColor(theme.panel)
        if row == column:
            return blend(theme.panel, theme.accent, 0.15 + 0.6 * (0.0 if isnan(share) else share))
        if self.measure == "counts":
            # Squared, so that the orders of magnitude at the top are told apart and the rest fades.
            strength = (log1p(count) / log1p(self._largest)) ** 2
        else:
            strength = sqrt(0.0 if isnan(share) else share)
        return blend(theme.panel, theme.warn, 0.06 + 0.94 * strength)


def blend(ground: str, color: str, share: float) -> QColor:
    """A mixture of two colours; `share` 0…1 of the second."""
    a, b = QColor(ground), QColor(color)
    pairs = (a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue())
    return QColor(*(round((1 - share) * x + share * y) for x, y in pairs))


def readable_on(ground: QColor) -> QColor:
    """Black or white, whichever stands out more (relative luminance of WCAG 2)."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part) for part in (ground.redF(), ground.greenF(), ground.blueF()))
    return QColor("#000000") if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else QColor("#ffffff")


class MatrixView(QTableView):
    """The table. `cell_chosen` carries the truth class and the said class (None = nothing) of a click or Enter."""

    cell_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.matrix = MatrixModel()
        self.setModel(self.matrix)
        self.setAccessibleName("Confusion matrix: rows are truth, columns what was said")
        self.setHorizontalHeader(_Leaning(self))
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setDefaultSectionSize(_CELL.width())
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(_CELL.height())
        self.verticalHeader().setMaximumWidth(_NAME)
        self.verticalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setStyleSheet("QTableCornerButton::section { background: transparent; border: none; }")
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def _choose(self, index: QModelIndex) -> None:
        pair = self.matrix.pair(index)
        if pair is not None:
            self.cell_chosen.emit(pair)


class _Leaning(QHeaderView):
    """Column names from the bottom up, so that columns can be narrow."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)

    def sectionSizeFromContents(self, section: int) -> QSize:  # noqa: N802 (Qt's name)
        text = str(self.model().headerData(section, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole))
        wide = min(110, self.fontMetrics().horizontalAdvance(text) + 12)
        return QSize(_CELL.width(), wide)

    def paintSection(self, painter: QPainter, rect: Any, section: int) -> None:  # noqa: N802 (Qt's name)
        theme = current_theme()
        painter.save()
        painter.fillRect(rect, QColor(theme.ground))
        painter.setPen(QColor(theme.dim))
        painter.translate(rect.x() + rect.width() / 2, rect.bottom() - 5)
        painter.rotate(-90)
        text = str(self.model().headerData(section, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole))
        room = rect.height() - 8
        text = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(0, self.fontMetrics().ascent() // 2 - 1, text)
        painter.restore()
