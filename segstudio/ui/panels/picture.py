"""How the picture looks on the screen: brightness, gamma, channels, range; file and labels stay as they are."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.ops.window import DEFAULT_PERCENT
from segstudio.render.tone import own_channels
from segstudio.session.document import Document
from segstudio.session.session import Session
from segstudio.ui.shell.icons import icon

_ROWS = (("brightness", "Brightness"), ("contrast", "Contrast"), ("gamma", "Gamma"))
_NEUTRAL: dict[str, object] = {
    "brightness": 0.0,
    "contrast": 0.0,
    "gamma": 1.0,
    "channels": (),
    "tone_percent": None,
}
_COLORS = ("Red", "Green", "Blue")
_LEAST_PERCENT = 0.1
"""How far black and white stay apart."""


class PictureAdjust(QWidget):
    """A folded row; unfolded it has what the open picture can be asked for, and a way back.

    Everything is shown at once while a slider moves: only the pixels in view are looked up anew.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.unfold = QToolButton()
        self.unfold.setIcon(icon("image"))
        self.unfold.setText("Picture")
        self.unfold.setToolTip("Brightness, channels and range on the screen; nothing is changed in the file")
        self.unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.unfold.setCheckable(True)
        self.reset = QToolButton()
        self.reset.setText("Reset")
        self.reset.setToolTip("Show the picture as it is")
        self.reset.clicked.connect(self._on_reset)
        self.kind = QLabel()
        self.kind.setProperty("role", "dim")
        top = QHBoxLayout()
        top.addWidget(self.unfold)
        top.addWidget(self.kind)
        top.addStretch(1)
        top.addWidget(self.reset)
        self._body = QWidget()
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._sliders())
        column.addWidget(self._range_row())
        column.addWidget(self._channels_row())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self._body)
        self._body.hide()
        self.unfold.toggled.connect(self._body.setVisible)
        session.view.changed.connect(self._on_view)
        session.document_changed.connect(self._on_document)
        self._on_document(session.document)

    def _sliders(self) -> QGridLayout:
        grid = QGridLayout()
        self.sliders: dict[str, QSlider] = {}
        for row, (name, title) in enumerate(_ROWS):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(-100, 100)
            slider.setAccessibleName(f"{title} of the picture")
            slider.valueChanged.connect(self._on_slider)
            grid.addWidget(QLabel(title), row, 0)
            grid.addWidget(slider, row, 1)
            self.sliders[name] = slider
        return grid

    def _range_row(self) -> QWidget:
        self.percents = (QDoubleSpinBox(), QDoubleSpinBox())
        for spin, end in zip(self.percents, ("black", "white"), strict=True):
            spin.setRange(0.0, 100.0)
            spin.setDecimals(1)
            spin.setSingleStep(0.5)
            spin.setSuffix(" %")
            spin.setKeyboardTracking(False)
            spin.lineEdit().setTextMargins(4, 0, 0, 0)
            spin.setAccessibleName(f"Percentile shown as {end}")
            spin.setToolTip(f"Values beyond this percentile of the picture are {end}")
            spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            spin.valueChanged.connect(self._on_percent)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(QLabel("Range"))
        line.addWidget(self.percents[0], 1)
        line.addWidget(QLabel("to"))
        line.addWidget(self.percents[1], 1)
        return row

    def _channels_row(self) -> QWidget:
        self.mode = QComboBox()
        self.mode.setAccessibleName("How channels are shown")
        self.mode.setToolTip("Show one channel in grey, or three as red, green and blue")
        self.mode.activated.connect(self._on_mode)
        self.chosen = tuple(QComboBox() for _ in _COLORS)
        for color, box in zip(_COLORS, self.chosen, strict=True):
            box.setAccessibleName(f"Channel shown as {color.lower()}")
            box.setToolTip(f"Channel shown as {color.lower()}")
            box.activated.connect(self._on_chosen)
        self._channels = QWidget()
        grid = QGridLayout(self._channels)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.addWidget(QLabel("Channels"), 0, 0)
        grid.addWidget(self.mode, 0, 1, 1, 2)
        for place, box in enumerate(self.chosen):
            grid.addWidget(box, 1, place)
            grid.setColumnStretch(place, 1)
        return self._channels

    def refresh(self) -> None:
        """Show the view's values."""
        view = self._session.view.now
        for name, slider in self.sliders.items():
            _quietly(slider, _to_slider(name, getattr(view, name)))
        for spin, value in zip(self.percents, view.tone_percent or self._own_percent, strict=True):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)
        count = self._count
        shown = view.channels if self._has(view.channels) else own_channels(count)
        self.mode.setCurrentIndex(self.mode.findData(shown[0] if len(shown) == 1 else -1))
        for place, box in enumerate(self.chosen):
            box.setVisible(len(shown) == 3)
            box.setCurrentIndex(shown[place] if len(shown) == 3 else min(place, count - 1))
        self.reset.setVisible(any(getattr(view, name) != neutral for name, neutral in _NEUTRAL.items()))

    @property
    def _count(self) -> int:
        document = self._session.document
        return document.pyramid.num_channels if document is not None else 3

    @property
    def _own_percent(self) -> tuple[float, float]:
        document = self._session.document
        has_eight_bits = document is None or document.pyramid.samples.dtype.itemsize == 1
        return (0.0, 100.0) if has_eight_bits else DEFAULT_PERCENT

    def _has(self, channels: tuple[int, ...]) -> bool:
        return len(channels) in (1, 3) and max(channels) < self._count

    def _on_document(self, document: Document | None) -> None:
        count = self._count
        names = list(_COLORS) if count == 3 else [f"Channel {number + 1}" for number in range(count)]
        self.mode.clear()
        if count >= 3:
            self.mode.addItem("Three as colours", -1)
        for channel, name in enumerate(names):
            self.mode.addItem(f"{name} in grey", channel)
        for box in self.chosen:
            box.clear()
            box.addItems(names)
        self._channels.setVisible(count > 1)
        self.kind.setText(_kind(document))
        self.refresh()

    def _on_view(self, names: frozenset[str]) -> None:
        if names & _NEUTRAL.keys():
            self.refresh()

    def _on_slider(self, _: int) -> None:
        self._session.view.set(**{name: _from_slider(name, s.value()) for name, s in self.sliders.items()})

    def _on_percent(self, _: float) -> None:
        low, high = (spin.value() for spin in self.percents)
        if self.sender() is self.percents[0]:
            high = max(high, min(100.0, low + _LEAST_PERCENT))
        low = max(0.0, min(low, high - _LEAST_PERCENT))
        wanted = (low, high)
        self._session.view.set(tone_percent=None if wanted == self._own_percent else wanted)
        self.refresh()

    def _on_mode(self, index: int) -> None:
        channel = self.mode.itemData(index)
        wanted = own_channels(self._count) if channel == -1 else (int(channel),)
        self._session.view.set(channels=() if wanted == own_channels(self._count) else wanted)

    def _on_chosen(self, _: int) -> None:
        wanted = tuple(box.currentIndex() for box in self.chosen)
        self._session.view.set(channels=() if wanted == own_channels(self._count) else wanted)

    def _on_reset(self) -> None:
        self._session.view.set(**_NEUTRAL)


def _kind(document: Document | None) -> str:
    """What the picture is, where it is not what pictures mostly are."""
    if document is None or document.pyramid.is_plain:
        return ""
    photo = document.pyramid
    bits = 8 * photo.samples.dtype.itemsize
    return f"{bits} bit · {photo.num_channels} channels" if photo.num_channels > 1 else f"{bits} bit grey"


def _quietly(slider: QSlider, value: int) -> None:
    slider.blockSignals(True)
    slider.setValue(value)
    slider.blockSignals(False)


def _to_slider(name: str, value: float) -> int:
    if name != "gamma":
        return round(100 * value)
    return round(100 * (value - 1) / (3 if value >= 1 else 0.75))


def _from_slider(name: str, position: int) -> float:
    if name != "gamma":
        return position / 100
    return 1 + position / 100 * (3 if position >= 0 else 0.75)
