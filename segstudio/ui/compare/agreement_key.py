"""The key of the difference map: its four cases with their pixels; a click hides or shows a case."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from segstudio.metrics.agreement import Agreement
from segstudio.render.lut import AGREEMENT_COLORS

CASES = {
    Agreement.ONLY_A_RIGHT: "only A right",
    Agreement.ONLY_B_RIGHT: "only B right",
    Agreement.BOTH_WRONG_ALIKE: "both wrong alike",
    Agreement.BOTH_WRONG_DIFFERENTLY: "wrong differently",
}
_SIDE = 12
_STYLE = (
    "QToolButton, QToolButton:checked { background: transparent; border: none; padding: 1px 2px;"
    " color: palette(window-text); } QToolButton:!checked { color: palette(mid); }"
)


class AgreementKey(QWidget):
    """`changed` says that other cases are hidden; `hidden_cases` are their codes."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hidden_cases: frozenset[int] = frozenset()
        self.buttons: dict[Agreement, QToolButton] = {}
        self.numbers: dict[Agreement, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 6, 4)
        grid.setVerticalSpacing(0)
        for line, (case, words) in enumerate(CASES.items()):
            button = QToolButton()
            button.setText(words)
            button.setCheckable(True)
            button.setChecked(True)
            button.setIcon(swatch(case))
            button.setIconSize(QSize(_SIDE, _SIDE))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setToolTip("click: hide or show in the difference map, Alt+click: show alone")
            button.setStyleSheet(_STYLE)
            button.clicked.connect(partial(self._toggle, case))
            number = QLabel()
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(button, line, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(number, line, 1)
            self.buttons[case], self.numbers[case] = button, number
        grid.setColumnStretch(1, 1)

    def show_pixels(self, pixels: Mapping[Agreement, int] | None) -> None:
        """Show how many pixels each case has, as a share of those that count; in full in the tool tip."""
        total = max(1, sum(pixels.values()) - pixels[Agreement.VOID]) if pixels is not None else 1
        for case, number in self.numbers.items():
            count = pixels[case] if pixels is not None else None
            number.setText("" if count is None else f"{100 * count / total:.2f} %")
            exact = "" if count is None else f"{count:,} px".replace(",", "\u202f")
            number.setToolTip(exact)
            self.buttons[case].setAccessibleName(f"{CASES[case]}, {exact}" if exact else CASES[case])

    def _toggle(self, case: Agreement, _: bool = False) -> None:
        if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier:
            others = frozenset(int(other) for other in CASES if other is not case)
            self.hidden_cases = frozenset() if self.hidden_cases == others else others
        else:
            self.hidden_cases ^= {int(case)}
        for other, button in self.buttons.items():
            button.setChecked(other not in self.hidden_cases)
        self.changed.emit()


def swatch(case: Agreement) -> QIcon:
    """The look of a case in the map: plain colour, or hatched for both wrong differently."""
    pixmap = QPixmap(2 * _SIDE, 2 * _SIDE)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(QColor(*AGREEMENT_COLORS[case]))
    if case is Agreement.BOTH_WRONG_DIFFERENTLY:
        painter = QPainter(pixmap)
        painter.setClipRect(QRectF(0, 0, _SIDE, _SIDE))
        painter.setPen(QPen(QColor(225, 225, 225), 2))
        for start in range(-_SIDE, _SIDE, 5):
            painter.drawLine(start, _SIDE, start + _SIDE, 0)
        painter.end()
    return QIcon(pixmap)
