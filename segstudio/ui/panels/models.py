"""The model panel: choose a model and its weights, read what it costs and scored, run it, and stop it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.session.session import Session
from segstudio.ui.panels.run_options import RunOptions
from segstudio.ui.shell.icons import icon

if TYPE_CHECKING:
    from segstudio.models.card import ModelCard
    from segstudio.models.registry import ModelStatus
    from segstudio.session.workspace import Workspace

_DEVICES = (("auto", "Automatic"), ("cuda", "NVIDIA GPU"), ("mps", "Apple GPU"), ("cpu", "Processor"))
_ORDER = {"works": 0, "weights needed": 1, "missing extra": 2, "not yet": 3}


def card_text(card: ModelCard, status: ModelStatus) -> str:
    """What the panel says about a model, as a few lines of rich text."""
    lines = [
        f"<b>{card.title}</b> · {card.task}",
        card.paper if str(card.year) in card.paper else f"{card.paper} ({card.year})",
    ]
    cost = []
    if card.parameters is not None:
        cost.append(f"{card.parameters / 1e6:.2f} M parameters")
    if card.gmacs is not None and card.input_size is not None:
        cost.append(f"{card.gmacs:.1f} GMACs at {card.input_size[1]}×{card.input_size[0]}")
    if cost:
        lines.append(" · ".join(cost))
    for figure in card.published[:2]:
        lines.append(f"{figure.dataset}: {figure.metric} {figure.value:g}")
    if card.weights:
        entry = card.weights[0]
        score = f", mIoU {entry.miou:.1f}" if entry.miou is not None else ""
        lines.append(f"Weights: {entry.name} ({entry.dataset}{score}; {entry.licence})")
    if status.state != "works":
        lines.append(f"<i>{status.state}{f': {status.note}' if status.note else ''}</i>")
    return "<br>".join(lines)


class ModelsPanel(QWidget):
    """Cards are read when the panel is first filled, after a data set was opened; no network code loads here."""

    browser_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._cards: list[tuple[ModelCard, ModelStatus]] = []
        self.choice = QComboBox()
        self.choice.setAccessibleName("Model")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.choice.currentIndexChanged.connect(self._on_choice)
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.about.setProperty("role", "dim")
        self.weights = QPushButton("As named by the card")
        self.weights.setToolTip("Choose a file of weights for this model")
        self.weights.clicked.connect(self._ask_weights)
        self.browse = QToolButton()
        self.browse.setIcon(icon("search"))
        self.browse.setToolTip("Browse all models, with their figures and weights")
        self.browse.setAccessibleName("Model browser")
        self.browse.clicked.connect(self.browser_asked)
        self.more = RunOptions(session)
        self.device = QComboBox()
        self.device.setAccessibleName("Device")
        self.device.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for value, title in _DEVICES:
            self.device.addItem(title, value)
        self.device.activated.connect(self._on_device)
        self.run = QPushButton(icon("play", "on_accent"), "Predict")
        self.run.setProperty("accent", "true")
        self.run.clicked.connect(session.predictions.predict_image)
        self.run_all = QPushButton(icon("play-all"), "All images")
        self.run_all.clicked.connect(session.predictions.predict_all)
        self.stop = QToolButton()
        self.stop.setIcon(icon("stop"))
        self.stop.setToolTip("Cancel the run")
        self.stop.setAccessibleName("Cancel the run")
        self.stop.clicked.connect(session.predictions.cancel)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setProperty("role", "dim")
        self._lay_out()
        session.opened.connect(self._on_opened)
        session.predictions.changed.connect(self._on_changed)
        session.predictions.library.changed.connect(self._on_library)
        self._on_changed(None)

    def _lay_out(self) -> None:
        form = QFormLayout()
        choice = QHBoxLayout()
        choice.setSpacing(4)
        choice.addWidget(self.choice, 1)
        choice.addWidget(self.browse)
        form.addRow("Model", choice)
        form.addRow("Weights", self.weights)
        form.addRow("Device", self.device)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run, 1)
        buttons.addWidget(self.run_all, 1)
        buttons.addWidget(self.stop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self.status)
        layout.addWidget(self.more)
        layout.addWidget(self.about)
        layout.addStretch(1)

    def choose(self, name: str) -> None:
        """Take the model of that name in hand; raises `KeyError` where there is none."""
        row = self.choice.findData(name)
        if row < 0:
            raise KeyError(name)
        self.choice.setCurrentIndex(row)

    def _on_opened(self, workspace: Workspace | None) -> None:
        if workspace is not None and not self._cards:
            self._fill()
            self._on_choice(0)

    def _fill(self) -> None:
        cards = self._session.predictions.cards()
        self._cards = sorted(cards, key=lambda row: (_ORDER.get(row[1].state, 9), row[0].title.casefold()))
        self._cards.sort(key=lambda row: row[0].family != "toytown")
        self.choice.blockSignals(True)
        self.choice.clear()
        for card, status in self._cards:
            self.choice.addItem(card.title if status.state == "works" else f"{card.title} ({status.state})", card.name)
        self.choice.blockSignals(False)

    def _on_library(self, _: None) -> None:
        """A model has come, gone or got its weights."""
        if not self._cards:
            return
        name = self._session.predictions.model
        self._fill()
        row = self.choice.findData(name)
        self.choice.blockSignals(True)
        self.choice.setCurrentIndex(max(row, 0))
        self.choice.blockSignals(False)
        if row < 0:
            self._on_choice(0)
        else:
            self._show_card(row)
            self._on_changed(None)

    def _on_choice(self, row: int) -> None:
        if 0 <= row < len(self._cards):
            self._show_card(row)
            self._session.predictions.choose(self._cards[row][0].name)

    def _show_card(self, row: int) -> None:
        card, status = self._cards[row]
        self.about.setText(card_text(card, status))
        self.weights.setText("As named by the card")

    def _on_device(self, row: int) -> None:
        self._session.predictions.choose_device(self.device.itemData(row))

    def _ask_weights(self) -> None:
        dialog = QFileDialog(self, "Weights for this model")
        dialog.setNameFilter("Weights (*.safetensors *.pth *.pt *.bin *.onnx *.pt2);;All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_weights)
        dialog.open()

    def _on_weights(self, name: str) -> None:
        self.weights.setText(Path(name).name)
        self._session.predictions.choose(self._session.predictions.model, weights=Path(name))

    def _on_changed(self, _: None) -> None:
        predictions = self._session.predictions
        running = predictions.is_running
        row = self.choice.findData(predictions.model)
        if row >= 0 and row != self.choice.currentIndex():
            # Chosen elsewhere: the panel follows and chooses nothing itself.
            self.choice.blockSignals(True)
            self.choice.setCurrentIndex(row)
            self.choice.blockSignals(False)
            self._show_card(row)
        if predictions.weights is not None:
            self.weights.setText(predictions.weights.name)
        self.run.setEnabled(predictions.can_predict_image)
        self.run_all.setEnabled(bool(predictions.model) and not running)
        self.stop.setEnabled(running)
        self.status.setText(
            predictions.status or " · ".join(filter(None, (predictions.outcome, predictions.device_line)))
        )
