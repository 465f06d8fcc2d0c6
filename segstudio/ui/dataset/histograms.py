"""Histograms of what is known of the images: brushing over one asks for the images between."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from segstudio.session.dataset.image_table import ImageTable
from segstudio.session.session import Session
from segstudio.ui.dataset.quiet_plot import QuietPlot
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.theme import current_theme

MEASURES: tuple[tuple[str, str, str], ...] = (
    ("miou", "mIoU", "mean_iou"),
    ("fp", "FP pixels", "false_positive"),
    ("fn", "FN pixels", "false_negative"),
    ("boundary", "Boundary error", "boundary_error"),
    ("confidence", "Confidence", "confidence"),
    ("disagreement", "Disagreement", "disagreement"),
    ("objects", "Objects", "objects"),
)
"""Field of the filter, title, column of the table."""
BINS = 24
_FRACTIONS = ("miou", "boundary", "confidence", "disagreement")


class Histogram(QWidget):
    """One histogram: all images pale, those that are shown in colour. `brushed` carries a field, a low and a high
    value; a click without a drag carries NaN for both.
    """

    brushed = Signal(str, float, float)

    def __init__(self, session: Session, field: str) -> None:
        super().__init__()
        self._session = session
        self.measure = QComboBox()
        self.measure.setAccessibleName("Measure of the histogram")
        for name, title, _ in MEASURES:
            self.measure.addItem(title, name)
        self.measure.setCurrentIndex(self.measure.findData(field))
        self.measure.currentIndexChanged.connect(self.refresh)
        self.plot = _Brushed(self._on_brush)
        self.plot.setAccessibleName("Histogram")
        self.plot.setToolTip("Drag over it to see the images between; click to see all again")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.measure)
        column.addWidget(self.plot, 1)
        self._pace = Pace(self, self.refresh, interval_ms=400)
        session.overview.ready.connect(self._pace.ask)
        session.overview.changed.connect(self._pace.ask)
        session.images.walk_changed.connect(self._pace.ask)
        self.refresh()

    @property
    def field(self) -> str:
        return str(self.measure.currentData())

    def refresh(self, _: object = None) -> None:
        """Count anew."""
        self.plot.clear()
        self.plot.dress()
        table = self._session.overview.table
        if table is None:
            return
        edges, everything, shown = self.counts(table)
        theme = current_theme()
        if everything.any():
            width = (edges[1] - edges[0]) * 0.9
            for counts, color in ((everything, theme.line), (shown, theme.accent)):
                bars = pyqtgraph.BarGraphItem(
                    x0=edges[:-1], width=width, height=counts, brush=color, pen=pyqtgraph.mkPen(None)
                )
                self.plot.addItem(bars)
            self.plot.setRange(xRange=(edges[0], edges[-1]), yRange=(0, everything.max()), padding=0.03)

    def counts(self, table: ImageTable) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Edges `[BINS + 1]`, images in each bin, and how many of them are shown."""
        column = next(column for name, _, column in MEASURES if name == self.field)
        values = table.numbers[column]
        known = values[~np.isnan(values)]
        top = 1.0 if self.field in _FRACTIONS else float(known.max()) if known.size else 1.0
        edges = np.linspace(0, max(top, 1e-9), BINS + 1)
        walk = self._session.images.walk
        chosen = values if walk is None else values[walk.indices]
        everything, _ = np.histogram(known, edges)
        shown, _ = np.histogram(chosen[~np.isnan(chosen)], edges)
        return edges, everything, shown

    def _on_brush(self, low: float, high: float) -> None:
        self.brushed.emit(self.field, low, high)


class _Brushed(QuietPlot):
    """A plot in which dragging spans a range of x instead of moving the plot."""

    def __init__(self, brushed: Callable[[float, float], None]) -> None:
        super().__init__()
        self._brushed = brushed
        self._from: float | None = None
        self._span: object = None
        self.setMinimumSize(120, 40)
        self.getAxis("left").setWidth(34)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = self._x_of(event.position().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._from is not None:
            self._show_span(self._from, self._x_of(event.position().toPoint()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        start, self._from = self._from, None
        if start is None:
            return
        low, high = sorted((start, self._x_of(event.position().toPoint())))
        if self._span is not None:
            self.removeItem(self._span)
            self._span = None
        left, right = self.getPlotItem().viewRange()[0]
        if high - low < (right - left) / 100:
            self._brushed(float("nan"), float("nan"))
        else:
            self._brushed(low, high)

    def _x_of(self, point: QPoint) -> float:
        return float(self.getPlotItem().vb.mapSceneToView(self.mapToScene(point)).x())

    def _show_span(self, start: float, end: float) -> None:
        if self._span is None:
            self._span = pyqtgraph.LinearRegionItem((start, end), movable=False)
            self.addItem(self._span)
        self._span.setRegion((start, end))  # type: ignore[attr-defined]
