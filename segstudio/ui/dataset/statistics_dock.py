"""The dock with the statistics: one plot at a time, chosen in a list, and all of them as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyqtgraph
from PySide6.QtCore import QSize
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from segstudio.core.errors import EnvironmentFault
from segstudio.core.layer import LABELS
from segstudio.render.origin_colors import ORIGIN_COLORS
from segstudio.session.dataset.statistics import Series, all_series, of_origins, to_csv
from segstudio.session.edits.origins import KIND_CODE
from segstudio.session.jobs import Job
from segstudio.ui.dataset.quiet_plot import QuietPlot
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.theme import current_theme

if TYPE_CHECKING:
    from segstudio.store import Project
    from segstudio.ui.shell.main_window import MainWindow

_MOST_BARS = 60


def statistics_dock(window: MainWindow) -> QWidget:
    """The content of the dock `inspect.statistics`."""
    return StatisticsDock(window)


class StatisticsDock(QWidget):
    """Counts in the background when it is shown and, while it is, after edits."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._session = session = window.session
        self.series: Mapping[str, Series] = {}
        self._origins: Mapping[str, Series] = {}
        self.list = QListWidget()
        self.list.setAccessibleName("Statistics")
        self.list.setMaximumWidth(190)
        self.list.currentRowChanged.connect(self._draw)
        self.export = QPushButton("Export CSV…")
        self.export.clicked.connect(self._export)
        self.title = QLabel()
        self.title.setProperty("role", "dim")
        self.plot = QuietPlot()
        self.plot.setAccessibleName("Plot of the statistic")
        self.plot.setMinimumHeight(60)
        self.list.setMinimumHeight(60)
        left = QVBoxLayout()
        left.addWidget(self.list, 1)
        left.addWidget(self.export)
        right = QVBoxLayout()
        right.addWidget(self.title)
        right.addWidget(self.plot, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.addLayout(left)
        row.addLayout(right, 1)
        self._pace = Pace(self, self.refresh, interval_ms=1500)
        session.overview.ready.connect(self._on_ready)
        session.overview.changed.connect(self._ask)
        session.opened.connect(self._on_opened)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(900, 280)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        self._session.overview.need()
        self.refresh()
        super().showEvent(event)

    def refresh(self) -> None:
        """Count anew, in the background."""
        table, project, classes = self._session.overview.table, self._session.project, self._session.classes.current
        if table is None or project is None:
            return

        def work(job: Job) -> Mapping[str, Series]:
            return all_series(table, classes, project.edits())

        def done(series: Mapping[str, Series]) -> None:
            self._show({**series, **self._origins})
            self._count_origins(project)

        self._session.jobs.submit(work, done=done, failed=self._session.notify.fault, key="statistics")

    def _count_origins(self, project: Project) -> None:
        """Count who made the labels, which takes a while when a large project is looked at for the first time."""

        def work(job: Job) -> Mapping[str, Series]:
            sums = project.authors.sums(LABELS, progress=job.progress, cancel=job.cancel_token)
            colors = {kind: ORIGIN_COLORS[code] for kind, code in KIND_CODE.items()}
            return {one.id: one for one in of_origins(sums.values(), colors)}

        def done(series: Mapping[str, Series]) -> None:
            self._origins = series
            self._show({**self.series, **series})

        failed = self._session.notify.fault
        self._session.jobs.submit(work, done=done, failed=failed, lane="batch", key="statistics-origins")

    def write_csv(self, path: str) -> None:
        """Write every series to a file."""
        try:
            with open(path, "w", encoding="utf-8", newline="") as stream:
                stream.write(to_csv(list(self.series.values())))
        except OSError as error:
            self._session.notify.fault(EnvironmentFault(f"{path}: cannot be written: {error.strerror}"))
            return
        self._session.notify.info(f"wrote {path}")

    def _on_opened(self, _: object) -> None:
        self._session.jobs.cancel("statistics-origins")
        self._origins = {}

    def _on_ready(self, _: object) -> None:
        if self.isVisible():
            self.refresh()

    def _ask(self, _: int) -> None:
        if self.isVisible():
            self._pace.ask()

    def _show(self, series: Mapping[str, Series]) -> None:
        is_new = list(series) != list(self.series)
        self.series = series
        if is_new:
            row = max(0, self.list.currentRow())
            self.list.clear()
            self.list.addItems([one.title for one in series.values()])
            self.list.setCurrentRow(row if row < len(series) else 0)
        self._draw(self.list.currentRow())

    def _draw(self, row: int) -> None:
        self.plot.clear()
        rows = list(self.series.values())
        if not 0 <= row < len(rows):
            return
        one, theme = rows[row], current_theme()
        names, values, colors = one.names[-_MOST_BARS:], one.values[-_MOST_BARS:], one.colors[-_MOST_BARS:]
        total = f"{sum(one.values):,.10g}".replace(",", "\u202f")
        note = f", the last {_MOST_BARS}" if len(one.names) > _MOST_BARS else ""
        self.title.setText(f"{one.title}: {total} {one.unit} in all{note}" if any(values) else f"{one.title}: none yet")
        self.plot.dress()
        if not values:
            return
        brushes = [pyqtgraph.mkBrush(*color) for color in colors] or [pyqtgraph.mkBrush(theme.accent)] * len(values)
        pen = pyqtgraph.mkPen(theme.dim if colors else None)
        bars = pyqtgraph.BarGraphItem(x=range(len(values)), width=0.7, height=values, brushes=brushes, pen=pen)
        self.plot.addItem(bars)
        step = max(1, round(len(names) / 12))
        self.plot.getAxis("bottom").setTicks([[(place, names[place]) for place in range(0, len(names), step)]])
        self.plot.setRange(xRange=(-0.6, len(values) - 0.4), yRange=(0, max(max(values), 1e-9)), padding=0.04)

    def _export(self) -> None:
        dialog = QFileDialog(self, "Export the statistics", "statistics.csv", "CSV (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(self.write_csv)
        dialog.open()
