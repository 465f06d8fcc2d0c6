"""The regions behind one cell of the matrix, as a table from which one goes to each of them and mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.layer import LABELS
from segstudio.session.inspect.confusion_regions import Located
from segstudio.session.inspect.mend import mend_labels
from segstudio.ui.inspect.desk import Desk
from segstudio.ui.inspect.numbers import grouped, points
from segstudio.ui.inspect.rows_table import Index, RowsModel, rows_table
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.outlined import outlined_button

_TITLES = ("Image", "Pixels", "Δ mIoU", "Δ IoU")
_TIPS = (
    "the image that the region is in",
    "pixels of the region",
    "points of mean IoU that mending this region alone would give",
    "points of IoU that it would give to the class of the truth",
)


class RegionModel(RowsModel[Located]):
    """Located regions, one per row."""

    titles = _TITLES
    tips = _TIPS

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        located = self.rows[index.row()]
        region = located.region
        if role == Qt.ItemDataRole.DisplayRole:
            name = located.key.rsplit("/", 1)[-1]
            return (name, grouped(region.pixels), points(region.delta_miou), points(region.delta_iou_truth))[
                index.column()
            ]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return located.key if index.column() == 0 else _TIPS[index.column()]
        return None


class RegionTable(QWidget):
    """Follows the desk's regions. A click or Enter goes to a region; `closed` asks to see the matrix alone again."""

    closed = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.model = RegionModel()
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.table = rows_table(self.model, "Regions of this confusion, the most rewarding first")
        self.mend = outlined_button(
            "Mend it", "Give this region of the labels the class of the truth, as one edit (Ctrl+Z)"
        )
        self.previous = outlined_button("◀", "Previous region")
        self.next = outlined_button("▶", "Next region")
        close = outlined_button("✕", "Close the list")
        bar = QHBoxLayout()
        bar.addWidget(self.title, 1)
        for button in (self.previous, self.next, self.mend, close):
            button.setAccessibleName(button.toolTip())
            bar.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(bar)
        layout.addWidget(self.table, 1)
        self.table.clicked.connect(self._go)
        self.table.activated.connect(self._go)
        self.mend.clicked.connect(self._mend)
        self.previous.clicked.connect(self._go_back)
        self.next.clicked.connect(self._go_on)
        close.clicked.connect(self.closed)
        self._pace = Pace(self, self.refresh, interval_ms=80)
        desk.regions.changed.connect(self._pace.ask)
        self.refresh()

    def refresh(self) -> None:
        """Show the regions of now; the one that was chosen stays chosen, or what stands in its place."""
        regions = self._desk.regions
        row = self.table.currentIndex().row()
        before = self.model.rows[row] if 0 <= row < len(self.model.rows) else None
        self.title.setText(self._head())
        if regions.rows is not self.model.rows:
            self.model.replace(regions.rows)
            place = _place_of(before, self.model.rows)
            if place is None and before is not None and self.model.rows:
                place = min(row, len(self.model.rows) - 1)
            if place is not None:
                self._choose(place)
        for button in (self.mend, self.previous, self.next):
            button.setEnabled(bool(self.model.rows))

    def _head(self) -> str:
        regions = self._desk.regions
        if regions.pair is None:
            return "Click a cell to list its regions."
        names = [c.name for c in self._desk.session.classes.current.evaluated]
        truth, said = regions.pair
        label = "nothing" if said is None else names[said]
        where = "data set" if regions.whole else "image"
        more = ", searching…" if regions.is_searching else ""
        shown = f", the first {len(regions.rows)}" if len(regions.rows) < regions.count else ""
        plural = "" if regions.count == 1 else "s"
        return (
            f"<b>{names[truth]}</b>, said to be <b>{label}</b>: {grouped(regions.count)} region{plural}, "
            f"{grouped(regions.pixels)} px of the {where}{shown}{more}"
        )

    def _choose(self, row: int) -> None:
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(self.model.index(row, 0), flags)

    def _current(self) -> Located | None:
        row = self.table.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    def _go(self, *_: object) -> None:
        located = self._current()
        if located is not None:
            self._desk.show_region(located.key, located.region)

    def _go_on(self) -> None:
        self._step(1)

    def _go_back(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        if self.model.rows:
            self._choose((self.table.currentIndex().row() + by) % len(self.model.rows))
            self._go()

    def _mend(self) -> None:
        located, document = self._current(), self._desk.session.document
        if located is None:
            self._desk.session.notify.tell("info", "choose a region first")
            return
        if document is None or document.key != located.key:
            self._go()
            return
        self._desk.session.live.mark()
        layer = self._desk.inspection.layer
        done = self._desk.tried(lambda: mend_labels(document, layer, located.region))
        if done and layer != LABELS:
            self._desk.session.notify.info("the labels have the truth's class there now; the prediction stays as it is")


def _place_of(wanted: Located | None, rows: Sequence[Located]) -> int | None:
    if wanted is None:
        return None
    for place, row in enumerate(rows):
        if row.key == wanted.key and row.region.anchor_xy == wanted.region.anchor_xy:
            return place
    return None
