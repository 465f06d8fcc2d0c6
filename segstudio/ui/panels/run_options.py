"""How a model runs, folded away under the model panel: averaging, borders, tiles, looking ahead, and the cache."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.session.session import Session

_AVERAGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("One pass", {"flip": False, "scales": ()}),
    ("With its mirror image", {"flip": True, "scales": ()}),
    ("Mirror image, three scales", {"flip": True, "scales": (0.75, 1.0, 1.25)}),
)
_BORDERS = (("As predicted", "none"), ("Guided filter", "guided"), ("Dense CRF (slow)", "crf"))
_TILES = (("Whole images", 0), ("Tiles of 512", 512), ("Tiles of 1024", 1024))


class RunOptions(QWidget):
    """Changes the settings of the session's predictions and follows them."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._predictions = session.predictions
        self.fold = QToolButton()
        self.fold.setText("How it runs")
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setAutoRaise(True)
        self.fold.clicked.connect(self._on_fold)
        self.average = self._choice("Averaging", [title for title, _ in _AVERAGES], self._on_average)
        self.borders = self._choice("Borders", [title for title, _ in _BORDERS], self._on_borders)
        self.tiles = self._choice("Tiles", [title for title, _ in _TILES], self._on_tiles)
        self.ahead = QCheckBox("Predict as I go")
        self.ahead.setToolTip("Predict every image that is opened, and its neighbours before they are")
        self.ahead.toggled.connect(self._on_ahead)
        self.kept = QLabel()
        self.kept.setProperty("role", "dim")
        self.clear = QToolButton()
        self.clear.setText("Forget")
        self.clear.setProperty("role", "outlined")
        self.clear.setToolTip("Forget the predictions that were made before; layers and projects keep theirs")
        self.clear.clicked.connect(self._predictions.clear_cache)
        self.inside = QWidget()
        self._lay_out()
        self._predictions.changed.connect(self._on_changed)
        self.unfold(False)

    def _choice(self, name: str, titles: list[str], call: Any) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.addItems(titles)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box.activated.connect(call)
        return box

    def _lay_out(self) -> None:
        form = QFormLayout(self.inside)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow("Averaging", self.average)
        form.addRow("Borders", self.borders)
        form.addRow("Tiles", self.tiles)
        form.addRow(self.ahead)
        cache = QHBoxLayout()
        cache.addWidget(self.kept, 1)
        cache.addWidget(self.clear)
        form.addRow(cache)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.inside)

    def _on_fold(self) -> None:
        self.unfold(self.inside.isHidden())

    def unfold(self, opened: bool) -> None:
        """Show the options, or only their title."""
        self.fold.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.inside.setVisible(opened)
        self._on_changed(None)

    def _on_average(self, row: int) -> None:
        self._predictions.change_settings(**_AVERAGES[row][1])

    def _on_borders(self, row: int) -> None:
        self._predictions.change_settings(refine=_BORDERS[row][1])

    def _on_tiles(self, row: int) -> None:
        self._predictions.change_settings(tile=_TILES[row][1])

    def _on_ahead(self, wanted: bool) -> None:
        if wanted != self._predictions.looks_ahead:
            self._predictions.look_ahead(wanted)

    def _on_changed(self, _: None) -> None:
        if self.inside.isHidden():
            return  # the size of the cache need not be asked for
        settings = self._predictions.settings
        averaged = {"flip": settings.flip, "scales": settings.scales}
        rows = [row for row, (_title, value) in enumerate(_AVERAGES) if value == averaged]
        self.average.setCurrentIndex(rows[0] if rows else -1)
        self.borders.setCurrentIndex([value for _title, value in _BORDERS].index(settings.refine))
        tiles = [value for _title, value in _TILES]
        self.tiles.setCurrentIndex(tiles.index(settings.tile) if settings.tile in tiles else -1)
        self.ahead.setChecked(self._predictions.looks_ahead)
        size = self._predictions.cache.size_bytes()
        self.kept.setText(f"{size / 2**20:.1f} MB of predictions kept")
        self.clear.setEnabled(size > 0)
