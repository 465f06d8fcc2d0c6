"""Brightness, contrast and gamma of the picture on the screen; the file and the labels stay as they are."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from segstudio.session.session import Session
from segstudio.ui.shell.icons import icon

_ROWS = (("brightness", "Brightness"), ("contrast", "Contrast"), ("gamma", "Gamma"))
_NEUTRAL = {"brightness": 0.0, "contrast": 0.0, "gamma": 1.0}


class PictureAdjust(QWidget):
    """A folded row; unfolded it has one slider for each and a way back."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.unfold = QToolButton()
        self.unfold.setIcon(icon("image"))
        self.unfold.setText("Picture")
        self.unfold.setToolTip("Brightness, contrast and gamma on the screen; nothing is changed in the file")
        self.unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.unfold.setCheckable(True)
        self.reset = QToolButton()
        self.reset.setText("Reset")
        self.reset.setToolTip("Show the picture as it is")
        self.reset.clicked.connect(self._on_reset)
        top = QHBoxLayout()
        top.addWidget(self.unfold)
        top.addStretch(1)
        top.addWidget(self.reset)
        self._body = QWidget()
        grid = QGridLayout(self._body)
        grid.setContentsMargins(0, 0, 0, 0)
        self.sliders: dict[str, QSlider] = {}
        for row, (name, title) in enumerate(_ROWS):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(-100, 100)
            slider.setAccessibleName(f"{title} of the picture")
            slider.valueChanged.connect(self._on_slider)
            grid.addWidget(QLabel(title), row, 0)
            grid.addWidget(slider, row, 1)
            self.sliders[name] = slider
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self._body)
        self._body.hide()
        self.unfold.toggled.connect(self._body.setVisible)
        session.view.changed.connect(self._on_view)
        self.refresh()

    def refresh(self) -> None:
        """Show the view's values."""
        view = self._session.view.now
        for name, slider in self.sliders.items():
            slider.blockSignals(True)
            slider.setValue(_to_slider(name, getattr(view, name)))
            slider.blockSignals(False)
        self.reset.setVisible(any(getattr(view, name) != neutral for name, neutral in _NEUTRAL.items()))

    def _on_view(self, names: frozenset[str]) -> None:
        if names & _NEUTRAL.keys():
            self.refresh()

    def _on_slider(self, _: int) -> None:
        self._session.view.set(**{name: _from_slider(name, s.value()) for name, s in self.sliders.items()})

    def _on_reset(self) -> None:
        self._session.view.set(**_NEUTRAL)


def _to_slider(name: str, value: float) -> int:
    if name != "gamma":
        return round(100 * value)
    return round(100 * (value - 1) / (3 if value >= 1 else 0.75))


def _from_slider(name: str, position: int) -> float:
    if name != "gamma":
        return position / 100
    return 1 + position / 100 * (3 if position >= 0 else 0.75)
