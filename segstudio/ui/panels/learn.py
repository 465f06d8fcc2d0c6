"""The dock for learning: what it would learn from, its budget and curves, and the versions that came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.session.assist.learning import light_models
from segstudio.ui.panels.learn_curve import LearnCurve
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.elided import ElidedLabel
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.language import say
from segstudio.workflows.learning.request import FOREST, MODEL

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow
    from segstudio.workflows.learning.versions import Version

_STARTS = (
    ("auto", "Automatic"),
    ("last", "Last version"),
    ("pretrained", "Published weights"),
    ("scratch", "From scratch"),
)
_HEADS = ("Version", "mIoU", "Gain", "Images", "When")


def learn_panel(window: MainWindow) -> QWidget:
    """The content of the dock `learn.panel`."""
    return LearnPanel(window)


class LearnPanel(QWidget):
    """Follows `session.learning`; a round starts only by the button, the menu or the palette."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._session = window.session
        self._learning = window.session.learning
        self._shown: tuple[Version, ...] = ()
        self._newest = 0
        self._make_choices()
        self._make_buttons()
        self.plot = LearnCurve()
        self.versions = self._make_table()
        self.said = _dim()
        self.score = _dim()
        self._lay_out()
        self._pace = Pace(self, self.refresh, interval_ms=150)
        self._learning.changed.connect(self._pace.ask)
        self._session.predictions.changed.connect(self._pace.ask)
        self.refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(940, 240)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        self.refresh()
        super().showEvent(event)

    def start(self, **more: object) -> bool:
        """Start a round with what is chosen here."""
        return self._learning.start(
            model=self.model.currentData(),
            start="auto" if self._is_forest else self.begin.currentData(),
            images=self.images.currentData(),
            minutes=self.minutes.value(),
            **more,
        )

    def go_on(self) -> bool:
        """Go on with the round that was interrupted, with what is chosen here."""
        return self.start(resume=True)

    def refresh(self) -> None:
        """Show what is true now."""
        learning = self._learning
        labelled, reviewed = learning.counts
        self.images.setItemText(0, f"{labelled + reviewed} labelled")
        self.images.setItemText(1, f"{reviewed} reviewed")
        reason = learning.why_not(self.images.currentData())
        self.start_button.setEnabled(not reason)
        self.resume_button.setVisible(learning.can_resume and not learning.is_running)
        self.resume_button.setEnabled(not reason)
        self.pause_button.setEnabled(learning.state in ("running", "paused"))
        self.pause_button.setText("Go on" if learning.state == "paused" else "Pause")
        self.stop_button.setEnabled(learning.state in ("running", "paused"))
        for choice in (self.images, self.model):
            choice.setEnabled(not learning.is_running)
        for budget in (self.begin, self.minutes):
            budget.setEnabled(not learning.is_running and not self._is_forest)
        state = {"paused": "paused", "stopping": "stopping after this step"}.get(learning.state, learning.said)
        self.said.setText(state if learning.is_running or not reason else reason if not learning.said else state)
        self._draw()
        self._fill()

    # ── made once ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _make_choices(self) -> None:
        self.images = _choice("What to learn from", (("labelled", ""), ("reviewed", "")))
        self.images.currentIndexChanged.connect(self._on_choice)
        self.model = _choice("Model that learns", ((MODEL, MODEL),))
        self.model.currentIndexChanged.connect(self._on_choice)
        self._session.jobs.submit(
            lambda job: light_models(), done=self._offer, failed=self._session.notify.fault, key="learn-models"
        )
        self.begin = _choice("Where learning starts", _STARTS)
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.5, 24 * 60)
        self.minutes.setDecimals(1)
        self.minutes.setValue(5)
        self.minutes.setSuffix(" min")
        self.minutes.lineEdit().setTextMargins(4, 0, 0, 0)
        self.minutes.setAccessibleName("Budget in minutes")
        self.minutes.setToolTip("Wall-clock time of the training; it ends earlier where nothing gets better")

    def _offer(self, models: list[tuple[str, str]]) -> None:
        """Every model that can learn; the cards that say so are read in a worker."""
        chosen = self.model.currentData()
        with QSignalBlocker(self.model):
            self.model.clear()
            for name, title in models:
                self.model.addItem(say(title), name)
            self.model.setCurrentIndex(max(0, self.model.findData(chosen)))
        self.refresh()

    def _make_buttons(self) -> None:
        act = self._act
        self.start_button = _button("Start", act("learn.start"), "Learn in the background, at low priority")
        self.start_button.setIcon(icon("play", "on_accent"))
        self.start_button.setProperty("accent", "true")
        self.resume_button = _button("Go on", act("learn.resume"), "Go on with the round that was interrupted")
        self.pause_button = _button("Pause", act("learn.pause"), "Stand still after this step")
        self.stop_button = _button("Stop", act("learn.cancel"), "Stop; the last whole epoch is kept")
        self.use_button = _button("Use", self._use, "Predict with this version from now on")
        self.compare_button = _button("Compare", self._compare, "This version beside the one before it, image by image")
        self.delete_button = _button("Delete", self._delete, "Take this version away; its predictions stay")
        self.first_button = _button(
            "Doubtful images first", act("learn.rank"), "Unlabelled images, those first of which it is unsure"
        )
        self.region_button = _button(
            "Where the model doubts", act("learn.doubtful"), "Where this image's prediction is least sure"
        )

    def _act(self, command_id: str) -> Callable[[], object]:
        return self._window.commands.action(command_id).trigger

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, len(_HEADS))
        table.setAccessibleName("Versions")
        table.setHorizontalHeaderLabels(list(_HEADS))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.setMinimumSize(320, 60)
        table.itemSelectionChanged.connect(self._on_selection)
        return table

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for title, widget in (
            ("Learn from", self.images),
            ("Model", self.model),
            ("Start from", self.begin),
            ("Budget", self.minutes),
        ):
            form.addRow(title, widget)
        buttons = QGridLayout()
        buttons.addWidget(self.start_button, 0, 0)
        buttons.addWidget(self.resume_button, 0, 1)
        buttons.addWidget(self.pause_button, 0, 2)
        buttons.addWidget(self.stop_button, 0, 3)
        left = QVBoxLayout()
        left.addLayout(form)
        left.addLayout(buttons)
        left.addWidget(self.said)
        left.addStretch(1)
        middle = QVBoxLayout()
        middle.addWidget(self.score)
        middle.addWidget(self.plot, 1)
        below = QHBoxLayout()
        for button in (self.use_button, self.compare_button, self.delete_button):
            below.addWidget(button)
        below.addStretch(1)
        doubt = QHBoxLayout()
        doubt.addWidget(self.first_button)
        doubt.addWidget(self.region_button)
        doubt.addStretch(1)
        right = QVBoxLayout()
        right.addWidget(self.versions, 1)
        right.addLayout(below)
        right.addLayout(doubt)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(12)
        row.addLayout(left, 3)
        row.addLayout(middle, 4)
        row.addLayout(right, 4)

    # ── what changes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _draw(self) -> None:
        learning = self._learning
        report = learning.report
        before = "" if learning.before is None else f"before {100 * learning.before:.1f}"
        if report is not None:
            verdict = f"kept as {report['version']}" if report["accepted"] else "not kept"
            words = [before, f"after {100 * report['after']:.1f}", verdict]
        elif learning.curve:
            words = [before, f"now {100 * learning.curve[-1].miou:.1f}", f"epoch {learning.curve[-1].number}"]
        else:
            words = [before]
        said = " · ".join(word for word in words if word)
        self.score.setText(f"mIoU, %: {said}" if said else "While it learns, its mIoU is drawn here")
        before_percent = None if learning.before is None else 100 * learning.before
        self.plot.show_curve([(point.seconds, 100 * point.miou) for point in learning.curve], before_percent)

    def _fill(self) -> None:
        store = self._learning.versions
        found = tuple(reversed(store.all())) if store is not None else ()
        chosen = self._chosen
        if found != self._shown:
            self._shown = found
            self.versions.setRowCount(len(found))
            for row, version in enumerate(found):
                for column, text in enumerate(_cells(version)):
                    cell = QTableWidgetItem(text)
                    if column in (1, 2, 3):
                        cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    self.versions.setItem(row, column, cell)
            names = [version.name for version in found]
            stays = chosen is not None and chosen.name in names and found[0].number <= self._newest
            self.versions.selectRow(names.index(chosen.name) if stays and chosen is not None else 0)
            self._newest = found[0].number if found else 0
        for row, version in enumerate(found):
            item = self.versions.item(row, 0)
            if item is not None:
                used = ", in use" if self._learning.is_used(version) else ""
                item.setText(f"{version.name}{used}")
                item.setToolTip(f"{version.model}, from {version.parent or version.start}")
        self._on_selection()

    @property
    def _is_forest(self) -> bool:
        """Whether the forest is to learn, which is fitted anew and in one go."""
        return self.model.currentData() == FOREST

    @property
    def _chosen(self) -> Version | None:
        row = self.versions.currentRow()
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def _on_choice(self, _: int) -> None:
        self.refresh()

    def _on_selection(self) -> None:
        for button in (self.use_button, self.compare_button, self.delete_button):
            button.setEnabled(self._chosen is not None)

    def _use(self) -> None:
        if (version := self._chosen) is not None:
            self._learning.use(version)

    def _compare(self) -> None:
        version = self._chosen
        if version is None:
            return
        from segstudio.core.layer import LABELS, TRUTH, prediction_layer

        document = self._session.document
        names = document.layer_names if document is not None else []
        before = next((one for one in self._shown if one.number < version.number), None)
        other = prediction_layer(before.run) if before is not None else TRUTH if TRUTH in names else LABELS
        compare = self._window.actions_table.compare
        if not compare.is_open:
            self._window.commands.run("compare.panes")
        if compare.view is not None:
            compare.view.comparing.choose("a", other)
            compare.view.comparing.choose("b", prediction_layer(version.run))

    def _delete(self) -> None:
        if (version := self._chosen) is not None:
            self._learning.delete(version)


def _cells(version: Version) -> tuple[str, ...]:
    gain = "–" if version.before is None else f"{100 * (version.miou - version.before):+.1f}"
    when = version.when[5:16].replace("T", " ")
    images = f"{version.train_images} + {version.held_out_images}"
    return version.name, f"{100 * version.miou:.1f}", gain, images, when


def _choice(name: str, rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(14)
    for value, title in rows:
        box.addItem(title, value)
    return box


def _button(title: str, run: Callable[[], object], tip: str) -> QPushButton:
    button = QPushButton(title)
    button.setToolTip(tip)
    button.clicked.connect(run)
    return button


def _dim() -> ElidedLabel:
    label = ElidedLabel()
    label.setProperty("role", "dim")
    return label
