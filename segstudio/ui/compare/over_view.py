"""A over B in one place: divided by hand (swipe), see-through (onion skin) or by turns (blink)."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QSpinBox, QToolButton, QVBoxLayout, QWidget

from segstudio.session.comparison.comparing import Side
from segstudio.session.session import Session
from segstudio.ui.compare.arrangement import MAX_INTERVAL_MS, MIN_INTERVAL_MS, Manner
from segstudio.ui.compare.look import SharedLook
from segstudio.ui.compare.swipe import SwipeView


class OverView(QWidget):
    """Titles over the picture, the control of the manner under it. `interval_changed` carries milliseconds."""

    interval_changed = Signal(int)

    def __init__(self, session: Session, look: SharedLook, interval_ms: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.swipe = SwipeView(session, look)
        self.titles: dict[Side, QLabel] = {"a": QLabel(), "b": QLabel()}
        self.manner: Manner = "swipe"
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(50)
        self.slider.setAccessibleName("How much of A is seen over B")
        self.slider.valueChanged.connect(self._on_slid)
        self.interval = QSpinBox()
        self.interval.setRange(MIN_INTERVAL_MS, MAX_INTERVAL_MS)
        self.interval.setSingleStep(100)
        self.interval.setSuffix(" ms")
        self.interval.setValue(interval_ms)
        self.interval.setAccessibleName("How long each side is shown")
        self.interval.valueChanged.connect(self._on_interval)
        self.pause = QToolButton()
        self.pause.setText("Pause")
        self.pause.setCheckable(True)
        self.pause.setToolTip("Hold A or B; Space changes sides by hand")
        self.pause.setProperty("role", "outlined")
        self.pause.toggled.connect(self._run)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.turn)
        self._build()

    def show_as(self, manner: Manner) -> None:
        """Lay A over B in that manner; "panes" ends what runs by itself."""
        self.manner = manner
        self.swipe.divider.setVisible(manner == "swipe")
        self._onion.setVisible(manner == "onion")
        self._blink.setVisible(manner == "blink")
        self.titles["b"].setVisible(True)
        self.swipe.a.setVisible(True)
        self.swipe.cover(1.0 if manner != "onion" else self.slider.value() / 100, whole=manner != "swipe")
        self._mark_side()
        self._run()

    @property
    def shown_side(self) -> Side:
        """Which side blinking shows now."""
        return "a" if self.swipe.a.isVisibleTo(self) else "b"

    def turn(self) -> None:
        """Show the other side, where the two are shown by turns."""
        if self.manner == "blink":
            self.swipe.a.setVisible(self.shown_side == "b")
            self._mark_side()

    def stop(self) -> None:
        """Nobody looks any more."""
        self._timer.stop()

    def _run(self, *_: object) -> None:
        if self.manner == "blink" and not self.pause.isChecked():
            self._timer.start(self.interval.value())
        else:
            self._timer.stop()

    def _mark_side(self) -> None:
        """While one side is shown, only its title is."""
        for side, title in self.titles.items():
            title.setEnabled(self.manner != "blink" or side == self.shown_side)

    def _on_slid(self, value: int) -> None:
        if self.manner == "onion":
            self.swipe.cover(value / 100, whole=True)

    def _on_interval(self, value: int) -> None:
        self._run()
        self.interval_changed.emit(value)

    def _build(self) -> None:
        over = QHBoxLayout()
        for title in self.titles.values():
            over.addWidget(title, 1)
        self.titles["b"].setAlignment(Qt.AlignmentFlag.AlignRight)
        self.titles["b"].setContentsMargins(0, 0, 6, 0)
        self._onion = _row(QLabel("<b>B</b>"), self.slider, QLabel("<b>A</b>"))
        self._blink = _row(QLabel("each for"), self.interval, self.pause, None)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(over)
        column.addWidget(self.swipe, 1)
        column.addWidget(self._onion)
        column.addWidget(self._blink)


def _row(*widgets: QWidget | None) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(2, 2, 2, 2)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget)
    return line
