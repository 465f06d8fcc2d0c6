"""The regions where only A or only B is right, the most telling first: go there, and take what either says."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.metrics.agreement import Agreement
from segstudio.metrics.error_regions import Pair
from segstudio.session.comparison.comparing import Side
from segstudio.session.comparison.duel import Duel, DuelResult, WonRegion
from segstudio.session.comparison.take_region import take_region
from segstudio.ui.compare.agreement_key import swatch
from segstudio.ui.inspect.desk import Desk
from segstudio.ui.inspect.numbers import grouped, points
from segstudio.ui.inspect.rows_table import Index, RowsModel, rows_table
from segstudio.ui.shell.outlined import outlined_button

_TITLES = ("Image", "Right", "Truth", "The other says", "Pixels", "Δ mIoU")
_TIPS = (
    "the image that the region is in",
    "which of the two is right there",
    "the class of the truth, and of the one that is right",
    "what the one that is wrong says",
    "pixels of the region",
    "points of mean IoU over the data set that the other would gain by saying the same there",
)
_CASE = {"a": Agreement.ONLY_A_RIGHT, "b": Agreement.ONLY_B_RIGHT}


class WonModel(RowsModel[WonRegion]):
    """Won regions, one per row."""

    titles = _TITLES
    tips = _TIPS

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []

    def show(self, rows: tuple[WonRegion, ...], names: list[str]) -> None:
        """Show these regions, their classes called by `names`."""
        self._names = names
        self.replace(rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        won, column = self.rows[index.row()], index.column()
        region = won.region
        if role == Qt.ItemDataRole.DisplayRole:
            said = "nothing" if region.label_class is None else self._names[region.label_class]
            name = won.key.rsplit("/", 1)[-1]
            cells = (name, won.winner.upper(), self._names[region.truth_class], said, grouped(region.pixels))
            return (*cells, points(region.delta_miou))[column]
        if role == Qt.ItemDataRole.DecorationRole and column == 1:
            return swatch(_CASE[won.winner])
        if role == Qt.ItemDataRole.TextAlignmentRole and column > 3:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return won.key if column == 0 else _TIPS[column]
        return None


class WonTable(QWidget):
    """A click or Enter goes to a region; the buttons take what A or B says there into the labels."""

    def __init__(self, desk: Desk, duel: Duel) -> None:
        super().__init__()
        self._desk = desk
        self._duel = duel
        self._result: DuelResult | None = None
        self._pair: Pair | None = None
        self.model = WonModel()
        self.table = rows_table(
            self.model,
            "Regions where only one of the two is right, the most telling first",
            sizing=QHeaderView.ResizeMode.Interactive,
        )
        self.title = QLabel()
        self.who = QComboBox()
        self.who.setAccessibleName("Who is right")
        for title, side in (("Either", ""), ("Only A right", "a"), ("Only B right", "b")):
            self.who.addItem(title, side)
        self.every = outlined_button("All classes", "Show the regions of all classes again")
        self.take: dict[Side, QToolButton] = {
            "a": outlined_button(
                "Take from A here", "Give this region of the labels what A says, as one edit (Ctrl+Z)"
            ),
            "b": outlined_button(
                "Take from B here", "Give this region of the labels what B says, as one edit (Ctrl+Z)"
            ),
        }
        line = QHBoxLayout()
        line.addWidget(self.who)
        line.addWidget(self.title, 1)
        for button in (self.every, *self.take.values()):
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addLayout(line)
        column.addWidget(self.table, 1)
        self.table.clicked.connect(self._go)
        self.table.activated.connect(self._go)
        self.who.activated.connect(self._refresh)
        self.every.clicked.connect(self._show_every_pair)
        for side, button in self.take.items():
            button.clicked.connect(partial(self._take, side))

    def show_result(self, result: DuelResult) -> None:
        """Show the regions of another count."""
        if result is not self._result:
            self._result, self._pair = result, None
            self._refresh()

    def show_pair(self, pair: Pair) -> None:
        """Show only the regions of one confusion."""
        self._pair = pair
        self._refresh()

    def _show_every_pair(self) -> None:
        self._pair = None
        self._refresh()

    def _refresh(self, *_: object) -> None:
        result = self._result
        if result is None:
            return
        side = self.who.currentData()
        rows = [won for won in result.regions if not side or won.winner == side]
        if self._pair is not None:
            rows = [won for won in rows if (won.region.truth_class, won.region.label_class) == self._pair]
        names = [c.name for c in result.class_set.evaluated]
        self.model.show(tuple(rows), names)
        what = ""
        if self._pair is not None:
            said = "nothing" if self._pair[1] is None else names[self._pair[1]]
            what = f" of {names[self._pair[0]]} said to be {said}"
        self.title.setText(f"{grouped(len(rows))} region{'' if len(rows) == 1 else 's'}{what}")
        self.every.setVisible(self._pair is not None)
        for column, width in ((1, 54), (2, 110), (3, 110), (4, 70), (5, 70)):
            self.table.setColumnWidth(column, width)

    @property
    def current(self) -> WonRegion | None:
        """The region that was chosen."""
        row = self.table.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    def _go(self, *_: object) -> None:
        won = self.current
        if won is not None:
            self._desk.show_region(won.key, won.region)

    def _take(self, side: Side, _: bool = False) -> None:
        won, result, document = self.current, self._result, self._desk.session.document
        if won is None or result is None:
            self._desk.session.notify.tell("info", "choose a region first")
            return
        if document is None or document.key != won.key:
            self._go()
            return
        self._desk.session.live.mark()
        self._desk.tried(lambda: take_region(document, won, a=result.a, b=result.b, side=side))
