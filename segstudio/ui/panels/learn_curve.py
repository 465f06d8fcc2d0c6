"""The curve of a round: mean IoU against seconds, painted here, since a plotting library takes long to load."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from segstudio.ui.shell.theme import current_theme

_GAP = 6


class LearnCurve(QWidget):
    """Points `(seconds, percent)`, and a dashed line at what was reached before; nothing where there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.points: tuple[tuple[float, float], ...] = ()
        self.before: float | None = None
        self.setAccessibleName("Mean IoU on the images held out, against seconds of training")
        self.setMinimumSize(180, 60)

    def show_curve(self, points: Sequence[tuple[float, float]], before: float | None) -> None:
        """Show other points."""
        if (tuple(points), before) != (self.points, self.before):
            self.points, self.before = tuple(points), before
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        if not self.points:
            return
        theme, painter = current_theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        margin, line = metrics.horizontalAdvance("100") + _GAP, metrics.height()
        room = QRectF(self.rect()).adjusted(margin, line / 2, -line, -line - _GAP)
        last = max(self.points[-1][0], 1e-6)
        top = max([1.0, self.before or 0.0, *(value for _, value in self.points)]) * 1.08

        def at(seconds: float, value: float) -> QPointF:
            return QPointF(room.left() + room.width() * seconds / last, room.bottom() - room.height() * value / top)

        for value in ticks(top, max(1, int(room.height() / (2 * line)))):
            y = at(0, value).y()
            painter.setPen(QPen(QColor(theme.line)))
            painter.drawLine(QLineF(room.left(), y, room.right(), y))
            painter.setPen(QColor(theme.dim))
            box = QRectF(0, y - line / 2, margin - _GAP, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:g}")
        for seconds in ticks(last, max(1, int(room.width() / (3 * margin)))):
            box = QRectF(at(seconds, 0).x() - margin, room.bottom() + _GAP, 2 * margin, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, f"{seconds:g}" if seconds else "0 s")
        if self.before is not None:
            painter.setPen(QPen(QColor(theme.dim), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QLineF(at(0, self.before), at(last, self.before)))
        places = [at(seconds, value) for seconds, value in self.points]
        painter.setPen(QPen(QColor(theme.accent), 2))
        painter.drawPolyline(QPolygonF(places))
        painter.setBrush(QColor(theme.accent))
        for place in places:
            painter.drawEllipse(place, 2, 2)


def ticks(top: float, most: int) -> list[float]:
    """Round numbers from 0 up to `top` (> 0), at most `most` steps of 1, 2 or 5 times a power of ten."""
    step = next(
        factor * 10.0**power for power in range(-9, 12) for factor in (1, 2, 5) if factor * 10.0**power * most >= top
    )
    return [round(number * step, 9) for number in range(int(top / step + 1e-9) + 1)]
