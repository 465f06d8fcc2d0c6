"""The line over the panes: which layers are A and B, which further panes stand beside them, swipe, and the way out."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QWidget

from segstudio.core.layer import LABELS, TRUTH
from segstudio.session.comparing import Side
from segstudio.ui.shell.icons import icon

_EXTRA = {"difference": "Difference", TRUTH: "Truth", LABELS: "Labels"}


class ChoiceBar(QWidget):
    """`layer_chosen` carries the side and the layer's name; `arranged` says that other panes are wanted."""

    layer_chosen = Signal(str, str)
    arranged = Signal()
    close_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.combos: dict[Side, QComboBox] = {"a": QComboBox(), "b": QComboBox()}
        for side, combo in self.combos.items():
            combo.setAccessibleName(f"Layer {side.upper()}")
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            combo.activated.connect(partial(self._on_activated, side))
            row.addWidget(QLabel(f"<b>{side.upper()}</b>"))
            row.addWidget(combo)
            row.addSpacing(10)
        row.addStretch(1)
        self.extra = {name: _toggle(title, f"A pane with {title.lower()}") for name, title in _EXTRA.items()}
        for name in (TRUTH, "difference"):
            self.extra[name].setChecked(True)
        self.swipe = _toggle("Swipe", "A over B in one place, with a divider (Shift+C)")
        for button in (*self.extra.values(), self.swipe):
            button.toggled.connect(self._on_toggled)
            row.addWidget(button)
        leave = QToolButton()
        leave.setIcon(icon("close"))
        leave.setToolTip("Back to the canvas (Esc or C)")
        leave.setAccessibleName("Back to the canvas")
        leave.clicked.connect(self.close_asked)
        row.addWidget(leave)

    def offer(self, names: list[str], a: str, b: str) -> None:
        """Offer the layers of the open image, and show which are A and B (also where the image lacks them)."""
        chosen: dict[Side, str] = {"a": a, "b": b}
        for side, combo in self.combos.items():
            wanted = names + [name for name in (chosen[side],) if name and name not in names]
            if [combo.itemData(i) for i in range(combo.count())] != wanted:
                combo.clear()
                for name in wanted:
                    combo.addItem(layer_title(name), name)
            combo.setCurrentIndex(combo.findData(chosen[side]))

    def _on_activated(self, side: Side, place: int) -> None:
        self.layer_chosen.emit(side, str(self.combos[side].itemData(place)))

    def _on_toggled(self, _: bool) -> None:
        for button in self.extra.values():
            button.setVisible(not self.swipe.isChecked())
        self.arranged.emit()


def layer_title(name: str) -> str:
    """What a person calls a layer: the run of a prediction, "labels", "ground truth"."""
    return name.partition(":")[2] or {TRUTH: "ground truth"}.get(name, name)


def _toggle(title: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(title)
    button.setCheckable(True)
    button.setToolTip(tip)
    button.setProperty("role", "outlined")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
