"""The dock that leads through doubts about the truth: look, correct a copy of the truth, or dismiss."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelectionModel, QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.class_set import ClassSet
from segstudio.core.layer import TRUTH
from segstudio.metrics.policy import CITYSCAPES
from segstudio.session.inspect.truth_queue import Doubt, Standing, TruthQueue
from segstudio.ui.inspect.desk import Desk, desk_of
from segstudio.ui.inspect.numbers import grouped, policy_text
from segstudio.ui.inspect.rows_table import Index, RowsModel, rows_table
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.outlined import outlined_button

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_COLUMNS = ("Image", "Truth", "Said instead", "Pixels", "Sure", "Why")


def truth_queue_dock(window: MainWindow) -> QWidget:
    """The content of the dock `inspect.truth_queue`."""
    return TruthQueueDock(desk_of(window))


class DoubtModel(RowsModel[Doubt]):
    """Doubts, one per row."""

    titles = _COLUMNS

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[Doubt] = []
        self._names: list[str] = []

    def show(self, rows: list[Doubt], class_set: ClassSet) -> None:
        """Show these doubts, in the words of the class set."""
        self._names = [c.name for c in class_set.evaluated]
        self.replace(rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        doubt = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            region = doubt.region
            said = region.label_class
            same = said == region.truth_class
            cells = (
                doubt.key.rsplit("/", 1)[-1],
                self._names[region.truth_class],
                "the same, unsure" if same or said is None else self._names[said],
                grouped(region.pixels),
                "–" if isnan(doubt.confidence) else f"{100 * doubt.confidence:.0f} %",
                doubt.reason,
            )
            return cells[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in (3, 4):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


class TruthQueueDock(QWidget):
    """Two models, the queue, and what corrections of the truth do to the ranking of the two."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.queue = TruthQueue(desk.session)
        self.a, self.b = QComboBox(), QComboBox()
        self.a.setAccessibleName("Model A")
        self.b.setAccessibleName("Model B")
        self.search = outlined_button("Search", "Look through all images that have these predictions")
        self.standing = QLabel()
        self.standing.setToolTip(f"mean IoU over the images searched\n{policy_text(CITYSCAPES)}")
        top = QHBoxLayout()
        for widget in (QLabel("A"), self.a, QLabel("B"), self.b, self.search):
            top.addWidget(widget)
        top.addWidget(self.standing, 1)
        self.model = DoubtModel()
        self.table = rows_table(self.model, "Doubts about the truth, the weightiest first")
        self.correct = outlined_button(
            "Correct the truth", "Take what the models say into a copy of the truth (Ctrl+Z undoes)"
        )
        self.void = outlined_button("Make it void", "Nobody can tell: this region of the truth does not count any more")
        self.dismiss = outlined_button("Truth is right", "Take it off the list; the truth stays as it is")
        self.note = QLabel()
        self.note.setProperty("role", "dim")
        self.note.setWordWrap(True)
        below = QHBoxLayout()
        for button in (self.correct, self.void, self.dismiss):
            below.addWidget(button)
        below.addWidget(self.note, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addLayout(below)
        self.search.clicked.connect(self._search)
        self.table.clicked.connect(self._go)
        self.table.activated.connect(self._go)
        self.correct.clicked.connect(self._correct)
        self.void.clicked.connect(self._make_void)
        self.dismiss.clicked.connect(self._dismiss)
        self._pace = Pace(self, self.refresh, interval_ms=100)
        self.queue.changed.connect(self._pace.ask)
        desk.session.document_changed.connect(self._pace.ask)
        self.refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(900, 300)

    def refresh(self, *_: object) -> None:
        """Show the queue and the standing of now."""
        self._fill_models()
        if self.queue.doubts != self.model.rows:
            row = self.table.currentIndex().row()
            self.model.show(list(self.queue.doubts), self._desk.session.classes.current)
            if self.model.rows and row >= 0:
                self._choose(min(row, len(self.model.rows) - 1))
        self.search.setText("Stop" if self.queue.is_searching else "Search")
        self.search.setEnabled(self.a.count() > 0)
        for button in (self.correct, self.void, self.dismiss):
            button.setEnabled(bool(self.model.rows))
        self.standing.setText(self._standing())
        self.note.setText(self._note())

    def _fill_models(self) -> None:
        names = [name for name in self._desk.inspection.names if name.startswith("prediction:")]
        if [self.a.itemData(row) for row in range(self.a.count())] == names:
            return
        for box, extra in ((self.a, []), (self.b, [("none", "")])):
            box.clear()
            for title, name in (*((name.partition(":")[2], name) for name in names), *extra):
                box.addItem(title, name)
        self.a.setCurrentIndex(max(0, len(names) - 2))
        self.b.setCurrentIndex(len(names) - 1 if len(names) > 1 else self.b.count() - 1)

    def _standing(self) -> str:
        before, now = self.queue.before, self.queue.now
        if now is None:
            return ""
        text = f"A <b>{_percent(now.a)}</b>" + ("" if isnan(now.b) else f"&nbsp; B <b>{_percent(now.b)}</b>")
        if before is None:
            return text
        text += f" &nbsp;(were {_percent(before.a)}" + ("" if isnan(before.b) else f" and {_percent(before.b)}") + ")"
        if self.queue.is_flipped:
            return f"{text} – <b>the ranking flips: {now.leader.upper()} is better now</b>"
        leader = now.leader
        return f"{text} – {leader.upper()} is better, as before" if leader and _moved(before, now) else text

    def _note(self) -> str:
        if not self.a.count():
            return "There is no prediction yet: run one or two models over the images first."
        count = len(self.queue.doubts)
        if self.queue.is_searching:
            return f"searching, {count} doubts in {self.queue.num_images} images so far"
        if self.queue.now is None:
            return "Search for regions in which the models contradict the truth, or agree with it without confidence."
        document = self._desk.session.document
        copied = document is not None and document.truth is not None and not document.truth.locked
        corrected = " The truth here is a corrected copy; the data set stays as it is." if copied else ""
        return f"{count} doubt{'' if count == 1 else 's'} left in {self.queue.num_images} images.{corrected}"

    def _choose(self, row: int) -> None:
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(self.model.index(row, 0), flags)

    def _current(self) -> Doubt | None:
        row = self.table.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    def _search(self) -> None:
        if self.queue.is_searching:
            self.queue.cancel()
            return
        a, b = self.a.currentData(), self.b.currentData()
        self.queue.fill(a, "" if a == b else b or "")

    def _go(self, *_: object) -> None:
        doubt = self._current()
        if doubt is not None:
            self._desk.show_region(doubt.key, doubt.region)
            self._desk.session.view.show_layer(TRUTH, True)

    def _correct(self) -> None:
        self._take(as_void=False)

    def _make_void(self) -> None:
        self._take(as_void=True)

    def _take(self, *, as_void: bool) -> None:
        doubt, document = self._current(), self._desk.session.document
        if doubt is None:
            self._desk.session.notify.tell("info", "choose a row first")
        elif document is None or document.key != doubt.key:
            # One does not correct what one has not seen.
            self._go()
        else:
            self._desk.tried(lambda: self.queue.correct(doubt, as_void=as_void))

    def _dismiss(self) -> None:
        doubt = self._current()
        if doubt is not None:
            self.queue.dismiss(doubt)


def _moved(before: Standing, now: Standing) -> bool:
    return before.a != now.a or (before.b != now.b and not isnan(now.b))


def _percent(value: float) -> str:
    return "–" if isnan(value) else f"{100 * value:.3f}"
