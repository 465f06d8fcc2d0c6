"""The dock with the confusion matrix and, beside it, the regions of the cell that was clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QLabel, QMenu, QSplitter, QToolButton, QVBoxLayout, QWidget

from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.error_regions import Pair
from segstudio.metrics.policy import CITYSCAPES
from segstudio.ui.inspect.desk import Desk, desk_of
from segstudio.ui.inspect.judged_bar import JudgedBar
from segstudio.ui.inspect.matrix_view import MatrixView, Measure
from segstudio.ui.inspect.numbers import policy_text
from segstudio.ui.inspect.region_table import RegionTable
from segstudio.ui.panels.pace import Pace

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_MEASURES: tuple[tuple[str, Measure, str], ...] = (
    ("Pixels", "counts", "how many pixels"),
    ("% of truth", "rows", "each row adds up to 100 %: where the pixels of a class went (recall on the diagonal)"),
    ("% of said", "columns", "each column adds up to 100 %: what a class was made from (precision on the diagonal)"),
)
_MANY = 40
"""So many classes are shown unasked; of more, those with the most errors."""


def confusion_dock(window: MainWindow) -> QWidget:
    """The content of the dock `inspect.confusion`."""
    return ConfusionDock(desk_of(window))


class ConfusionDock(QWidget):
    """Matrix of the image or of the data set, with a choice of measure and classes."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._hidden: frozenset[int] = frozenset()
        self.scope = QComboBox()
        self.scope.addItems(["Data set", "This image"])
        self.scope.setAccessibleName("Of what")
        self.measure = QComboBox()
        self.measure.setAccessibleName("Measure")
        for title, value, tip in _MEASURES:
            self.measure.addItem(title, value)
            self.measure.setItemData(self.measure.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.classes = QToolButton()
        self.classes.setText("Classes")
        self.classes.setProperty("role", "outlined")
        self.classes.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.classes)
        self.classes.setMenu(self.menu)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.bar = JudgedBar(desk)
        self.bar.add(self.scope, self.measure, self.classes)
        self.view = MatrixView()
        self.empty = QLabel("Nothing to count yet: draw labels or run a model on images that have ground truth.")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setProperty("role", "dim")
        self.regions = RegionTable(desk)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.addWidget(self.view)
        self.split.addWidget(self.regions)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.regions.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.bar)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.empty, 1)
        self.scope.activated.connect(self._on_scope)
        self.measure.activated.connect(self.refresh)
        self.view.cell_chosen.connect(self.show_pair)
        self.regions.closed.connect(self._close_regions)
        self._pace = Pace(self, self.refresh, interval_ms=100)
        desk.inspection.changed.connect(self._pace.ask)
        desk.session.classes.changed.connect(self._forget_classes)
        desk.attend(self)
        self.refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(900, 300)

    @property
    def is_whole(self) -> bool:
        """Whether the data set is shown."""
        return self.scope.currentIndex() == 0

    def refresh(self, *_: object) -> None:
        """Show the counts of now."""
        matrix, class_set = self._matrix(), self._desk.session.classes.current
        fits = matrix is not None and matrix.num_classes == class_set.num_classes and matrix.valid_pixels > 0
        self.split.setVisible(fits)
        self.empty.setVisible(not fits)
        if matrix is None or not fits:
            return
        self.view.matrix.show(matrix, class_set, self._chosen(matrix), self.measure.currentData())
        what = "the data set" if self.is_whole else "this image"
        tip = f"mIoU of {what} {100 * matrix.mean_iou():.2f} %\n{policy_text(CITYSCAPES)}"
        self.bar.state.setToolTip(tip)

    def _matrix(self) -> ConfusionMatrix | None:
        inspection = self._desk.inspection
        return inspection.dataset_matrix() if self.is_whole else inspection.image_matrix()

    def _chosen(self, matrix: ConfusionMatrix) -> list[int]:
        """The classes that are shown: those that occur, without those that a person took out."""
        present = [index for index, there in enumerate(matrix.classes_present.tolist()) if there]
        chosen = [index for index in present if index not in self._hidden]
        if len(chosen) > _MANY and not self._hidden:
            wrong = matrix.truth_pixels + matrix.predicted_pixels - 2 * matrix.true_positives
            chosen = sorted(sorted(chosen, key=lambda index: -int(wrong[index]))[:_MANY])
        return chosen

    def _on_scope(self, _: int) -> None:
        pair = self._desk.regions.pair
        if pair is not None:
            self._desk.regions.show(pair, whole=self.is_whole)
        self.refresh()

    def show_pair(self, pair: Pair) -> None:
        """List the regions of a cell."""
        self.regions.show()
        self._desk.regions.show(pair, whole=self.is_whole)

    def _close_regions(self) -> None:
        self._desk.regions.clear()
        self.regions.hide()

    def _forget_classes(self, _: object) -> None:
        self._hidden = frozenset()

    def _fill_menu(self) -> None:
        self.menu.clear()
        every = self.menu.addAction("All that occur")
        every.triggered.connect(self._show_every_class)
        worst = self.menu.addAction("The five most confused")
        worst.triggered.connect(self._show_worst)
        self.menu.addSeparator()
        matrix = self._matrix()
        if matrix is None:
            return
        for index, item in enumerate(self._desk.session.classes.current.evaluated):
            if not matrix.classes_present[index]:
                continue
            action = self.menu.addAction(item.name)
            action.setCheckable(True)
            action.setChecked(index not in self._hidden)
            action.setData(index)
            action.toggled.connect(self._toggle_class)

    def _toggle_class(self, _: bool) -> None:
        action = cast(QAction, self.sender())
        self._hidden ^= {int(action.data())}
        self.refresh()

    def _show_every_class(self) -> None:
        self._hidden = frozenset()
        self.refresh()

    def _show_worst(self) -> None:
        matrix = self._matrix()
        if matrix is None:
            return
        wrong = matrix.truth_pixels + matrix.predicted_pixels - 2 * matrix.true_positives
        worst = sorted(range(matrix.num_classes), key=lambda index: -int(wrong[index]))[:5]
        self._hidden = frozenset(range(matrix.num_classes)) - frozenset(worst)
        self.refresh()
