"""The rows of the model browser for Qt: columns, sorting by value, and the search over everything a card says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt

from segstudio.session.prediction.model_library import ModelRow

Index = QModelIndex | QPersistentModelIndex
VALUE = Qt.ItemDataRole.UserRole
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, what it sorts by, and how that is written."""

    title: str
    value: Callable[[ModelRow], Any]
    text: Callable[[Any], str] = str
    is_number: bool = True
    tip: str = ""


def _best(row: ModelRow, *words: str) -> float | None:
    values = [p.value for p in row.card.published if any(word in p.metric.lower() for word in words)]
    return max(values, default=None)


def published_miou(row: ModelRow) -> float | None:
    """The best mIoU that the card names, of the paper or of known weights, in per cent."""
    known = [entry.miou for entry in row.card.weights if entry.miou is not None]
    figures = [value for value in (_best(row, "miou", "mean iou"), *known) if value is not None]
    return max(figures, default=None)


def published_fps(row: ModelRow) -> float | None:
    """Frames per second as the paper states them, on its machine."""
    return _best(row, "fps", "frames")


def _number(digits: int) -> Callable[[Any], str]:
    return lambda value: f"{value:,.{digits}f}"


COLUMNS = (
    Column("Model", lambda row: row.card.title.casefold(), is_number=False),
    Column("Task", lambda row: row.card.task, is_number=False),
    Column("State", lambda row: row.status.state, is_number=False),
    Column("Year", lambda row: row.card.year or None),
    Column("M params", lambda row: None if row.card.parameters is None else row.card.parameters / 1e6, _number(2)),
    Column("GMACs", lambda row: row.card.gmacs, _number(1), tip="10⁹ multiply-accumulates at the card's input size"),
    Column("mIoU", published_miou, _number(1), tip="The best published one, in per cent"),
    Column("FPS paper", published_fps, _number(0), tip="As published, on the machine of the paper"),
    Column(
        "FPS here",
        lambda row: None if row.measured is None else row.measured.fps,
        _number(1),
        tip="Measured on this machine: one image at the card's input size",
    ),
)


class ModelTable(QAbstractTableModel):
    """The rows as they are; `replace` shows others."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[ModelRow] = ()
        self._search: list[str] = []

    def replace(self, rows: Sequence[ModelRow]) -> None:
        """Show these rows."""
        self.beginResetModel()
        self.rows = rows
        self._search = [_everything(row) for row in rows]
        self.endResetModel()

    def search_text(self, row: int) -> str:
        return self._search[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's name and default)
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's name and default)
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_number else _LEFT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            if index.column() == 0:
                return row.card.title
            value = column.value(row)
            return "–" if value is None else column.text(value)
        if role == VALUE:
            value = column.value(row)
            return (-1.0 if value is None else float(value)) if column.is_number else value
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 2:
            return row.status.note or None
        return None


def _everything(row: ModelRow) -> str:
    card = row.card
    weights = " ".join(f"{entry.name} {entry.dataset}" for entry in card.weights)
    said = (card.name, card.title, card.family, card.task, card.paper, str(card.year), weights, row.status.state)
    return " ".join(said).casefold()


class ModelFilter(QSortFilterProxyModel):
    """Those rows that hold every word of the search, of one task and, where wanted, that run here."""

    def __init__(self, table: ModelTable) -> None:
        super().__init__()
        self._table = table
        self._words: list[str] = []
        self._task = ""
        self._only_works = False
        self.setSourceModel(table)
        self.setSortRole(VALUE)

    def look_for(self, text: str, *, task: str = "", only_works: bool = False) -> None:
        """Show what fits."""
        self._words, self._task, self._only_works = text.casefold().split(), task, only_works
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:  # noqa: N802 (Qt's name)
        row = self._table.rows[source_row]
        if self._task and row.card.task != self._task:
            return False
        if self._only_works and row.status.state != "works":
            return False
        text = self._table.search_text(source_row)
        return all(word in text for word in self._words)

    def row_at(self, index: Index) -> ModelRow:
        return self._table.rows[self.mapToSource(index).row()]
