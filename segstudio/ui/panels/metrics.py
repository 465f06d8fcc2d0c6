"""The live metrics panel: mIoU and accuracies of the image and of the data set, and what the hand has changed."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from segstudio.metrics.policy import PRESETS, Policy
from segstudio.session.scores.scoreboard import Board, Line, Scoreboard
from segstudio.session.session import Session
from segstudio.ui.inspect.numbers import policy_text
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.theme import current_theme

_ROWS = 3
_MODES = (("Semantic", "semantic"), ("Panoptic", "panoptic"), ("Instance", "instance"))
_TITLES = {"cityscapes": "Cityscapes", "coco": "COCO", "torchmetrics": "torchmetrics", "monai": "MONAI"}


class MetricsPanel(QWidget):
    """What is measured and by whose rules; the headline of the image; a small table of image and data set, each with
    its change since the image was opened (and, in tool tips, with the last stroke).
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.scoreboard = Scoreboard(session)
        self.headline = _Headline()
        self.empty = _dim("No ground truth for this image: nothing to score against.")
        self.nothing_yet = _dim("Nothing is labelled yet: draw, run a model (Ctrl+R), or copy the ground truth.")
        self.note = _dim("")
        self._make_choices()
        self._make_table()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 10)
        layout.addWidget(self.headline)
        layout.addWidget(self._table)
        layout.addWidget(self.note)
        layout.addWidget(self.nothing_yet)
        layout.addWidget(self.empty)
        layout.addWidget(self._choices)
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._pace = Pace(self, self.refresh)
        self.scoreboard.changed.connect(self._pace.ask)
        session.images.changed.connect(self._pace.ask)
        session.classes.changed.connect(self._pace.ask)
        self.refresh()

    def _make_choices(self) -> None:
        self.modes, self.policies = QComboBox(), QComboBox()
        self.modes.setAccessibleName("What is measured")
        self.policies.setAccessibleName("By whose rules")
        for title, mode in _MODES:
            self.modes.addItem(title, mode)
        for name, policy in PRESETS.items():
            self.policies.addItem(_TITLES[name], name)
            self.policies.setItemData(self.policies.count() - 1, policy_text(policy), Qt.ItemDataRole.ToolTipRole)
        self._choices = QWidget()
        row = QHBoxLayout(self._choices)
        row.setContentsMargins(0, 2, 0, 0)
        row.addWidget(self.modes, 1)
        row.addWidget(self.policies, 1)
        self.modes.activated.connect(self._choose_mode)
        self.policies.activated.connect(self._choose_policy)

    def _make_table(self) -> None:
        self._table = QWidget()
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        for column, title in enumerate(("", "image", "change", "data set", "change")):
            heading = QLabel(title)
            heading.setProperty("role", "dim")
            grid.addWidget(heading, 0, column, _side(column))
        self._titles: list[QLabel] = []
        self._cells: list[tuple[QLabel, QLabel, QLabel, QLabel]] = []
        for row in range(1, _ROWS + 1):
            name = QLabel()
            grid.addWidget(name, row, 0)
            cells = (QLabel("–"), QLabel("–"), QLabel("–"), QLabel("–"))
            for column, cell in enumerate(cells, start=1):
                grid.addWidget(cell, row, column, _side(column))
            self._titles.append(name)
            self._cells.append(cells)
        grid.setColumnStretch(0, 1)

    def refresh(self) -> None:
        """Show the scores of now."""
        board, document = self.scoreboard.board(), self._session.document
        view = self._session.view.now
        bare = document is not None and document.is_bare
        self.modes.setCurrentIndex(self.modes.findData(view.metric_mode))
        self.policies.setCurrentIndex(self.policies.findData(view.policy))
        # PQ and AP have one definition here; the switch is about the mean IoU.
        self.policies.setVisible(view.metric_mode == "semantic")
        self.empty.setVisible(board is None and document is not None)
        self.nothing_yet.setVisible(board is not None and bare)
        self.note.setVisible(board is not None and not bare and bool(board.note))
        self._table.setVisible(board is not None and not bare)
        self._choices.setVisible(board is not None and not bare)
        self.headline.setVisible(board is not None)
        if board is not None:
            self.note.setText(board.note)
            self.headline.show_board(board)
            for title, cells, line in zip(self._titles, self._cells, board.lines, strict=True):
                self._fill(title, cells, line, board)

    def cell(self, title: str, column: int) -> QLabel:
        """A cell of the table by the metric's title; columns are image, change, data set, change."""
        return self._cells[[label.text() for label in self._titles].index(title)][column]

    def _fill(self, title: QLabel, cells: tuple[QLabel, QLabel, QLabel, QLabel], line: Line, board: Board) -> None:
        title.setText(line.title)
        title.setToolTip(line.tip)
        rules = f"{line.tip}\n{_rules(board)}"
        columns = (
            (line.image, line.image_at_opening, line.image_at_stroke),
            (line.dataset, line.dataset_at_opening, line.dataset_at_stroke),
        )
        for place, (now, opening, stroke) in enumerate(columns):
            value, change = cells[2 * place : 2 * place + 2]
            where = ("image", "data set")[place]
            value.setText(percent(now))
            value.setToolTip(rules if place == 0 else f"over the {board.num_images} images labelled so far\n{rules}")
            value.setAccessibleName(f"{line.title}, {where}")
            _show_change(change, now - opening)
            change.setToolTip(f"since the image was opened or this was chosen; last stroke {signed(now - stroke)}")
            change.setAccessibleName(f"{line.title}, change of the {where}")

    def _choose_mode(self, row: int) -> None:
        self._session.view.set(metric_mode=self.modes.itemData(row))

    def _choose_policy(self, row: int) -> None:
        self._session.view.set(policy=self.policies.itemData(row))


def _dim(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setProperty("role", "dim")
    return label


def _show_change(cell: QLabel, change: float) -> None:
    cell.setText(signed(change))
    role = "" if math.isnan(change) or abs(change) < 5e-5 else "good" if change > 0 else "bad"
    if cell.property("role") != role:
        cell.setProperty("role", role)
        cell.style().unpolish(cell)
        cell.style().polish(cell)


def _rules(board: Board) -> str:
    if board.mode == "semantic":
        return policy_text(board.policy)
    return _MATCHING[board.mode].format(**_matching(board.policy))


_MATCHING = {
    "panoptic": "panopticapi's rules, version {version}: segments match above IoU one half, unions leave out void,"
    " areas are counted from the pixels",
    "instance": "COCO's rules, version {version}: matches at IoU {comparator} threshold, at most {dets} objects per"
    " image and class, crowds are ignored",
}


def _matching(policy: Policy) -> dict[str, object]:
    return {"version": policy.version, "comparator": policy.comparator, "dets": policy.max_dets[-1]}


def _side(column: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight


def percent(value: float) -> str:
    """A fraction as a percentage with two decimals, "–" where undefined."""
    return "–" if math.isnan(value) else f"{100 * value:.2f}"


def signed(value: float) -> str:
    """A change of a fraction in percentage points with its sign."""
    if math.isnan(value):
        return "–"
    return "±0.00" if abs(value) < 5e-5 else f"{100 * value:+.2f}"


class _Headline(QWidget):
    """The image's number in large figures, what the last stroke did, and a bar that shows where it was at opening."""

    def __init__(self) -> None:
        super().__init__()
        self._line: Line | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(220, self._top_of_bar + 14)

    @property
    def _top_of_bar(self) -> int:
        return max(48, 2 * self.fontMetrics().height() + 8)

    def show_board(self, board: Board) -> None:
        """Show the first line."""
        self._line = line = board.lines[0]
        stroke = f"last stroke {signed(line.image - line.image_at_stroke)} points of {line.title}"
        whole = f"{signed(line.dataset - line.dataset_at_stroke)} over the data set"
        self.setAccessibleName(f"{line.title} of the image {percent(line.image)} percent")
        self.setToolTip(f"{stroke}, {whole}\n{_rules(board)}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        line = self._line
        if line is None:
            return
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Figures and the bar run from left to right in every language.
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        large = QFont(self.font())
        large.setPixelSize(30)
        large.setBold(True)
        painter.setFont(large)
        painter.setPen(QColor(theme.text))
        text = percent(line.image)
        figures = QRectF(0, 0, self.width(), self._top_of_bar - 6)
        painter.drawText(figures, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        wide = painter.fontMetrics().horizontalAdvance(text)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.dim))
        line_height = self.fontMetrics().height()
        room = QRectF(wide + 8, line_height + 3, self.width() - wide - 8, line_height + 2)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, f"% {line.title} of this image")
        stroke = line.image - line.image_at_stroke
        if not math.isnan(stroke) and abs(stroke) >= 5e-5:
            painter.setPen(QColor(theme.good if stroke > 0 else theme.bad))
            painter.drawText(
                QRectF(room.x(), 2, room.width(), room.height()), Qt.AlignmentFlag.AlignLeft, f"{signed(stroke)} now"
            )
        self._paint_bar(painter, line)
        painter.end()

    def _paint_bar(self, painter: QPainter, line: Line) -> None:
        theme = current_theme()
        bar = QRectF(0, self._top_of_bar, self.width(), 7)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.line))
        painter.drawRoundedRect(bar, 3.5, 3.5)
        now = 0.0 if math.isnan(line.image) else line.image
        before = now if math.isnan(line.image_at_opening) else line.image_at_opening
        for share, color in (
            (max(now, before), theme.good if now >= before else theme.bad),
            (min(now, before), theme.accent),
        ):
            if share > 0:
                painter.setBrush(QColor(color))
                painter.drawRoundedRect(QRectF(0, self._top_of_bar, max(7.0, bar.width() * share), 7), 3.5, 3.5)
