"""Icons from SVG files, drawn in the theme's colours at whatever size and pixel ratio is asked for."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QIconEngine, QPainter, QPaintEvent, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from segstudio.core.resources import resource_dir
from segstudio.ui.shell.theme import current_theme

_TURNED = {"next": "previous", "previous": "next"}
"""What points the other way where one reads from right to left."""


@cache
def _source(name: str) -> str:
    return (resource_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


class IconMark(QWidget):
    """An icon that is only looked at; it keeps to the theme in use."""

    def __init__(self, name: str, *, side: int = 14) -> None:
        super().__init__()
        self._icon = icon(name)
        self.setFixedSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        self._icon.paint(painter, self.rect())
        painter.end()


class _ThemedEngine(QIconEngine):
    """Looks the colour up when it paints, so that a change of theme needs no new icons."""

    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, state: QIcon.State) -> None:
        theme = current_theme()
        color = theme.dim if mode == QIcon.Mode.Disabled else getattr(theme, self._role)
        if state == QIcon.State.On and mode != QIcon.Mode.Disabled:
            color = theme.on_accent
        name = _TURNED.get(self._name, self._name) if QGuiApplication.isRightToLeft() else self._name
        svg = _source(name).replace("currentColor", color)
        renderer = QSvgRenderer(QByteArray(svg.encode()))
        if mode == QIcon.Mode.Disabled:
            painter.setOpacity(0.5)
        renderer.render(painter, QRectF(rect))  # type: ignore[call-overload]

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        if pixmap.isNull():
            # A button that has no room for its icon asks all the same.
            return pixmap
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _ThemedEngine(self._name, self._role)


def icon(name: str, role: str = "text") -> QIcon:
    """The icon of that file name (without suffix) in the theme's colour for `role`.

    Raises `FileNotFoundError` where there is none.
    """
    _source(name)
    return QIcon(_ThemedEngine(name, role))
