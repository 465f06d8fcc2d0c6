"""The dock that answers "what if these errors were mended": a table by gain, and the sum of the chosen rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.metrics.policy import CITYSCAPES
from segstudio.session.inspect.what_if import GROUPS, Group, Mending, WhatIf
from segstudio.ui.inspect.desk import Desk, desk_of
from segstudio.ui.inspect.judged_bar import JudgedBar
from segstudio.ui.inspect.numbers import grouped, points, policy_text
from segstudio.ui.inspect.rows_table import Index, RowsModel, rows_table
from segstudio.ui.panels.pace import Pace

if TYPE_CHECKING:
    from segstudio.session.document import Document
    from segstudio.ui.shell.main_window import MainWindow

_TITLES: dict[Group, str] = {
    "kinds": "Kinds of errors",
    "pairs": "Pairs of classes",
    "classes": "Classes",
    "images": "Images",
}
_COLUMNS = ("If one mended", "Pixels", "mIoU", "Gain")


def what_if_dock(window: MainWindow) -> QWidget:
    """The content of the dock `inspect.what_if`."""
    return WhatIfDock(desk_of(window))


class MendingModel(RowsModel[Mending]):
    """Mendings, one per row."""

    titles = _COLUMNS

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            cells = row.title, grouped(row.pixels), f"{100 * row.mean_iou:.2f}", points(row.gain)
            return cells[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole and index.column() >= 2:
            return f"mean IoU of the data set, {policy_text(CITYSCAPES)}"
        return None


class WhatIfDock(QWidget):
    """Rows by gain; several rows chosen together are projected together. A double click goes there."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._document: Document | None = None
        self.what_if = WhatIf(desk.inspection)
        self.group = QComboBox()
        self.group.setAccessibleName("What is mended")
        for group in GROUPS:
            self.group.addItem(_TITLES[group], group)
        self.count = QToolButton()
        self.count.setProperty("role", "outlined")
        self.bar = JudgedBar(desk)
        self.bar.add(self.group, self.count)
        self.model = MendingModel()
        self.table = rows_table(self.model, "What mending would give, the most first", several=True)
        self.sum = QLabel()
        self.sum.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.bar)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.sum)
        self.group.activated.connect(self.refresh)
        self.count.clicked.connect(self._count)
        self.table.activated.connect(self._go)
        self.table.selectionModel().selectionChanged.connect(self._show_sum)
        self._pace = Pace(self, self.refresh, interval_ms=150)
        self.what_if.changed.connect(self._pace.ask)
        desk.session.document_changed.connect(self._on_document)
        self._on_document(desk.session.document)
        desk.attend(self)
        self.refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(900, 300)

    def refresh(self, *_: object) -> None:
        """Show the projections of now; what was chosen stays chosen."""
        group: Group = self.group.currentData()
        chosen = {row.title for row in self._chosen()}
        self.model.replace(self.what_if.rows(group))
        selection = self.table.selectionModel()
        for place, row in enumerate(self.model.rows):
            if row.title in chosen:
                flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
                selection.select(self.model.index(place, 0), flags)
        self.count.setVisible(group == "kinds")
        counting = self.what_if.is_counting
        self.count.setText("Stop" if counting else "Count again" if self.what_if.num_counted else "Count the kinds")
        self._show_sum()

    def _chosen(self) -> list[Mending]:
        return [self.model.rows[index.row()] for index in self.table.selectionModel().selectedRows()]

    def _show_sum(self, *_: object) -> None:
        chosen = self._chosen()
        if len(chosen) > 1 and (both := self.what_if.together(chosen)) is not None:
            gain = f"{100 * both.mean_iou:.2f} % mIoU, {points(both.gain)} points"
            self.sum.setText(f"{len(chosen)} rows together, {grouped(both.pixels)} px: <b>{gain}</b>")
            return
        matrix = self._desk.inspection.dataset_matrix()
        if matrix.valid_pixels == 0:
            self.sum.setText("Nothing to project yet: draw labels or run a model on images that have ground truth.")
        elif self.group.currentData() == "kinds" and not self.model.rows:
            self.sum.setText("The kinds need a look at every pixel; counting goes on in the background.")
        else:
            counted = f" Kinds are known of {self.what_if.num_counted} images." if self.count.isVisible() else ""
            self.sum.setText(f"Now {100 * matrix.mean_iou():.2f} % mIoU. Choose several rows to add them up.{counted}")

    def _count(self) -> None:
        if self.what_if.is_counting:
            self.what_if.cancel()
        else:
            self.what_if.count_kinds()

    def _go(self, index: QModelIndex) -> None:
        """To the regions of a pair, or to an image."""
        row = self.model.rows[index.row()]
        if row.pair is not None:
            self._desk.show_pair(row.pair)
        elif row.key and (place := self._desk.session.images.index_of(row.key)) is not None:
            self._desk.session.go(place)

    def _on_document(self, document: Document | None) -> None:
        if self._document is not None:
            self._document.recorded.disconnect(self._on_recorded)
        self._document = document
        if document is not None:
            document.recorded.connect(self._on_recorded)

    def _on_recorded(self, _: object) -> None:
        self.what_if.recount_open()
