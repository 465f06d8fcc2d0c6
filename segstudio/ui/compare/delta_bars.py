"""IoU of B minus IoU of A, one bar per class: to the left where A is better, to the right where B is."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from segstudio.metrics.agreement import Agreement
from segstudio.render.lut import AGREEMENT_COLORS
from segstudio.session.comparison.comparing import ClassDelta
from segstudio.ui.shell.theme import current_theme

_CHIP, _NUMBER, _INTERVAL = 10, 58, 150


class DeltaBars(QWidget):
    """Classes that neither layer nor truth has are left out; the largest difference comes first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ClassDelta] = []
        self.intervals: list[tuple[float, float] | None] = []
        self.setAccessibleName("Difference of the IoU per class")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_classes(
        self, classes: tuple[ClassDelta, ...], *, intervals: Sequence[tuple[float, float]] | None = None
    ) -> None:
        """Show other numbers; `intervals` are those of the differences, in the order of `classes` (NaN: unknown)."""
        ends = [None] * len(classes) if intervals is None else intervals
        known = [pair for pair in zip(classes, ends, strict=True) if not isnan(pair[0].delta)]
        known.sort(key=lambda pair: -abs(pair[0].delta))
        self.rows = [row for row, _ in known]
        self.intervals = [None if end is None or isnan(end[0]) else (end[0], end[1]) for _, end in known]
        self.setAccessibleDescription("; ".join(f"{row.name} {_points(row.delta)}" for row in self.rows))
        self.setToolTip("\n".join(f"{r.name}: A {100 * r.iou_a:.2f}, B {100 * r.iou_b:.2f}" for r in self.rows))
        self.updateGeometry()
        self.update()

    @property
    def row_height(self) -> int:
        """Of one class: its name and, under it, its bar."""
        return 2 * self.fontMetrics().height() + 6

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(200, max(1, len(self.rows)) * self.row_height)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, height = current_theme(), self.row_height
        if not self.rows:
            painter.setPen(QColor(theme.dim))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "no difference to show")
            return
        ends = [abs(end) for interval in self.intervals if interval is not None for end in interval]
        largest = max(0.01, *(abs(row.delta) for row in self.rows), *ends)
        first, last = event.rect().top() // height, event.rect().bottom() // height
        for place, row in enumerate(self.rows[first : last + 1], first):
            box = QRectF(0, place * height, self.width(), height)
            self._paint_row(painter, box, row, self.intervals[place], largest)

    def _paint_row(
        self, painter: QPainter, box: QRectF, row: ClassDelta, interval: tuple[float, float] | None, largest: float
    ) -> None:
        theme = current_theme()
        line = self.fontMetrics().height()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*row.color))
        painter.drawRoundedRect(QRectF(box.x(), box.y() + (line - _CHIP) / 2 + 1, _CHIP, _CHIP), 2, 2)
        said, room = _points(row.delta), _NUMBER
        if interval is not None and box.width() > 2 * _INTERVAL:
            said, room = f"{said}  [{_points(interval[0])}, {_points(interval[1])}]", _INTERVAL
        text = QRectF(box.x() + _CHIP + 6, box.y(), box.width() - _CHIP - 6 - room, line + 2)
        name = self.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, int(text.width()))
        painter.setPen(QColor(theme.text))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        number = QRectF(box.right() - room, box.y(), room, line + 2)
        painter.drawText(number, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, said)
        middle, top = box.width() / 2, box.y() + line + 3
        painter.fillRect(QRectF(0, top, box.width(), line / 2), QColor(theme.raised))
        winner = Agreement.ONLY_B_RIGHT if row.delta > 0 else Agreement.ONLY_A_RIGHT
        reach = row.delta / largest * middle
        bar = QRectF(middle + min(0.0, reach), top, abs(reach), line / 2)
        painter.fillRect(bar, QColor(*AGREEMENT_COLORS[winner]))
        if interval is not None:
            low, high = (middle + end / largest * middle for end in interval)
            across = top + line / 4
            painter.setPen(QPen(QColor(theme.text), 1.5))
            painter.drawLine(QPointF(low, across), QPointF(high, across))
            for end in (low, high):
                painter.drawLine(QPointF(end, across - 3), QPointF(end, across + 3))
        painter.fillRect(QRectF(middle - 0.5, top - 1, 1, line / 2 + 2), QColor(theme.dim))


def _points(delta: float) -> str:
    return "±0.00" if abs(delta) < 5e-5 else f"{100 * delta:+.2f}"
