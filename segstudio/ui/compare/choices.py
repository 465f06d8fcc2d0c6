"""The line over the panes: which layers are A and B, how they are shown, which panes stand how, and the way out."""

from __future__ import annotations

from functools import partial
from typing import get_args

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from segstudio.core.layer import LABELS, TRUTH
from segstudio.session.comparison.comparing import Side
from segstudio.ui.compare.arrangement import PANES, Arrangement, Layout, Manner
from segstudio.ui.shell.icons import icon

_PANES = {"a": "A", "b": "B", "difference": "Difference", TRUTH: "Truth", LABELS: "Labels"}
_LAYOUTS: dict[Layout, str] = {"grid": "In a grid", "row": "Side by side", "column": "One under the other"}
_MANNERS: dict[Manner, tuple[str, str]] = {
    "panes": ("Panes", "A, B and more beside each other, moving together (C)"),
    "swipe": ("Swipe", "A over B in one place, with a divider (Shift+C)"),
    "onion": ("Onion", "A over B in one place, more or less see-through (Ctrl+Alt+O)"),
    "blink": ("Blink", "A and B in one place by turns (Ctrl+Alt+C)"),
}


class ChoiceBar(QWidget):
    """`layer_chosen` carries the side and the layer's name; `arranged` says that other panes or another manner are
    wanted.
    """

    layer_chosen = Signal(str, str)
    arranged = Signal()
    close_asked = Signal()

    def __init__(self, arrangement: Arrangement, parent: QWidget | None = None) -> None:
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
        self.manners: dict[Manner, QToolButton] = {}
        self._manners = QButtonGroup(self)
        for manner, (title, tip) in _MANNERS.items():
            button = _toggle(title, tip)
            self._manners.addButton(button)
            self.manners[manner] = button
            row.addWidget(button)
        self.manners["panes"].setChecked(True)
        self._manners.buttonToggled.connect(self._on_arranged)
        row.addSpacing(10)
        self.arrange = QToolButton()
        self.arrange.setText("Arrange")
        self.arrange.setToolTip("Which panes are shown, and how they stand")
        self.arrange.setProperty("role", "outlined")
        self.arrange.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.arrange)
        self.arrange.setMenu(self.menu)
        self.shown = {name: _check(self.menu, _PANES[name], name in arrangement.panes) for name in PANES}
        self.menu.addSeparator()
        self._layouts = QActionGroup(self.menu)
        self.layouts = {name: _check(self.menu, title, name == arrangement.layout) for name, title in _LAYOUTS.items()}
        for action in self.layouts.values():
            self._layouts.addAction(action)
        for action in (*self.shown.values(), *self.layouts.values()):
            action.toggled.connect(self._on_arranged)
        row.addWidget(self.arrange)
        leave = QToolButton()
        leave.setIcon(icon("close"))
        leave.setToolTip("Back to the canvas (Esc or C)")
        leave.setAccessibleName("Back to the canvas")
        leave.clicked.connect(self.close_asked)
        row.addWidget(leave)

    @property
    def manner(self) -> Manner:
        """How A and B are shown."""
        return next(name for name in get_args(Manner) if self.manners[name].isChecked())

    @property
    def panes(self) -> tuple[str, ...]:
        """The panes that are wanted; A where a person took all away."""
        return tuple(name for name, action in self.shown.items() if action.isChecked()) or ("a",)

    @property
    def layout_name(self) -> Layout:
        """How the panes stand."""
        return next(name for name, action in self.layouts.items() if action.isChecked())

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

    def _on_arranged(self, *_: object) -> None:
        self.arrange.setEnabled(self.manners["panes"].isChecked())
        # Of two that change places, both tell: the second is the one after which there is one again.
        if self._manners.checkedButton() is not None and self._layouts.checkedAction() is not None:
            self.arranged.emit()


def layer_title(name: str) -> str:
    """What a person calls a layer: the run of a prediction, "labels", "ground truth"."""
    return name.partition(":")[2] or {TRUTH: "ground truth"}.get(name, name)


def _check(menu: QMenu, title: str, checked: bool) -> QAction:
    action = menu.addAction(title)
    action.setCheckable(True)
    action.setChecked(checked)
    return action


def _toggle(title: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(title)
    button.setCheckable(True)
    button.setToolTip(tip)
    button.setProperty("role", "outlined")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
