"""What the live forest is doing, what its answer rests on, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from segstudio.session.assist.forest import ForestFacts, LiveForest
from segstudio.ui.panels.pace import Pace

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_BUTTONS = (
    ("assist.forest", "Forest"),
    ("assist.next_doubtful", "Next doubtful"),
    ("view.heat", "Confidence"),
    ("accept.all", "Accept all"),
    ("assist.forest_position", "Places count"),
    ("assist.forest_save", "Save…"),
    ("assist.forest_load", "Load…"),
)


def assist_dock(window: MainWindow) -> QWidget:
    """The content of the dock `assist.panel`."""
    return AssistPanel(window)


class AssistPanel(QWidget):
    """One row of buttons, one of words: state and next step, then numbers."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._forest: LiveForest = window.session.forest
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.numbers = QLabel()
        self.numbers.setProperty("role", "dim")
        self.numbers.setWordWrap(True)
        self.sure = QProgressBar()
        self.sure.setRange(0, 100)
        self.sure.setFixedWidth(140)
        self.sure.setFormat("%p % sure")
        self.sure.setAccessibleName("Mean confidence of the forest")
        row = QHBoxLayout()
        row.setSpacing(6)
        for name, words in _BUTTONS:
            action = window.commands.action(name)
            action.setIconText(words)
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setProperty("role", "outlined")
            button.setAccessibleName(words)
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.sure)
        for label in (self.state, self.numbers):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addLayout(row)
        layout.addWidget(self.state)
        layout.addWidget(self.numbers)
        layout.addStretch(1)
        self._pace = Pace(self, self.refresh, interval_ms=50)
        self._forest.changed.connect(self._pace.ask)
        self.refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(640, 108)

    def refresh(self) -> None:
        """Show what is true now."""
        facts = self._forest.facts
        self.state.setText(state_in_words(self._forest))
        self.numbers.setText(numbers_in_words(facts, self._forest.project.images))
        self.sure.setVisible(self._forest.is_on and bool(facts.confidence))
        self.sure.setValue(round(100 * facts.confidence))


def state_in_words(forest: LiveForest) -> str:
    """What the forest is doing and what a person does next."""
    facts = forest.facts
    if not forest.is_on:
        return "Off. Switch the forest on, then paint a dab of each class with the brush."
    if forest.state == "preparing":
        return "Dividing the picture into patches…"
    if forest.state == "no image":
        return "No image is open."
    if not facts.classes and not facts.confidence:
        return "Paint a dab of each class with the brush (B): everything else is labelled from them."
    if not facts.classes:
        return "Labelled from your other images. Paint where it is wrong, or accept."
    if facts.classes == 1:
        return "One class so far: paint a dab of another."
    return "Paint where it is wrong. N leads to the most doubtful region, Y and Shift+Y accept; your pixels stay."


def numbers_in_words(facts: ForestFacts, images: int) -> str:
    """What the answer rests on."""
    if not facts.patches:
        return ""
    parts = [f"{facts.patches:,} patches, {facts.painted:,} painted"]
    if facts.classes:
        parts.append(_count(facts.classes, "class", "classes"))
    if images:
        parts.append(f"knows {_count(images, 'other image', 'other images')}")
    if facts.seconds:
        parts.append(f"answered in {1000 * facts.seconds:.0f} ms")
    if facts.refined:
        parts.append("drawn to the edges")
    return " · ".join(parts)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
