"""The dock that says why objects are wrong: TIDE's six kinds, how many of each, and what mending them would give."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from segstudio.metrics.instance_errors import InstanceError
from segstudio.session.inspect.object_errors import ObjectErrors
from segstudio.ui.inspect.desk import Desk, desk_of
from segstudio.ui.inspect.judged_bar import JudgedBar
from segstudio.ui.inspect.numbers import grouped, points
from segstudio.ui.panels.pace import Pace

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_WORDS = {
    InstanceError.CLASS: ("wrong class", "enough overlap (IoU 0.5) with an object of another class"),
    InstanceError.LOCALIZATION: ("badly placed", "the right class, but an overlap between 0.1 and 0.5"),
    InstanceError.BOTH: ("wrong class and badly placed", "another class, and an overlap between 0.1 and 0.5"),
    InstanceError.DUPLICATE: ("duplicate", "a second detection of an object that is found already"),
    InstanceError.BACKGROUND: ("background", "hardly any overlap (below 0.1) with anything"),
    InstanceError.MISSED: ("missed", "an object that no detection explains"),
}
_RULES = "AP at IoU 0.5 by TIDE's rules: at most 100 objects an image, crowds excuse and explain nothing"


def object_errors_dock(window: MainWindow) -> QWidget:
    """The content of the dock `inspect.objects`."""
    return ObjectErrorsDock(desk_of(window))


class ObjectErrorsDock(QWidget):
    """One line per kind, counted when asked for."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.errors = ObjectErrors(desk.inspection)
        self.count = QToolButton()
        self.count.setProperty("role", "outlined")
        self.bar = JudgedBar(desk)
        self.bar.add(self.count)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setToolTip(_RULES)
        self.cells: dict[InstanceError, tuple[QLabel, QLabel]] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        for column, title in enumerate(("Kind", "Objects", "AP50 if mended")):
            heading = QLabel(title)
            heading.setProperty("role", "dim")
            grid.addWidget(heading, 0, column)
        for row, (kind, (word, tip)) in enumerate(_WORDS.items(), start=1):
            name, number, gain = QLabel(word), QLabel("–"), QLabel("–")
            name.setToolTip(tip)
            number.setAccessibleName(f"{word}: objects")
            gain.setAccessibleName(f"{word}: gain in AP50")
            gain.setToolTip(_RULES)
            for column, label in enumerate((name, number, gain)):
                grid.addWidget(label, row, column)
            self.cells[kind] = number, gain
        grid.setColumnStretch(3, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.bar)
        layout.addWidget(self.note)
        layout.addLayout(grid)
        layout.addStretch(1)
        layout.setAlignment(grid, Qt.AlignmentFlag.AlignTop)
        self.count.clicked.connect(self._count)
        self._pace = Pace(self, self.refresh, interval_ms=100)
        self.errors.changed.connect(self._pace.ask)
        desk.attend(self)
        self.refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(700, 260)

    def refresh(self, *_: object) -> None:
        """Show what was found."""
        found, counting = self.errors.found, self.errors.is_counting
        self.count.setText("Stop" if counting else "Count")
        counts = found.counts() if found is not None else {}
        for kind, (number, gain) in self.cells.items():
            number.setText(grouped(counts[kind]) if kind in counts else "–")
            gain.setText("–" if found is None else points(found.gains[kind]))
        if counting:
            self.note.setText("Comparing objects, image by image…")
        elif found is None:
            self.note.setText("Count compares the objects of the chosen layer with those of the truth.")
        elif isnan(found.ap50):
            self.note.setText(f"There are no objects of thing classes in the truth of {self.errors.num_images} images.")
        else:
            images = self.errors.num_images
            self.note.setText(f"AP50 <b>{100 * found.ap50:.2f}</b> over {images} image{'' if images == 1 else 's'}")

    def _count(self) -> None:
        if self.errors.is_counting:
            self.errors.cancel()
        else:
            self.errors.count()
