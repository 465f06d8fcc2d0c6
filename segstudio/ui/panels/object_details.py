"""What is known about the selected objects: score, crowd, and attributes that can be typed in."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import UserError
from segstudio.core.objects import SegObject
from segstudio.session.session import Session

_FOR_NEW = "add…"


class ObjectDetails(QWidget):
    """Shows one object, or what several have in common; each change is one edit of all of them."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._items: Sequence[SegObject] = ()
        self._showing = False
        self.about = QLabel()
        self.about.setProperty("role", "dim")
        self.crowd = QCheckBox("Crowd")
        self.crowd.setToolTip("Many of their kind at once (iscrowd): scored with leniency")
        self.crowd.clicked.connect(self._on_crowd)
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName("Attributes")
        self.table.setHorizontalHeaderLabels(["Attribute", "Value"])
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)
        self.table.setFixedHeight(96)
        self.table.cellChanged.connect(self._on_cell)
        self.more = QToolButton()
        self.more.setText("Attributes")
        self.more.setCheckable(True)
        self.more.setToolTip("Show the attributes of the selected objects, to read and to change")
        self.more.toggled.connect(self.table.setVisible)
        self.table.hide()
        top = QHBoxLayout()
        top.addWidget(self.about, 1)
        top.addWidget(self.more)
        top.addWidget(self.crowd)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.table)

    def show_items(self, items: Sequence[SegObject]) -> None:
        """Show other objects."""
        self._items = items
        self.setVisible(bool(items))
        if not items:
            return
        free = any(not item.locked for item in items)
        crowds = {item.is_crowd for item in items}
        self.crowd.setTristate(len(crowds) > 1)
        partly, fully = Qt.CheckState.PartiallyChecked, Qt.CheckState.Checked
        states = {True: fully, False: Qt.CheckState.Unchecked}
        self.crowd.setCheckState(partly if len(crowds) > 1 else states[crowds.pop()])
        self.crowd.setEnabled(free)
        one = items[0] if len(items) == 1 else None
        score = f" · score {one.score:.3f}" if one is not None and one.score is not None else ""
        locked = " · locked" if not free else ""
        self.about.setText(f"#{one.id}{score}{locked}" if one is not None else f"{len(items)} objects{locked}")
        first = dict(items[0].attributes)
        common = {k: v for k, v in first.items() if all(other.attributes.get(k) == v for other in items[1:])}
        self._fill(common, free)

    def _fill(self, attributes: dict[str, object], free: bool) -> None:
        self._showing = True
        rows = [(name, _text(value)) for name, value in sorted(attributes.items())]
        if free:
            rows.append((_FOR_NEW, ""))
        self.table.setRowCount(len(rows))
        for number, (name, value) in enumerate(rows):
            for column, text in enumerate((name, value)):
                cell = QTableWidgetItem(text)
                can_edit = free and (column == 1) != (name == _FOR_NEW)
                if not can_edit:
                    cell.setFlags(cell.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.table.setItem(number, column, cell)
        self._showing = False

    def _on_cell(self, row: int, column: int) -> None:
        cell, name_cell = self.table.item(row, column), self.table.item(row, 0)
        document = self._session.document
        if self._showing or document is None or cell is None or name_cell is None:
            return
        from segstudio.session.edits.object_facts import set_attribute, value_of

        text, ids = cell.text().strip(), [item.id for item in self._items]
        try:
            if column == 1:
                set_attribute(document, ids, name_cell.text(), value_of(text) if text else None)
            elif text and text != _FOR_NEW:
                set_attribute(document, ids, text, True)
        except UserError as error:
            self._session.notify.fault(error)

    def _on_crowd(self) -> None:
        document = self._session.document
        if document is None:
            return
        from segstudio.session.edits.object_facts import set_crowd

        try:
            set_crowd(document, [item.id for item in self._items], self.crowd.checkState() != Qt.CheckState.Unchecked)
        except UserError as error:
            self._session.notify.fault(error)


def _text(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
