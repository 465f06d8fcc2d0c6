"""Keys and mouse at a glance, from the commands themselves; and what this program is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QMessageBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

import segstudio

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

_MOUSE = (
    ("Zoom at the cursor", "Wheel"),
    ("Pan", "Middle button, or Space + drag"),
    ("Brush size", "Alt + wheel"),
    ("Brush: take away / extend the object under the cursor", "Alt / Shift"),
    ("Brush: straight line from the last point", "Shift + click"),
    ("Polygon: close", "Double-click, Enter, or click the first point"),
    ("Polygon: remove the last point", "Right-click, Ctrl+Z"),
    ("Polygon: take away, leave a hole / add a part", "Begin with Alt / Shift"),
    ("Polygon, vertex: snap, or not", "Hold Ctrl"),
    ("Vertex: add / remove", "Click an edge / Alt + click"),
    ("Vertex: choose many, then move or Delete", "Drag a box"),
    ("Vertex: move an edge", "Ctrl + drag"),
    ("Vertex: redraw a stretch", "Shift + click a vertex, draw, click another"),
    ("Select: one more, or one less", "Shift + click"),
    ("Select: box / lasso", "Ctrl + drag / Alt + drag"),
    ("Select: scale in proportion / from the middle", "Shift / Alt + drag a handle"),
    ("Box cut-out: belongs / does not belong", "Drag in the box / Ctrl + drag"),
    ("See the image bare", "Hold H"),
    ("Cancel what is being drawn", "Esc"),
    ("Move the cursor without a mouse: a pixel / ten", "Arrows / Shift + arrows"),
    ("Click there / hold the button down until the next", "Insert or Space / Ctrl + Insert"),
    ("Finish what is being drawn", "Enter"),
)


class KeysDialog(QDialog):
    """A table of every command that has keys, then the mouse."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys and mouse")
        self.resize(560, 620)
        rows = [(c.title.replace("&", "").rstrip("…"), ", ".join(c.keys)) for c in window.commands.all() if c.keys]
        table = QTableWidget(len(rows) + len(_MOUSE), 2)
        table.setAccessibleName("Keys and mouse")
        table.setHorizontalHeaderLabels(["What", "How"])
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        for number, (what, how) in enumerate((*_MOUSE, *rows)):
            table.setItem(number, 0, QTableWidgetItem(what))
            table.setItem(number, 1, QTableWidgetItem(how))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(table)
        layout.addWidget(buttons)


def show_keys(window: MainWindow) -> None:
    KeysDialog(window).open()


def about(window: MainWindow) -> None:
    """Name, version, licence and where the work is kept."""
    box = QMessageBox(window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle("About SegStudio")
    box.setText(f"SegStudio {segstudio.__version__}")
    project = window.session.project
    where = f"\n\nThis project: {project.path}" if project is not None else ""
    box.setInformativeText(f"A desktop studio for image segmentation. Apache License 2.0.{where}")
    box.open()
