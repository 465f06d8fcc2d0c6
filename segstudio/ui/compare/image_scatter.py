"""The images as dots at (mIoU of A, mIoU of B): dragging selects images, a click opens one."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from segstudio.metrics.agreement import Agreement
from segstudio.render.lut import AGREEMENT_COLORS
from segstudio.session.comparison.duel import ImageScore
from segstudio.session.dataset.images import Walk
from segstudio.session.session import Session
from segstudio.ui.dataset.quiet_plot import QuietPlot
from segstudio.ui.shell.theme import current_theme

_NEAR_PX = 9
_CLICK_PX = 4


class ImageScatter(QWidget):
    """Above the diagonal B is better. What is spanned is what the filmstrip and the tables show from then on."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.images: tuple[ImageScore, ...] = ()
        self.plot = _Spanned(self)
        self.plot.setAccessibleName("Images by their mean IoU in A and in B")
        self.hint = QLabel("Drag to select images for the filmstrip, click a dot to open its image.")
        self.hint.setProperty("role", "dim")
        self.hint.setWordWrap(True)
        self.every = QToolButton()
        self.every.setText("All images")
        self.every.setToolTip("Show all images in the filmstrip again")
        self.every.setProperty("role", "outlined")
        self.every.clicked.connect(self._show_all)
        line = QHBoxLayout()
        line.addWidget(self.hint, 1)
        line.addWidget(self.every)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.plot, 1)
        column.addLayout(line)
        session.images.walk_changed.connect(self._on_walk)
        session.document_changed.connect(self._draw)
        self._on_walk(session.images.walk)

    def show_images(self, images: Sequence[ImageScore], title_a: str, title_b: str) -> None:
        """Show other images; those without a score on either side are left out."""
        self.images = tuple(image for image in images if not (isnan(image.a) or isnan(image.b)))
        self.plot.setLabel("bottom", f"A {title_a}, mIoU %")
        self.plot.setLabel("left", f"B {title_b}, mIoU %")
        self._draw()

    def select(self, area: QRectF) -> int:
        """Show only the images inside a rectangle of the plot (in percent); returns how many, nothing for none."""
        keys = [image.key for image in self.images if area.contains(QPointF(100 * image.a, 100 * image.b))]
        found = [self._session.images.index_of(key) for key in keys]
        indices = np.array(sorted(index for index in found if index is not None), np.intp)
        if indices.size:
            self._session.images.show(Walk(indices, "images chosen in A against B"))
        return int(indices.size)

    def open_near(self, point: QPointF, reach: QPointF) -> None:
        """Open the image whose dot is nearest to a point of the plot, within the given reach."""
        if not self.images:
            return
        away = [
            ((100 * i.a - point.x()) / reach.x()) ** 2 + ((100 * i.b - point.y()) / reach.y()) ** 2 for i in self.images
        ]
        nearest = min(range(len(away)), key=away.__getitem__)
        index = self._session.images.index_of(self.images[nearest].key)
        if away[nearest] <= 1 and index is not None:
            self._session.go(index)

    def near(self, point: QPointF, reach: QPointF) -> ImageScore | None:
        """The image under a point of the plot."""
        for image in self.images:
            if abs(100 * image.a - point.x()) <= reach.x() and abs(100 * image.b - point.y()) <= reach.y():
                return image
        return None

    def _show_all(self) -> None:
        self._session.images.show(None)

    def _on_walk(self, walk: Walk | None) -> None:
        self.every.setVisible(walk is not None)
        self._draw()

    def _draw(self, _: object = None) -> None:
        plot, theme = self.plot, current_theme()
        plot.clear()
        plot.dress()
        if not self.images:
            return
        a, b = (100 * np.array([getattr(image, side) for image in self.images]) for side in ("a", "b"))
        low, high = min(a.min(), b.min()), max(a.max(), b.max())
        plot.addItem(pyqtgraph.PlotCurveItem([0, 100], [0, 100], pen=pyqtgraph.mkPen(theme.dim)))
        shown = self._shown()
        document = self._session.document
        brushes, pens = [], []
        for image, is_shown in zip(self.images, shown, strict=True):
            case = Agreement.ONLY_B_RIGHT if image.b > image.a else Agreement.ONLY_A_RIGHT
            brushes.append(pyqtgraph.mkBrush(*AGREEMENT_COLORS[case], 230 if is_shown else 50))
            is_open = document is not None and document.key == image.key
            pens.append(pyqtgraph.mkPen(theme.text, width=2) if is_open else pyqtgraph.mkPen(None))
        plot.addItem(pyqtgraph.ScatterPlotItem(x=a, y=b, size=9, brush=brushes, pen=pens))
        margin = max(1.0, (high - low) * 0.05)
        plot.setRange(xRange=(low - margin, high + margin), yRange=(low - margin, high + margin), padding=0)

    def _shown(self) -> list[bool]:
        walk = self._session.images.walk
        if walk is None:
            return [True] * len(self.images)
        chosen = set(walk.indices.tolist())
        return [self._session.images.index_of(image.key) in chosen for image in self.images]


class _Spanned(QuietPlot):
    """A plot in which dragging spans a rectangle."""

    def __init__(self, scatter: ImageScatter) -> None:
        super().__init__()
        self._scatter = scatter
        self._from: QPointF | None = None
        self._span: Any = None
        self.setMinimumSize(160, 60)
        self.setMouseTracking(True)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._from is None:
            found = self._scatter.near(self._at(event.position()), self._reach())
            self.setToolTip("" if found is None else f"{found.key}\nA {100 * found.a:.2f}, B {100 * found.b:.2f}")
            return
        area = QRectF(self._at(self._from), self._at(event.position())).normalized()
        if self._span is None:
            self._span = pyqtgraph.QtWidgets.QGraphicsRectItem()
            self._span.setPen(pyqtgraph.mkPen(current_theme().accent))
            self.addItem(self._span)
        self._span.setRect(area)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        start, self._from = self._from, None
        if start is None:
            return
        if self._span is not None:
            self.removeItem(self._span)
            self._span = None
        if (event.position() - start).manhattanLength() < _CLICK_PX:
            self._scatter.open_near(self._at(start), self._reach())
        else:
            self._scatter.select(QRectF(self._at(start), self._at(event.position())).normalized())

    def to_widget(self, x: float, y: float) -> QPointF:
        """Where a point of the plot is in the widget."""
        return QPointF(self.mapFromScene(self.getPlotItem().vb.mapViewToScene(QPointF(x, y))))

    def _at(self, point: QPointF) -> QPointF:
        return QPointF(self.getPlotItem().vb.mapSceneToView(self.mapToScene(point.toPoint())))

    def _reach(self) -> QPointF:
        width, height = self.getPlotItem().vb.viewPixelSize()
        return QPointF(_NEAR_PX * width, _NEAR_PX * height)
