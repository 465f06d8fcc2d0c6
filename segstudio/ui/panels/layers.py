"""The layers panel: labels, truth and predictions with eye, opacity, score, and what can be taken into the labels."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from segstudio.core.layer import LABELS, TRUTH
from segstudio.session.document import Document
from segstudio.session.scores.layer_scores import LayerScores
from segstudio.session.session import Session
from segstudio.ui.panels.metrics import percent
from segstudio.ui.panels.picture import PictureAdjust
from segstudio.ui.shell.elided import ElidedLabel
from segstudio.ui.shell.icons import IconMark, icon

STYLE_WORDS = {"both": "areas and outlines", "fill": "areas", "outline": "outlines"}
"""The words for the ways in which labels are drawn, in the order in which a command steps through them."""


def layer_title(name: str) -> str:
    """The words for a layer name."""
    if name == LABELS:
        return "Labels"
    return "Ground truth" if name == TRUTH else name.partition(":")[2]


class LayersPanel(QWidget):
    """One row per layer of the open image; `accept_asked` carries the layer's name."""

    accept_asked = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: dict[str, LayerRow] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(10, 4, 10, 8)
        self._layout.setSpacing(6)
        self.picture = PictureAdjust(session)
        self._layout.addLayout(self._style_row())
        self._layout.addWidget(self.picture)
        self._layout.addStretch(1)
        self._show_style()
        self._scores = LayerScores(session)
        session.document_changed.connect(self._on_document)
        session.view.changed.connect(self._on_view)
        self._scores.changed.connect(self._on_score)
        self._on_document(session.document)

    def _style_row(self) -> QHBoxLayout:
        self.style_box = QComboBox()
        for style, words in STYLE_WORDS.items():
            self.style_box.addItem(words[0].upper() + words[1:], style)
        self.style_box.setAccessibleName("How labels are drawn")
        self.style_box.setToolTip("Areas, outlines or both (Shift+T)")
        self.style_box.activated.connect(self._on_style)
        line = QHBoxLayout()
        line.addWidget(QLabel("Draw"))
        line.addWidget(self.style_box, 1)
        return line

    def _on_style(self, index: int) -> None:
        self._session.view.set(fill_style=self.style_box.itemData(index))

    def row(self, name: str) -> LayerRow:
        """The row of a layer; raises `KeyError` where the image has no such layer."""
        return self._rows[name]

    def _on_document(self, document: Document | None) -> None:
        if document is not None:
            document.layers_changed.connect(self._on_layers)
        self._rebuild()

    def _on_layers(self, name: str) -> None:
        self._rebuild()

    def _on_score(self, name: str) -> None:
        if name in self._rows:
            self._rows[name].show_score(self._scores.of(name))

    def _rebuild(self) -> None:
        document = self._session.document
        names = document.layer_names if document is not None else []
        for name in [known for known in self._rows if known not in names]:
            row = self._rows.pop(name)
            self._layout.removeWidget(row)
            row.deleteLater()
        for position, name in enumerate(names):
            if name not in self._rows:
                self._rows[name] = LayerRow(self._session, name)
                self._rows[name].accept_asked.connect(self.accept_asked)
                self._layout.insertWidget(position, self._rows[name])
            self._rows[name].refresh()
            if document is not None and name not in (LABELS, TRUTH):
                self._rows[name].show_score(self._scores.of(name))
        self._order_tabs([self._rows[name] for name in names])

    def _order_tabs(self, rows: list[LayerRow]) -> None:
        """Tab goes through the rows from above, though some were made later than what stands below them."""
        before: QWidget = self.style_box
        for control in (control for row in rows for control in row.controls):
            self.setTabOrder(before, control)
            before = control
        self.setTabOrder(before, self.style_box)

    def _on_view(self, names: frozenset[str]) -> None:
        if "fill_style" in names:
            self._show_style()
        if names & {"shown", "opacity"}:
            for row in self._rows.values():
                row.refresh()

    def _show_style(self) -> None:
        self.style_box.setCurrentIndex(self.style_box.findData(self._session.view.now.fill_style))


class LayerRow(QWidget):
    """Eye, name, score, accept button and opacity of one layer."""

    accept_asked = Signal(str)

    def __init__(self, session: Session, name: str) -> None:
        super().__init__()
        self._session = session
        self._name = name
        title = layer_title(name)
        self.eye = QToolButton()
        self.eye.setAccessibleName(f"Show or hide {title}")
        self.eye.setToolTip("Show or hide")
        self.eye.clicked.connect(self._toggle)
        self.label = ElidedLabel(title, middle=True)
        self.score = QLabel()
        self.score.setProperty("role", "dim")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName(f"Opacity of {title}")
        self.opacity.setToolTip("Opacity")
        self.opacity.valueChanged.connect(self._on_slider)
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.eye)
        top.addWidget(self.label)
        if name != LABELS:
            lock = IconMark("lock")
            lock.setToolTip("Locked: accept it into the labels to edit it")
            lock.setAccessibleName("locked")
            top.addWidget(lock)
        top.addStretch(1)
        top.addWidget(self.score)
        if name != LABELS:
            self.accept = QToolButton()
            self.accept.setText("Copy" if name == TRUTH else "Accept")
            self.accept.setProperty("role", "outlined")
            self.accept.setAccessibleName(f"Take {title} into the labels")
            self.accept.setToolTip("Take the whole layer into the labels, as one undoable step")
            self.accept.clicked.connect(self._ask)
            top.addWidget(self.accept)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        grid.addLayout(top, 0, 0)
        grid.addWidget(self.opacity, 1, 0)
        self.controls = [self.eye, *([self.accept] if name != LABELS else []), self.opacity]
        """In the order of reading."""
        self.refresh()

    def refresh(self) -> None:
        """Show what the view says."""
        view = self._session.view.now
        shown = view.shown.get(self._name, True)
        self.eye.setIcon(icon("eye" if shown else "eye-off"))
        self.opacity.setEnabled(shown)
        value = round(100 * view.opacity.get(self._name, 0.55))
        if self.opacity.value() != value:
            self.opacity.setValue(value)

    def show_score(self, score: object) -> None:
        """Show the layer's mIoU against the truth, nothing where there is no truth."""
        mean_iou = getattr(score, "mean_iou", None)
        self.score.setText("" if mean_iou is None else f"{percent(mean_iou)} %")
        self.score.setToolTip("mIoU against the ground truth")
        self.score.setAccessibleName("" if mean_iou is None else f"mIoU {percent(mean_iou)} percent")

    def _toggle(self) -> None:
        view = self._session.view
        view.show_layer(self._name, not view.now.shown.get(self._name, True))

    def _on_slider(self, value: int) -> None:
        self._session.view.set_opacity(self._name, value / 100)

    def _ask(self) -> None:
        self.accept_asked.emit(self._name)
