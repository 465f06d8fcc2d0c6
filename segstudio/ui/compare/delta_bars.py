"""IoU of A minus IoU of B, one bar per class: to the left where B is better, to the right where A is."""

from __future__ import annotations

from math import isnan

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from segstudio.metrics.agreement import Agreement
from segstudio.render.lut import AGREEMENT_COLORS
from segstudio.session.comparing import ClassDelta
from segstudio.ui.shell.theme import current_theme

_CHIP, _NUMBER = 10, 58


class DeltaBars(QWidget):
    """Classes that neither layer nor truth has are left out; the largest difference comes first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ClassDelta] = []
        self.setAccessibleName("Difference of the IoU per class")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_classes(self, classes: tuple[ClassDelta, ...]) -> None:
        """Show other numbers."""
        known = [row for row in classes if not isnan(row.delta)]
        self.rows = sorted(known, key=lambda row: -abs(row.delta))
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
        largest = max(0.01, *(abs(row.delta) for row in self.rows))
        first, last = event.rect().top() // height, event.rect().bottom() // height
        for place, row in enumerate(self.rows[first : last + 1], first):
            self._paint_row(painter, QRectF(0, place * height, self.width(), height), row, largest)

    def _paint_row(self, painter: QPainter, box: QRectF, row: ClassDelta, largest: float) -> None:
        theme = current_theme()
        line = self.fontMetrics().height()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*row.color))
        painter.drawRoundedRect(QRectF(box.x(), box.y() + (line - _CHIP) / 2 + 1, _CHIP, _CHIP), 2, 2)
        text = QRectF(box.x() + _CHIP + 6, box.y(), box.width() - _CHIP - 6 - _NUMBER, line + 2)
        name = self.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, int(text.width()))
        painter.setPen(QColor(theme.text))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        number = QRectF(box.right() - _NUMBER, box.y(), _NUMBER, line + 2)
        painter.drawText(number, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, _points(row.delta))
        middle, top = box.width() / 2, box.y() + line + 3
        painter.fillRect(QRectF(0, top, box.width(), line / 2), QColor(theme.raised))
        winner = Agreement.ONLY_A_RIGHT if row.delta > 0 else Agreement.ONLY_B_RIGHT
        reach = row.delta / largest * middle
        bar = QRectF(middle + min(0.0, reach), top, abs(reach), line / 2)
        painter.fillRect(bar, QColor(*AGREEMENT_COLORS[winner]))
        painter.fillRect(QRectF(middle - 0.5, top - 1, 1, line / 2 + 2), QColor(theme.dim))


def _points(delta: float) -> str:
    return "±0.00" if abs(delta) < 5e-5 else f"{100 * delta:+.2f}"
