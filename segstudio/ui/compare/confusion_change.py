"""How the confusions of B differ from those of A: shares of the truth's pixels, B − A, coloured by who does better."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from segstudio.core.class_set import ClassSet
from segstudio.metrics.agreement import Agreement
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.render.lut import AGREEMENT_COLORS
from segstudio.ui.inspect.matrix_view import Index, MatrixModel, MatrixView, blend, readable_on
from segstudio.ui.inspect.numbers import grouped
from segstudio.ui.shell.theme import current_theme


class ChangeModel(MatrixModel):
    """Rows of both matrices as shares; a cell is positive where B has more."""

    def __init__(self) -> None:
        super().__init__()
        self._change = np.zeros((0, 1))
        self._pixels = np.zeros((2, 0, 1), np.int64)

    def show_change(self, a: ConfusionMatrix, b: ConfusionMatrix, class_set: ClassSet) -> None:
        """Show the classes that either has."""
        present = a.classes_present | b.classes_present
        chosen = tuple(np.flatnonzero(present).tolist())
        both = [np.concatenate([one.counts, one.missed[:, None]], axis=1) for one in (a, b)]
        shares = [whole / np.maximum(whole.sum(axis=1, keepdims=True), 1) for whole in both]
        columns = np.ix_(chosen, (*chosen, a.num_classes))
        self._change = (shares[1] - shares[0])[columns]
        self._pixels = np.stack([whole[columns] for whole in both])
        # The frame of the table is that of the matrix of B; its cells are drawn below.
        self.show(b, class_set, chosen, "rows")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            points = 100 * self._change[row, column]
            return "" if abs(points) < 0.05 else f"{points:+.1f}"
        if role == Qt.ItemDataRole.BackgroundRole:
            return self._color(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return readable_on(self._color(row, column))
        return super().data(index, role)

    def describe(self, row: int, column: int) -> str:
        """One cell in words, with all its numbers."""
        truth, said = self._name(row), self._name(column)
        head = f"{truth}, rightly found" if row == column else f"{truth} in truth, said to be {said}"
        a, b = self._pixels[:, row, column].tolist()
        return f"{head}: A {grouped(a)} px, B {grouped(b)} px\n{100 * self._change[row, column]:+.2f} points of {truth}"

    def _color(self, row: int, column: int) -> QColor:
        """More on the diagonal is better, more beside it is worse."""
        change = float(self._change[row, column])
        better_b = change > 0 if row == column else change < 0
        color = QColor(*AGREEMENT_COLORS[Agreement.ONLY_B_RIGHT if better_b else Agreement.ONLY_A_RIGHT])
        strength = min(1.0, abs(change) * 8) ** 0.5 if abs(change) >= 5e-4 else 0.0
        return blend(current_theme().panel, color.name(), 0.9 * strength)


class ChangeView(MatrixView):
    """The table; a click on a confusion carries its pair."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.change = ChangeModel()
        self.matrix = self.change
        self.setModel(self.change)
        self.setAccessibleName("Difference of the confusion matrices, B minus A, in points of the truth's pixels")

    def show_change(self, a: ConfusionMatrix, b: ConfusionMatrix, class_set: ClassSet) -> None:
        """Show other matrices."""
        self.change.show_change(a, b, class_set)
