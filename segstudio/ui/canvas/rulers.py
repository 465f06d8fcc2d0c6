"""Rulers along the upper and the left edge of the canvas: pixel numbers, whatever the zoom and the rotation."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import Literal

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from segstudio.render.viewport import Viewport
from segstudio.ui.shell.theme import current_theme

BREADTH = 20
"""Logical pixels that a ruler takes."""
_LABEL_ROOM = 56.0
"""Logical pixels from one number to the next, at least."""

Edge = Literal["top", "left"]


def tick_step(pixels_per_unit: float, room: float = _LABEL_ROOM) -> int:
    """The smallest of 1, 2, 5, 10, 20 … image pixels that takes at least `room` logical pixels."""
    wanted = max(1.0, room / pixels_per_unit)
    power = 10 ** floor(log10(wanted))
    return int(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted - 1e-9))


class Ruler(QWidget):
    """One edge's ruler. It hears no mouse: what lies under it is the canvas's."""

    def __init__(self, edge: Edge, parent: QWidget) -> None:
        super().__init__(parent)
        self._edge: Edge = edge
        self._viewport = Viewport(1, 1)
        self._size_hw = (1, 1)
        self._ratio = 1.0
        self._at: QPointF | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Ruler above" if edge == "top" else "Ruler on the left")
        self.hide()

    def place(self, room: QSize) -> None:
        """Lie along the edge of a canvas of that size."""
        wide = QRect(0, 0, room.width(), BREADTH)
        self.setGeometry(wide if self._edge == "top" else QRect(0, BREADTH, BREADTH, room.height() - BREADTH))

    def show_view(self, viewport: Viewport, size_hw: tuple[int, int], ratio: float) -> None:
        """Follow the view of an image of (height, width) pixels; `ratio` is device per logical pixels."""
        self._viewport, self._size_hw, self._ratio = viewport, size_hw, ratio
        self.update()

    def show_cursor(self, at: QPointF | None) -> None:
        """Mark where the cursor is, in the canvas's logical pixels."""
        before, self._at = self._at, at
        for point in (before, at):
            if point is not None:
                self.update(self._mark(point).adjusted(-1, -1, 1, 1))

    def numbers(self) -> list[tuple[int, float]]:
        """(image pixel, place along the ruler in logical pixels) of every number that is written."""
        step = tick_step(self._viewport.scale / self._ratio)
        return [(number, self._place_of(number)) for number in self._visible(step)]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        theme, painter = current_theme(), QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.panel))
        step = tick_step(self._viewport.scale / self._ratio)
        small = max(1, step // 10 if step >= 10 else 1)
        painter.setPen(QPen(QColor(theme.dim), 1))
        for number in self._visible(small):
            length = 9 if number % step == 0 else 6 if number * 2 % step == 0 else 3
            self._tick(painter, self._place_of(number), length)
        painter.setPen(QColor(theme.text))
        font = self.font()
        font.setPixelSize(9)
        painter.setFont(font)
        for number, place in self.numbers():
            self._write(painter, str(number), place)
        painter.setPen(QColor(theme.line))
        if self._edge == "top":
            painter.drawLine(0, BREADTH - 1, self.width(), BREADTH - 1)
        else:
            painter.drawLine(BREADTH - 1, 0, BREADTH - 1, self.height())
        if self._at is not None:
            painter.fillRect(self._mark(self._at), QColor(theme.accent))

    @property
    def _along_x(self) -> bool:
        """Whether the ruler counts columns of the image; on a view turned by 90° the upper one counts rows."""
        return (self._edge == "top") == (self._viewport.quarter_turns % 2 == 0)

    def _place_of(self, number: float) -> float:
        x, y = self._viewport.to_widget(number, 0) if self._along_x else self._viewport.to_widget(0, number)
        return x / self._ratio if self._edge == "top" else y / self._ratio - BREADTH

    def _visible(self, step: int) -> range:
        length = (self.width() if self._edge == "top" else self.height()) * self._ratio
        start = 0.0 if self._edge == "top" else BREADTH * self._ratio
        ends = [
            self._viewport.to_image(*((at, 0.0) if self._edge == "top" else (0.0, at)))[0 if self._along_x else 1]
            for at in (start, start + length)
        ]
        count = self._size_hw[1 if self._along_x else 0]
        low, high = max(0, floor(min(ends))), min(count, ceil(max(ends)))
        return range(-(-low // step) * step, high + 1, step)

    def _tick(self, painter: QPainter, place: float, length: int) -> None:
        at = round(place)
        if self._edge == "top":
            painter.drawLine(at, BREADTH - length, at, BREADTH)
        else:
            painter.drawLine(BREADTH - length, at, BREADTH, at)

    def _write(self, painter: QPainter, text: str, place: float) -> None:
        if self._edge == "top":
            painter.drawText(QPointF(place + 2, 9), text)
            return
        painter.save()
        painter.translate(9, place + 2 + QFontMetrics(painter.font()).horizontalAdvance(text))
        painter.rotate(-90)
        painter.drawText(QPointF(0, 0), text)
        painter.restore()

    def _mark(self, at: QPointF) -> QRect:
        if self._edge == "top":
            return QRect(round(at.x()), 0, 1, BREADTH)
        return QRect(0, round(at.y()) - BREADTH, BREADTH, 1)
