"""The dock with the data set table: filter bar above, table below, histograms beside where they are wanted."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QToolButton, QVBoxLayout, QWidget

from segstudio.session.dataset.fact_scan import FactScan
from segstudio.ui.dataset.columns import COLUMNS
from segstudio.ui.dataset.filter_bar import FilterBar
from segstudio.ui.dataset.table_view import DatasetTable
from segstudio.ui.dataset.triage import Triage
from segstudio.ui.shell.elided import ElidedLabel

if TYPE_CHECKING:
    from segstudio.ui.dataset.histograms import Histogram
    from segstudio.ui.shell.main_window import MainWindow

_BUTTONS = (
    ("open", "Open", "Enter"),
    ("next", "Next", "N"),
    ("flag", "Flag", "F"),
    ("note", "Note…", "C"),
    ("tag", "Tags…", "G"),
    ("accept", "Accept", "Y"),
    ("label", "To labelling", "L"),
    ("review", "Reviewed", "V"),
    ("reject", "Rejected", "X"),
)
_TIPS = {
    "next": "Open the image in the next row: in an order by a score, the next worst",
    "accept": "Take the newest prediction into the labels",
    "label": "Set the state of work back to “to do”",
}


def dataset_dock(window: MainWindow) -> QWidget:
    """The content of the dock `inspect.dataset`."""
    return DatasetDock(window)


class DatasetDock(QWidget):
    """Filter, table and histograms; what is not known yet is found while the dock is to be seen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._session = session = window.session
        self.bar = FilterBar(session)
        self.table = DatasetTable(session, window.filmstrip.thumbnails)
        self.triage = Triage(window, self.table)
        self.scan = FactScan(session)
        self.histograms: list[Histogram] = []
        self._plots = QWidget()
        self._plots.hide()
        self.plots_button = QToolButton()
        self.plots_button.setText("Histograms")
        self.plots_button.setCheckable(True)
        self.plots_button.setProperty("role", "outlined")
        self.plots_button.toggled.connect(self._show_plots)
        self.bar.add(self.plots_button)
        self._split = split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.table)
        split.addWidget(self._plots)
        split.setStretchFactor(0, 1)
        split.setCollapsible(0, False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(split, 1)
        column.addLayout(self._foot())
        self.table.sorted_by.connect(self.sort_by)
        self.scan.changed.connect(self._on_scan)
        session.images.walk_changed.connect(self._on_walk)
        session.opened.connect(self._on_opened)
        self._on_scan()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(900, 300)

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(8, 2, 8, 4)
        row.setSpacing(4)
        self.buttons: dict[str, QToolButton] = {}
        for word, title, key in _BUTTONS:
            button = QToolButton()
            button.setText(title)
            button.setToolTip(f"{_TIPS.get(word, title.rstrip('…'))} ({key}, while the table has the focus)")
            button.setProperty("role", "outlined")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setObjectName(word)
            button.clicked.connect(self._on_button)
            row.addWidget(button)
            self.buttons[word] = button
        self.progress = ElidedLabel()
        self.progress.setProperty("role", "dim")
        self.progress.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.progress, 1)
        self.columns_button = QToolButton()
        self.columns_button.setText("Columns")
        self.columns_button.setToolTip("Show and hide columns")
        self.columns_button.setProperty("role", "outlined")
        self.columns_button.clicked.connect(self._choose_columns)
        row.addWidget(self.columns_button)
        return row

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        self._begin()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        self.scan.stop()
        super().hideEvent(event)

    def _begin(self) -> None:
        self._session.overview.need()
        self.scan.start()
        self.table.show_current()

    def _on_opened(self, workspace: object) -> None:
        if workspace is not None and self.isVisible():
            self._begin()

    # ── order ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def sort_by(self, place: int) -> None:
        """Put in order by a column; again turns it round, and a third time gives the list's own order back."""
        order = COLUMNS[place - 1].order if place else ""
        if not order:
            return
        asked, first = self._session.overview.asked, not COLUMNS[place - 1].lowest_first
        if asked.order != order:
            self.bar.apply(order=order, descending=first)
        elif asked.descending == first:
            self.bar.apply(order=order, descending=not first)
        else:
            self.bar.apply(order="")

    def _on_walk(self, _: object) -> None:
        asked, head = self._session.overview.asked, self.table.horizontalHeader()
        place = next(
            (place for place, column in enumerate(COLUMNS, 1) if asked.order and column.order == asked.order), 0
        )
        head.setSortIndicatorShown(bool(place))
        if place:
            turned = Qt.SortOrder.DescendingOrder if asked.descending else Qt.SortOrder.AscendingOrder
            head.setSortIndicator(place, turned)
        self.table.show_current()

    # ── histograms ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _show_plots(self, shown: bool) -> None:
        if shown and not self.histograms:
            from segstudio.ui.dataset.histograms import Histogram

            row = QHBoxLayout(self._plots)
            row.setContentsMargins(4, 0, 8, 0)
            for field in ("miou", "fp"):
                histogram = Histogram(self._session, field)
                histogram.brushed.connect(self.brush)
                row.addWidget(histogram)
                self.histograms.append(histogram)
        self._plots.setVisible(shown)
        if shown:
            width = self._split.width()
            self._split.setSizes([width - width * 2 // 5, width * 2 // 5])

    def brush(self, field: str, low: float, high: float) -> None:
        """Ask for the images between two values of a field, in the place of what was brushed of it before."""
        text = re.sub(rf"(?<!\S){field}(>=|<=)[\d.e+-]+(?!\S)", "", self.bar.line.text())
        text = re.sub(r"\s+", " ", text).strip()
        if not math.isnan(low):
            text = f"{text} {field}>={max(0.0, low):.4g} {field}<={high:.4g}".strip()
        self.bar.ask(text)

    # ── the foot ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _on_button(self) -> None:
        self.triage.do(self.sender().objectName())
        self.table.setFocus()

    def _choose_columns(self) -> None:
        menu = self.table.columns_menu()
        menu.popup(self.columns_button.mapToGlobal(self.columns_button.rect().topLeft()))

    def _on_scan(self, _: object = None) -> None:
        left = self.scan.left
        done = self.scan.total - left
        self.progress.setText(f"looking through the images: {done:,} of {self.scan.total:,}" if left else "")
