"""The kinds of errors with their colours and pixels; a click hides or shows a kind, Alt+click shows it alone."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from segstudio.metrics.error_kind_map import WRONG_KINDS, RegionKind
from segstudio.render.lut import KIND_COLORS
from segstudio.session.inspect.kind_layer import KindLayer
from segstudio.session.session import Session
from segstudio.ui.panels.pace import Pace

_WORDS = {
    RegionKind.RIGHT: ("right", "the class of the truth"),
    RegionKind.BOUNDARY: ("boundary", "beside a border that is a little off"),
    RegionKind.EXTENT: ("extent", "a region that is found, but reaches too far or not far enough"),
    RegionKind.MISSED_REGION: ("missed", "a whole region of the truth that was not found"),
    RegionKind.SPURIOUS_REGION: ("spurious", "a whole region where the truth has nothing of the kind"),
    RegionKind.CLASS_SWAP: ("swapped", "a whole region that was taken for another class"),
    RegionKind.SPLIT: ("split", "a gap that parts one region into several"),
    RegionKind.MERGE: ("merged", "a bridge that joins several regions into one"),
}
_SIDE = 12
_STYLE = (
    "QToolButton, QToolButton:checked { background: transparent; border: none; padding: 2px 4px;"
    " color: palette(window-text); } QToolButton:disabled { color: palette(mid); }"
)


class KindChips(QWidget):
    """One button per kind; `resized` asks the legend for its room."""

    resized = Signal()

    def __init__(self, session: Session, layer: KindLayer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._layer = layer
        self.buttons: dict[RegionKind, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for kind, (word, _) in _WORDS.items():
            button = QToolButton()
            button.setText(word)
            button.setCheckable(True)
            button.setIcon(_swatch(kind))
            button.setIconSize(QSize(_SIDE, _SIDE))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            button.setStyleSheet(_STYLE)
            button.clicked.connect(partial(self._toggle, kind))
            row.addWidget(button)
            self.buttons[kind] = button
        self._pace = Pace(self, self.refresh, interval_ms=120)
        layer.changed.connect(self._pace.ask)
        session.view.changed.connect(self._on_view)
        self.refresh()

    def refresh(self) -> None:
        """Show what is hidden and how many pixels each kind has now."""
        view, pixels = self._session.view.now, self._layer.pixels()
        wrong = sum(pixels.get(kind, 0) for kind in WRONG_KINDS)
        for kind, button in self.buttons.items():
            word, tip = _WORDS[kind]
            count = pixels.get(kind)
            number = "" if count is None else f"\n{count:,} px".replace(",", "\u202f")
            if count and wrong and kind in WRONG_KINDS:
                number += f", {100 * count / wrong:.1f} % of what is wrong"
            button.setToolTip(f"{tip}{number}\nclick: hide or show, Alt+click: show alone")
            button.setAccessibleName(f"{word}: {tip}")
            button.setChecked(kind not in view.hidden_error_kinds)
            font = button.font()
            font.setStrikeOut(kind in view.hidden_error_kinds)
            button.setFont(font)
            button.setEnabled(count is None or count > 0)
        self.resized.emit()

    def _toggle(self, kind: RegionKind, _: bool = False) -> None:
        view = self._session.view
        hidden = view.now.hidden_error_kinds
        if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier:
            others = frozenset(int(other) for other in self.buttons if other is not kind)
            view.set(hidden_error_kinds=frozenset() if hidden == others else others)
        else:
            view.set(hidden_error_kinds=hidden ^ {int(kind)})

    def _on_view(self, names: frozenset[str]) -> None:
        if names & {"hidden_error_kinds", "error_kinds", "errors"}:
            self.refresh()


def _swatch(kind: RegionKind) -> QIcon:
    """A square of the kind's colour; while it is hidden, only its outline."""
    icon = QIcon()
    for state in (QIcon.State.On, QIcon.State.Off):
        pixmap = QPixmap(2 * _SIDE, 2 * _SIDE)
        pixmap.setDevicePixelRatio(2)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(*KIND_COLORS[kind])
        painter.setPen(color)
        painter.setBrush(color if state == QIcon.State.On else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(1, 1, _SIDE - 2, _SIDE - 2, 3, 3)
        painter.end()
        icon.addPixmap(pixmap, QIcon.Mode.Normal, state)
    return icon
