"""The dock that compares two layers over the data set: verdict, classes, images, confusions, regions, speed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from segstudio.metrics.error_regions import Pair
from segstudio.session.comparison.comparing import ClassDelta, Side
from segstudio.session.comparison.duel import Duel, DuelResult
from segstudio.ui.compare.choices import layer_title
from segstudio.ui.compare.confusion_change import ChangeView
from segstudio.ui.compare.cost_table import CostTable
from segstudio.ui.compare.delta_bars import DeltaBars
from segstudio.ui.compare.image_scatter import ImageScatter
from segstudio.ui.compare.won_table import WonTable
from segstudio.ui.inspect.desk import desk_of
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.outlined import outlined_button
from segstudio.workflows.verdict import verdict

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow


def duel_dock(window: MainWindow) -> QWidget:
    """The content of the dock `compare.dataset`."""
    return DuelDock(window)


class DuelDock(QWidget):
    """`duel` holds the numbers; every tab shows a part of its result."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.duel = Duel(window.session)
        desk = desk_of(window)
        self.combos: dict[Side, QComboBox] = {"a": QComboBox(), "b": QComboBox()}
        self.start = outlined_button("Compare", "Count both over all images that have a truth")
        self.progress = QProgressBar()
        self.progress.setFixedWidth(110)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Images counted")
        self.state = QLabel()
        self.state.setProperty("role", "dim")
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.verdict = QLabel("Choose two layers and press Compare.")
        self.verdict.setWordWrap(True)
        self.bars = DeltaBars()
        self.scatter = ImageScatter(window.session)
        self.confusion = ChangeView()
        self.regions = WonTable(desk, self.duel)
        self.costs = CostTable()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self._build()
        self.start.clicked.connect(self._on_start)
        self.confusion.cell_chosen.connect(self._on_cell)
        self._pace = Pace(self, self.refresh, interval_ms=100)
        self.duel.changed.connect(self._pace.ask)
        window.session.jobs.changed.connect(self._on_job)
        self.refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(900, 340)

    def refresh(self) -> None:
        """Show what was found, and what is chosen."""
        duel, result = self.duel, self.duel.result
        names = duel.names
        for side, combo in self.combos.items():
            if [combo.itemData(i) for i in range(combo.count())] != names:
                combo.clear()
                for name in names:
                    combo.addItem(layer_title(name), name)
            combo.setCurrentIndex(combo.findData(duel.layer(side)))
        self._show_progress()
        self.tabs.setVisible(result is not None)
        if result is None:
            return
        titles = layer_title(result.a), layer_title(result.b)
        said = verdict(_document(result), *titles)
        self.verdict.setText(f"{said.text} {'Counted before the last change.' if duel.is_stale else ''}")
        self.verdict.setToolTip(said.small_print)
        self.bars.show_classes(_classes(result), intervals=result.statistics.class_intervals.tolist())
        self.scatter.show_images(result.images, *titles)
        self.confusion.show_change(result.matrix_a, result.matrix_b, result.class_set)
        self.regions.show_result(result)
        self.costs.show_models(*titles)

    def _show_progress(self) -> None:
        counting = self.duel.is_counting
        done, total = self.duel.progress
        self.start.setText("Stop" if counting else "Compare")
        self.start.setEnabled(counting or (self.duel.layer("a") != self.duel.layer("b")))
        self.progress.setVisible(counting)
        self.progress.setMaximum(max(1, total))
        self.progress.setValue(done)
        result = self.duel.result
        self.state.setText("" if result is None or counting else f"{len(result.images)} images · differences are B − A")

    def _on_job(self, _: object) -> None:
        if self.duel.is_counting:
            self._pace.ask()

    def _on_start(self) -> None:
        if self.duel.is_counting:
            self.duel.cancel()
        else:
            self.duel.count()

    def _on_chosen(self, side: Side, place: int) -> None:
        self.duel.choose(side, str(self.combos[side].itemData(place)))

    def _on_cell(self, pair: Pair) -> None:
        self.regions.show_pair(pair)
        self.tabs.setCurrentWidget(self.regions)

    def _build(self) -> None:
        line = QHBoxLayout()
        for side, combo in self.combos.items():
            combo.setAccessibleName(f"Layer {side.upper()}")
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            combo.activated.connect(partial(self._on_chosen, side))
            line.addWidget(QLabel(f"<b>{side.upper()}</b>"))
            line.addWidget(combo)
        line.addWidget(self.start)
        line.addWidget(self.state, 1)
        line.addWidget(self.progress)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.bars)
        for title, page in (
            ("Classes", scroll),
            ("Images", self.scatter),
            ("Confusions", self.confusion),
            ("Regions", self.regions),
            ("Speed and size", self.costs),
        ):
            self.tabs.addTab(page, title)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.addLayout(line)
        column.addWidget(self.verdict)
        column.addWidget(self.tabs, 1)
        column.addStretch(0)


def _document(result: DuelResult) -> dict[str, object]:
    """The part of `compare --json` that a verdict is made from."""
    found = result.statistics
    numbers = {"miou": found.delta, "p_value": found.p_value, "minimum_detectable": found.minimum_detectable}
    known = {name: None if value != value else value for name, value in numbers.items()}
    ends = [None if end != end else end for end in found.interval]
    return {
        "a": {"task": "semantic", "images": len(result.images)},
        "delta": {**known, "ci95": ends, "units": found.units},
    }


def _classes(result: DuelResult) -> tuple[ClassDelta, ...]:
    ious = zip(result.matrix_a.iou().tolist(), result.matrix_b.iou().tolist(), strict=True)
    return tuple(ClassDelta(c.name, c.color, *iou) for c, iou in zip(result.class_set.evaluated, ious, strict=True))
