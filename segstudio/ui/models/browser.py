"""The model browser: a table of all cards that can be searched, and beside it the one that is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from segstudio.ui.models.card_view import CardView
from segstudio.ui.models.model_table import ModelFilter, ModelTable
from segstudio.ui.shell.icons import icon

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.ui.shell.main_window import MainWindow

_TASKS = (
    ("Every task", ""),
    ("Semantic", "semantic"),
    ("Instance", "instance"),
    ("Panoptic", "panoptic"),
    ("Promptable", "promptable"),
)
_PROGRAMS = "Models (*.onnx *.pt2 *.pt *.ts *.torchscript);;All files (*)"


def model_browser(window: MainWindow) -> QWidget:
    """The content of the dock."""
    return ModelBrowser(window.session, window)


NAME_WIDTH = 210
"""A model's name with what tells it from its namesakes ("BiSeNet V1, ResNet-18")."""


class ModelBrowser(QWidget):
    """Reads the cards when it is made and whenever the library says that one is another; no network code loads."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.library = session.predictions.library
        self.table_model = ModelTable()
        self.shown = ModelFilter(self.table_model)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search name, paper, data set, year …")
        self.search.setAccessibleName("Search models")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._look)
        self.task = QComboBox()
        self.task.setAccessibleName("Task")
        for title, value in _TASKS:
            self.task.addItem(title, value)
        self.task.currentIndexChanged.connect(self._look)
        self.works = QCheckBox("Runs here")
        self.works.setToolTip("Only models that run on this machine now")
        self.works.toggled.connect(self._look)
        self.count = QLabel()
        self.count.setProperty("role", "dim")
        self.add = QPushButton(icon("plus"), "Own model…")
        self.add.setToolTip("Offer an ONNX, TorchScript or torch.export file; its classes stand in a JSON beside it")
        self.add.clicked.connect(self._ask_own)
        self.card = CardView(session, self.library)
        self.table = self._table()
        self._lay_out()
        self.library.changed.connect(self._reload)
        self._reload(None)

    def _table(self) -> QTableView:
        table = QTableView()
        table.setAccessibleName("Models")
        table.setModel(self.shown)
        table.setSortingEnabled(True)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(24)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.resizeSection(0, NAME_WIDTH)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        table.selectionModel().currentRowChanged.connect(self._on_row)
        return table

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.task)
        top.addWidget(self.works)
        top.addWidget(self.count)
        top.addWidget(self.add)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(10, 6, 4, 8)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(self.card)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)

    def choose(self, name: str) -> None:
        """Select the model of that name; raises `KeyError` where it is not shown."""
        for at in range(self.shown.rowCount()):
            index = self.shown.index(at, 0)
            if self.shown.row_at(index).card.name == name:
                self.table.setCurrentIndex(index)
                return
        raise KeyError(name)

    def _chosen(self) -> str:
        index = self.table.currentIndex()
        return self.shown.row_at(index).card.name if index.isValid() else ""

    def _reload(self, _: None) -> None:
        name = self._chosen() or self._session.predictions.model
        self.table_model.replace(self.library.rows())
        if not self.table.horizontalHeader().property("fitted"):
            for section in range(1, self.shown.columnCount()):
                self.table.resizeColumnToContents(section)
            self.table.horizontalHeader().setProperty("fitted", True)
        self._look()
        self._select(name)

    def _select(self, name: str) -> None:
        try:
            self.choose(name)
        except KeyError:
            if self.shown.rowCount():
                self.table.setCurrentIndex(self.shown.index(0, 0))

    def _look(self, *_: object) -> None:
        name = self._chosen()
        self.shown.look_for(self.search.text(), task=self.task.currentData(), only_works=self.works.isChecked())
        found, every = self.shown.rowCount(), len(self.table_model.rows)
        self.count.setText(f"{every} models" if found == every else f"{found} of {every}")
        self._select(name)
        if not found:
            self.card.show_row(None)

    def _on_row(self, current: QModelIndex, _: QModelIndex) -> None:
        self.card.show_row(self.shown.row_at(current) if current.isValid() else None)

    def _ask_own(self) -> None:
        dialog = QFileDialog(self, "A model of your own")
        dialog.setNameFilter(_PROGRAMS)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.add_own)
        dialog.open()

    def add_own(self, name: str) -> None:
        """Offer a file as a model of one's own: with its sidecar, else with the classes of what is open."""
        from segstudio.models.own import sidecar

        described = sidecar(Path(name)) if Path(name).is_file() else {}
        classes = self._session.classes.current
        own = {} if described.get("classes") else {"classes": classes.to_json()} if classes.num_classes else {}
        card = self.library.add(Path(name), description=own)
        if card is not None:
            self.search.clear()
            self._select(card.name)
