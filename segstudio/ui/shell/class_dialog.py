"""Adding a class, or changing name, colour and kind of one; both are edits that can be undone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
)

from segstudio.core.class_set import IGNORED, LabelClass, distinct_color
from segstudio.core.errors import UserError

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow


class ClassDialog(QDialog):
    """Edits one class; the id is fixed once the class exists."""

    def __init__(self, window: MainWindow, known: LabelClass | None) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Add a class" if known is None else f"Edit {known.name}")
        self._session = window.session
        self._known = known
        class_set = self._session.classes.current
        free = max((c.id for c in class_set.classes), default=0) + 1
        self._color = known.color if known is not None else distinct_color(len(class_set.classes))
        self.name = QLineEdit(known.name if known is not None else "")
        self.name.setAccessibleName("Name")
        self.number = QSpinBox()
        self.number.setRange(-1, 65535)
        self.number.setValue(known.id if known is not None else free)
        self.number.setEnabled(known is None)
        self.number.setAccessibleName("Id")
        self.color = QPushButton()
        self.color.setAccessibleName("Colour")
        self.color.clicked.connect(self._choose_color)
        self.thing = QCheckBox("Countable things (instances), not stuff")
        self.thing.setChecked(known.is_thing if known is not None else True)
        self.ignored = QCheckBox("Ignored in scores")
        self.ignored.setChecked(known.is_ignored if known is not None else False)
        self.problem = QLabel()
        self.problem.setProperty("role", "bad")
        self.problem.setWordWrap(True)
        form = QFormLayout()
        for title, field in (("Name", self.name), ("Id", self.number), ("Colour", self.color)):
            form.addRow(title, field)
        form.addRow("", self.thing)
        form.addRow("", self.ignored)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._apply)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addWidget(buttons)
        self._show_color()

    def _choose_color(self) -> None:
        dialog = QColorDialog(QColor(*self._color), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(self._on_color)
        dialog.open()

    def _on_color(self, color: QColor) -> None:
        self._color = (color.red(), color.green(), color.blue())
        self._show_color()

    def _show_color(self) -> None:
        red, green, blue = self._color
        self.color.setStyleSheet(f"background: rgb({red}, {green}, {blue}); min-height: 18px;")

    def _apply(self) -> None:
        document, class_set = self._session.document, self._session.classes.current
        name = self.name.text().strip()
        if document is None:
            return
        if not name:
            self.problem.setText("A class needs a name.")
            return
        try:
            if self._known is not None:
                changed = replace(
                    self._known,
                    name=name,
                    color=self._color,
                    is_thing=self.thing.isChecked(),
                    is_ignored=self.ignored.isChecked(),
                )
                title = f"change class {self._known.name}"
            else:
                if self.number.value() in class_set.by_id:
                    raise UserError(
                        f"the id {self.number.value()} belongs to {class_set.by_id[self.number.value()].name}"
                    )
                ids = [c.train_id for c in class_set.evaluated]
                counted = not self.ignored.isChecked() and (not ids or any(i < IGNORED for i in ids))
                train_id = max((i for i in ids if i < IGNORED), default=-1) + 1 if counted else IGNORED
                changed = LabelClass(
                    self.number.value(), name, self._color, train_id, self.thing.isChecked(), self.ignored.isChecked()
                )
                title = f"add class {name}"
            document.change_classes(title, class_set.with_class(changed))
        except UserError as error:
            self.problem.setText(str(error))
            return
        self._session.view.choose_class(changed.id)
        self.accept()


def add_class(window: MainWindow) -> None:
    ClassDialog(window, None).open()


def edit_class(window: MainWindow) -> None:
    """Edit the class that tools draw with."""
    active = window.session.view.now.active_class
    known = window.session.classes.current.by_id.get(active) if active is not None else None
    if known is not None:
        ClassDialog(window, known).open()
