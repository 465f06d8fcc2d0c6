"""What the browser says about one model, and what can be done with it: weights, measuring, into the project."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from segstudio.session.prediction.model_library import ModelLibrary, ModelRow
from segstudio.ui.shell.icons import icon

if TYPE_CHECKING:
    from segstudio.models.card import WeightsEntry
    from segstudio.session.session import Session

FILTER = "Weights (*.safetensors *.pth *.pt *.bin *.onnx *.pt2);;All files (*)"


def figures(row: ModelRow) -> str:
    """Costs, published and measured figures of a model as rich text."""
    card = row.card
    lines = [f"<b>{escape(card.title)}</b> · {card.task} · <i>{row.status.state}</i>"]
    if row.status.note:
        lines.append(escape(row.status.note))
    if card.paper:
        lines.append(escape(card.paper if str(card.year) in card.paper else f"{card.paper} ({card.year})"))
    cost = [] if card.parameters is None else [f"{card.parameters / 1e6:.2f} M parameters"]
    if card.gmacs is not None and card.input_size is not None:
        cost.append(f"{card.gmacs:.2f} GMACs at {card.input_size[1]}×{card.input_size[0]}")
    lines += [" · ".join(cost)] if cost else []
    for one in card.published:
        note = f" ({escape(one.note)})" if one.note else ""
        lines.append(f"published: {escape(one.dataset)} {escape(one.metric)} {one.value:g}{note}")
    lines.append(measured_line(row))
    lines.append(f"licence: {escape(card.licence)}")
    return "<br>".join(line for line in lines if line)


def measured_line(row: ModelRow) -> str:
    """What this machine needs, "" where nobody measured it."""
    if row.measured is None:
        return ""
    m = row.measured
    peak = "" if m.peak_bytes is None else f", {m.peak_bytes / 2**20:.0f} MB at its peak"
    size = f"{m.size_hw[1]}×{m.size_hw[0]}"
    return f"measured here: {m.fps:.1f} FPS at {size} on {m.device} (95 % within {m.p95_ms:.0f} ms{peak})"


class CardView(QWidget):
    """Shows the row that is chosen; does nothing until there is one."""

    def __init__(self, session: Session, library: ModelLibrary, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._library = library
        self._row: ModelRow | None = None
        self._file: Path | None = None
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.weights = QComboBox()
        self.weights.setAccessibleName("Weights")
        self.weights.setPlaceholderText("no known weights")
        self.weights.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.weights.currentIndexChanged.connect(self._on_weights)
        self.place = QLabel()
        self.place.setWordWrap(True)
        self.place.setProperty("role", "dim")
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fetch = self._button("Download", "Fetch these weights; goes on where it stopped", self._fetch)
        self.file = self._button("File…", "Take a file of weights for this model", self._ask_file)
        self.measure = self._button("Measure here", "Time one image on this machine", self._measure)
        self.remove = self._button("Remove", "Take this model of your own off the list; its file stays", self._remove)
        self.use = self._button("Use in this project", "Take this model in hand", self._use)
        self.use.setIcon(icon("accept", "on_accent"))
        self.use.setProperty("accent", "true")
        self._lay_out()
        self.show_row(None)

    def _button(self, title: str, tip: str, call: object) -> QPushButton:
        button = QPushButton(title)
        button.setToolTip(tip)
        button.clicked.connect(call)
        return button

    def _lay_out(self) -> None:
        text = QWidget()
        inside = QVBoxLayout(text)
        inside.setContentsMargins(0, 0, 6, 0)
        inside.addWidget(self.about)
        inside.addWidget(self.place)
        inside.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(text)
        scroll.setMinimumHeight(60)
        choice = QHBoxLayout()
        choice.addWidget(self.weights, 1)
        choice.addWidget(self.fetch)
        choice.addWidget(self.file)
        last = QHBoxLayout()
        last.addWidget(self.measure)
        last.addWidget(self.remove)
        last.addStretch(1)
        last.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 8)
        layout.addWidget(scroll, 1)
        layout.addLayout(choice)
        layout.addLayout(last)

    def show_row(self, row: ModelRow | None) -> None:
        """Show a model; the choice of weights stays where it is the same model."""
        same = row is not None and self._row is not None and row.card.name == self._row.card.name
        kept = self.weights.currentData() if same else None
        self._row = row
        self._file = self._file if same else None
        self.weights.blockSignals(True)
        self.weights.clear()
        if row is not None:
            for entry in row.card.weights:
                here = "" if self._library.has(row.card, entry) else " (not here)"
                self.weights.addItem(f"{entry.name}{here}", entry.name)
            if self._file is not None:
                self.weights.addItem(self._file.name, str(self._file))
        self.weights.setCurrentIndex(0 if self.weights.count() else -1)  # with a placeholder nothing is chosen unasked
        if kept is not None and (at := self.weights.findData(kept)) >= 0:
            self.weights.setCurrentIndex(at)
        self.weights.blockSignals(False)
        self.about.setText("Choose a model on the left." if row is None else self._text(row))
        self._refresh()

    def _text(self, row: ModelRow) -> str:
        notes = f"<br>{escape(row.card.notes)}" if row.card.notes else ""
        return figures(row) + notes

    def _entry(self) -> WeightsEntry | None:
        return None if self._row is None else self._row.card.entry(str(self.weights.currentData()))

    def _refresh(self) -> None:
        row, entry = self._row, self._entry()
        here = row is not None and entry is not None and self._library.has(row.card, entry)
        can_fetch = entry is not None and not entry.is_bundled and not entry.folder and not here
        runs = row is not None and row.status.state not in ("missing extra", "not yet")
        self.weights.setEnabled(self.weights.count() > 0)
        self.fetch.setEnabled(can_fetch)
        self.file.setEnabled(runs)
        self.measure.setEnabled(runs and row is not None and row.card.family not in ("own", "generic", "promptable"))
        self.remove.setVisible(row is not None and row.card.family == "own")
        self.use.setEnabled(runs)
        self.place.setText(self._place_text())
        self.place.setVisible(bool(self.place.text()))

    def _place_text(self) -> str:
        row, entry = self._row, self._entry()
        if row is None or entry is None:
            return "" if self._file is None else str(self._file)
        score = "" if entry.miou is None else f", mIoU {entry.miou:g}"
        text = f"{entry.dataset}{score}; {entry.licence}" if entry.dataset else entry.licence
        if not self._library.has(row.card, entry):
            text += f"\nby hand: {entry.source} → {self._library.place_of(row.card, entry)}"
        return text

    def _on_weights(self, _: int) -> None:
        self._refresh()

    def _fetch(self) -> None:
        row, entry = self._row, self._entry()
        if row is not None and entry is not None:
            self._library.fetch(row.card, entry)

    def _measure(self) -> None:
        if self._row is not None:
            self._library.measure(self._row.card)

    def _remove(self) -> None:
        if self._row is not None:
            self._library.remove(self._row.card)

    def _use(self) -> None:
        if self._row is None:
            return
        chosen = self.weights.currentData()
        first = self._row.card.weights[0].name if self._row.card.weights else None
        weights = None if chosen is None or chosen == first else Path(chosen)
        if self._row.card.task == "promptable":
            self._session.prompting.choose(self._row.card.name, weights=weights)
            self._session.notify.info(f"{self._row.card.title} answers AI points (Q) now")
            return
        self._session.predictions.choose(self._row.card.name, weights=weights)
        self._session.notify.info(f"{self._row.card.title} is the model of this project now")

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Weights for this model")
        dialog.setNameFilter(FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.take_file)
        dialog.open()

    def take_file(self, name: str) -> None:
        """Choose a file of weights for the model that is shown."""
        self._file = Path(name)
        self.weights.blockSignals(True)
        self.weights.addItem(self._file.name, str(self._file))
        self.weights.setCurrentIndex(self.weights.count() - 1)
        self.weights.blockSignals(False)
        self._refresh()
