"""The dock that shows the same predictions under the rules of four evaluations, and what makes each gap."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QLabel,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from segstudio.metrics.policy import CITYSCAPES
from segstudio.metrics.policy_gaps import PolicyGap, policy_gaps
from segstudio.metrics.semantic import SemanticEvaluation, SemanticResult
from segstudio.ui.inspect.desk import Desk, desk_of
from segstudio.ui.inspect.judged_bar import JudgedBar
from segstudio.ui.inspect.numbers import points, policy_text
from segstudio.ui.panels.pace import Pace

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

TITLES = {
    "cityscapes": "Cityscapes",
    "coco": "COCO, mmsegmentation",
    "torchmetrics": "torchmetrics",
    "monai": "MONAI",
}


def policy_dock(window: MainWindow) -> QWidget:
    """The content of the dock `inspect.policy`."""
    return PolicyDock(desk_of(window))


class PolicyDock(QWidget):
    """One row per policy; the chosen one is what the live metrics are measured under."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.scope = QComboBox()
        self.scope.addItems(["Data set", "This image"])
        self.scope.setAccessibleName("Of what")
        self.bar = JudgedBar(desk)
        self.bar.add(self.scope)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QRadioButton] = {}
        self.values: dict[str, QLabel] = {}
        self.gaps: dict[str, QLabel] = {}
        self.reasons: dict[str, QLabel] = {}
        self.table = QWidget()
        grid = QGridLayout(self.table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(18)
        for column, title in enumerate(("Rules", "mIoU", "Gap", "What makes it")):
            heading = QLabel(title)
            heading.setProperty("role", "dim")
            grid.addWidget(heading, 0, column)
        for row, (name, title) in enumerate(TITLES.items(), start=1):
            self._add_row(grid, row, name, title)
        grid.setColumnStretch(3, 1)
        grid.setRowStretch(len(TITLES) + 1, 1)
        self.empty = QLabel("Nothing to measure yet: draw labels or run a model on images that have ground truth.")
        self.empty.setProperty("role", "dim")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self.table)
        self._scroll = scroll
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.bar)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.empty, 1)
        self.scope.activated.connect(self.refresh)
        self._group.idClicked.connect(self._choose)
        self._pace = Pace(self, self.refresh, interval_ms=200)
        desk.inspection.changed.connect(self._pace.ask)
        desk.session.view.changed.connect(self._on_view)
        desk.attend(self)
        self.refresh()

    def _add_row(self, grid: QGridLayout, row: int, name: str, title: str) -> None:
        button = QRadioButton(title)
        button.setAccessibleName(f"Measure live under the rules of {title}")
        self._group.addButton(button, row - 1)
        value, gap, reason = QLabel("–"), QLabel("–"), QLabel()
        reason.setWordWrap(True)
        reason.setProperty("role", "dim")
        for column, widget in enumerate((button, value, gap, reason)):
            grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignTop)
        grid.setAlignment(reason, Qt.AlignmentFlag(0))
        self.buttons[name], self.values[name], self.gaps[name], self.reasons[name] = button, value, gap, reason

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(900, 260)

    def refresh(self, *_: object) -> None:
        """Measure anew."""
        result = self._result()
        self._scroll.setVisible(result is not None)
        self.empty.setVisible(result is None)
        self.buttons[self._desk.session.view.now.policy].setChecked(True)
        if result is not None:
            for gap in policy_gaps(result):
                self._show(gap)

    def _show(self, gap: PolicyGap) -> None:
        name = gap.policy.name
        self.values[name].setText("–" if isnan(gap.mean_iou) else f"<b>{100 * gap.mean_iou:.2f}</b> %")
        self.gaps[name].setText("" if name == CITYSCAPES.name else points(gap.difference))
        text = "\n".join(gap.reasons) or (
            "the reference of the column beside" if name == CITYSCAPES.name else "the same rules for semantic labels"
        )
        self.reasons[name].setText(text)
        for widget in (self.values[name], self.gaps[name], self.buttons[name]):
            widget.setToolTip(policy_text(gap.policy))

    def _result(self) -> SemanticResult | None:
        classes = self._desk.session.classes.current
        if not classes.num_classes:
            return None
        evaluation = SemanticEvaluation(classes, policy=CITYSCAPES)
        document = self._desk.session.document
        for key, matrix in self._desk.inspection.matrices().items():
            of_open = document is not None and key == document.key
            if matrix.num_classes == classes.num_classes and (self.scope.currentIndex() == 0 or of_open):
                evaluation.add_matrix(key, matrix)
        result = evaluation.result()
        return result if result.matrix.valid_pixels else None

    def _choose(self, place: int) -> None:
        self._desk.session.view.set(policy=list(TITLES)[place])

    def _on_view(self, names: frozenset[str]) -> None:
        if "policy" in names:
            self.refresh()
