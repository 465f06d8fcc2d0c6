"""The live metrics panel: mIoU and accuracies of the image and of the data set, and what the hand has changed."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from segstudio.metrics.live import Score
from segstudio.session.live import LiveScore
from segstudio.session.session import Session
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.theme import current_theme

_ROWS = (
    ("mIoU", "mean_iou", "mean over classes of the intersection over union"),
    ("Pixel accuracy", "pixel_accuracy", "share of scored pixels with the right class"),
    ("Mean accuracy", "mean_pixel_accuracy", "mean over classes of the share of their pixels found"),
)


class MetricsPanel(QWidget):
    """Large mIoU of the image on top, then a small table: image, its change, data set."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.headline = _Headline()
        self.empty = QLabel("No ground truth for this image: nothing to score against.")
        self.empty.setWordWrap(True)
        self.empty.setProperty("role", "dim")
        self.nothing_yet = QLabel("Nothing is labelled yet: draw, run a model (Ctrl+R), or copy the ground truth.")
        self.nothing_yet.setWordWrap(True)
        self.nothing_yet.setProperty("role", "dim")
        self._cells: dict[str, tuple[QLabel, QLabel, QLabel]] = {}
        self._table = QWidget()
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        for column, title in enumerate(("", "image", "change", "data set")):
            heading = QLabel(title)
            heading.setProperty("role", "dim")
            grid.addWidget(heading, 0, column, _side(column))
        for row, (title, name, tip) in enumerate(_ROWS, start=1):
            label = QLabel(title)
            label.setToolTip(tip)
            grid.addWidget(label, row, 0)
            cells = (QLabel("–"), QLabel("–"), QLabel("–"))
            for column, cell in enumerate(cells, start=1):
                cell.setAccessibleName(f"{title}, {('image', 'change', 'data set')[column - 1]}")
                grid.addWidget(cell, row, column, _side(column))
            self._cells[name] = cells
        grid.setColumnStretch(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 10)
        layout.addWidget(self.headline)
        layout.addWidget(self._table)
        layout.addWidget(self.nothing_yet)
        layout.addWidget(self.empty)
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._pace = Pace(self, self.refresh)
        session.live.changed.connect(self._pace.ask)
        session.document_changed.connect(self._pace.ask)
        session.images.changed.connect(self._pace.ask)
        session.classes.changed.connect(self._pace.ask)
        self.refresh()

    def refresh(self) -> None:
        """Show the scores of now."""
        score = self._session.live.score()
        self.empty.setVisible(score is None and self._session.document is not None)
        document = self._session.document
        bare = document is not None and document.is_bare
        self.nothing_yet.setVisible(score is not None and bare)
        self._table.setVisible(score is not None and not bare)
        self.headline.setVisible(score is not None)
        if score is not None:
            self.headline.show_score(score)
            for name, cells in self._cells.items():
                self._fill(cells, score, name)

    def _fill(self, cells: tuple[QLabel, QLabel, QLabel], score: LiveScore, name: str) -> None:
        change = getattr(score.since_opening.image, name)
        cells[0].setText(percent(getattr(score.image, name)))
        cells[1].setText(signed(change))
        role = "" if math.isnan(change) or abs(change) < 5e-5 else "good" if change > 0 else "bad"
        if cells[1].property("role") != role:
            cells[1].setProperty("role", role)
            cells[1].style().unpolish(cells[1])
            cells[1].style().polish(cells[1])
        cells[2].setText(percent(getattr(score.dataset, name)))
        cells[2].setToolTip(f"over the {score.num_images} images labelled so far")


def _side(column: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight


def percent(value: float) -> str:
    """A fraction as a percentage with two decimals, "–" where undefined."""
    return "–" if math.isnan(value) else f"{100 * value:.2f}"


def signed(value: float) -> str:
    """A change of a fraction in percentage points with its sign."""
    if math.isnan(value):
        return "–"
    return "±0.00" if abs(value) < 5e-5 else f"{100 * value:+.2f}"


class _Headline(QWidget):
    """The image's mIoU in large figures over a bar that shows where it was when the image was opened."""

    def __init__(self) -> None:
        super().__init__()
        self._score: Score | None = None
        self._change = 0.0
        self._stroke = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(220, 62)

    def show_score(self, score: LiveScore) -> None:
        self._score = score.image
        self._change = score.since_opening.image.mean_iou
        self._stroke = score.since_stroke.image.mean_iou
        self.setAccessibleName(f"mIoU of the image {percent(score.image.mean_iou)} percent")
        self.setToolTip(f"last stroke {signed(self._stroke)} points of mIoU")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        if self._score is None:
            return
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        large = QFont(self.font())
        large.setPixelSize(30)
        large.setBold(True)
        painter.setFont(large)
        painter.setPen(QColor(theme.text))
        text = percent(self._score.mean_iou)
        painter.drawText(QRectF(0, 2, self.width(), 38), Qt.AlignmentFlag.AlignLeft, text)
        wide = painter.fontMetrics().horizontalAdvance(text)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.dim))
        painter.drawText(QRectF(wide + 8, 19, 200, 18), Qt.AlignmentFlag.AlignLeft, "% mIoU of this image")
        bar = QRectF(0, 48, self.width(), 7)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.line))
        painter.drawRoundedRect(bar, 3.5, 3.5)
        now = 0.0 if math.isnan(self._score.mean_iou) else self._score.mean_iou
        before = now - (0.0 if math.isnan(self._change) else self._change)
        for share, color in (
            (max(now, before), theme.good if now >= before else theme.bad),
            (min(now, before), theme.accent),
        ):
            if share > 0:
                painter.setBrush(QColor(color))
                painter.drawRoundedRect(QRectF(0, 48, max(7.0, bar.width() * share), 7), 3.5, 3.5)
        painter.end()
