"""The segmenter behind AI points: which one, whether it works and what it lacks, words to ask it, and everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import UserError
from segstudio.models.interactive.tasks import EverythingSettings
from segstudio.session.assist.prompt_choice import Choice
from segstudio.ui.canvas.tools.prompt import PromptTool
from segstudio.ui.shell.preferences import change

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_STATES = {
    "works": "",
    "weights needed": " – no weights yet",
    "missing extra": " – extra missing",
    "not yet": " – not yet",
}


def prompt_dock(window: MainWindow) -> QWidget:
    """The content of the dock `assist.segmenter`."""
    return PromptPanel(window)


class PromptPanel(QWidget):
    """One row to choose, one to ask, one that says what is going on or what is missing."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._prompting = window.session.prompting
        self._choices: list[Choice] = []
        self.segmenter = QComboBox()
        self.segmenter.setAccessibleName("Segmenter")
        self.segmenter.setMinimumWidth(230)
        self.segmenter.activated.connect(self._on_chosen)
        self.folder = QPushButton("Weights…")
        self.folder.setToolTip("Choose the folder of the weights: nothing is downloaded")
        self.folder.clicked.connect(self._on_folder)
        self.ahead = QPushButton("Embed all")
        self.ahead.setToolTip("All images that are shown, in the background: first clicks are then answered at once")
        self.ahead.clicked.connect(window.commands.action("assist.encode").trigger)
        self.words = QLineEdit()
        self.words.setPlaceholderText("words, such as: traffic light")
        self.words.setAccessibleName("What to look for, in words")
        self.words.returnPressed.connect(self._on_words)
        self.side = QSpinBox()
        self.side.setRange(2, 64)
        self.side.setValue(16)
        self.side.setPrefix("grid ")
        self.side.lineEdit().setTextMargins(4, 0, 0, 0)
        self.side.setAccessibleName("Points per side of the grid")
        self.score = _share("score ≥ ", 0.8, "Least score")
        self.least = _share("area ≥ ", 0.0005, "Least share of the image", decimals=4)
        self.most = _share("area ≤ ", 0.6, "Greatest share of the image")
        self.everything = QPushButton("Find everything")
        self.everything.clicked.connect(self._on_everything)
        self.follow = QPushButton("Follow the selected")
        self.follow.clicked.connect(window.commands.action("assist.track").trigger)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._lay_out()
        self._prompting.changed.connect(self._on_changed)
        self.refresh()

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.segmenter)
        first.addWidget(self.folder)
        first.addWidget(self.ahead)
        first.addWidget(self.words, 1)
        for widget in (self.side, self.score, self.least, self.most, self.everything, self.follow):
            second.addWidget(widget)
        second.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 6)
        column.addLayout(first)
        column.addLayout(second)
        column.addWidget(self.state)
        column.addStretch(1)

    def refresh(self) -> None:
        """Look again which segmenters work, and show the one in hand."""
        self._prompting.choose_any()
        self._choices = self._prompting.choices()
        self.segmenter.clear()
        self.segmenter.addItem("Choose a segmenter …", "")
        for choice in self._choices:
            self.segmenter.addItem(choice.card.title + _STATES[choice.status.state], choice.card.name)
            self.segmenter.setItemData(self.segmenter.count() - 1, choice.card.notes, Qt.ItemDataRole.ToolTipRole)
        model = self.segmenter.model()
        if isinstance(model, QStandardItemModel):
            model.item(0).setEnabled(False)
        self.segmenter.setCurrentIndex(max(0, self.segmenter.findData(self._prompting.model)))
        self._on_changed(None)

    def _choice(self) -> Choice | None:
        name = self.segmenter.currentData()
        return next((choice for choice in self._choices if choice.card.name == name), None)

    def _on_chosen(self, _: int) -> None:
        choice = self._choice()
        if choice is None:
            return
        self._prompting.choose(choice.card.name)
        change(self._window, segmenter=choice.card.name, segmenter_folder="")
        if choice.status.state == "works":
            self._prompting.prepare()

    def _on_folder(self) -> None:
        choice = self._choice()
        if choice is None:
            return
        dialog = QFileDialog(self, f"The folder with the weights of {choice.card.title}")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_folder_chosen)
        dialog.open()

    def _on_folder_chosen(self, folder: str) -> None:
        choice = self._choice()
        if choice is not None:
            self._prompting.choose(choice.card.name, weights=Path(folder))
            change(self._window, segmenter=choice.card.name, segmenter_folder=folder)
            self._prompting.prepare()

    def _on_words(self) -> None:
        self._window.session.view.set(tool=PromptTool.id)
        tool = self._window.canvas.tool
        if isinstance(tool, PromptTool) and self.words.text().strip():
            tool.ask_words(self.words.text().strip())

    def _on_everything(self) -> None:
        from segstudio.session.assist.prompt_runs import find_everything

        settings = EverythingSettings(self.side.value(), self.score.value(), self.least.value(), self.most.value())
        try:
            find_everything(self._window.session, settings)
        except UserError as error:
            self._window.session.notify.fault(error)

    def _on_changed(self, _: None) -> None:
        """What it is doing, or what is missing and where that goes."""
        prompting, choice = self._prompting, self._choice()
        takes, given = prompting.capabilities, prompting.weights is not None
        self.folder.setEnabled(choice is not None and bool(choice.card.weights))
        known = prompting.state == "ready"
        self.words.setEnabled(known and takes.text)
        self.words.setToolTip("" if takes.text else "The segmenter in hand takes no words; SAM 3 does")
        self.follow.setEnabled(known and takes.tracks)
        works = choice is not None and (given or choice.status.state == "works")
        self.everything.setEnabled(works)
        self.ahead.setEnabled(works and not takes.reads_truth)
        if choice is None:
            text = "Choose a segmenter. Nothing is downloaded: one without weights says where to put them."
        elif not works:
            why = choice.status.note if choice.status.state == "missing extra" else choice.how
            text = f"{choice.card.title}: {why}. Licence: {choice.card.licence}."
        else:
            state = prompting.state or "take the tool AI points (Q) and point at the image"
            device = f" · {prompting.device_line}" if prompting.device_line and known else ""
            finer = f" · the view in {prompting.finer:g} times finer detail" if known and prompting.finer > 1 else ""
            text = f"{choice.card.title}: {state}{device}{finer}"
        self.state.setText(text)
        if isinstance(self._window.canvas.tool, PromptTool):
            self._window.status.show_hint(self._window.canvas.tool.hint)


def _share(prefix: str, value: float, name: str, *, decimals: int = 2) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setRange(0, 1)
    spin.setDecimals(decimals)
    spin.setSingleStep(10**-decimals * 5)
    spin.setPrefix(prefix)
    spin.setValue(value)
    spin.lineEdit().setTextMargins(4, 0, 0, 0)
    spin.setAccessibleName(name)
    return spin
