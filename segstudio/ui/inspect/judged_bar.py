"""The line on top of the inspector's docks: which layer is judged, and how far its count is."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QToolButton, QWidget

from segstudio.core.layer import LABELS
from segstudio.ui.inspect.desk import Desk
from segstudio.ui.panels.pace import Pace


class JudgedBar(QWidget):
    """Chooses the layer for all docks of the desk; further widgets stand to its right (`add`)."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.layers = QComboBox()
        self.layers.setAccessibleName("Layer that is judged")
        self.layers.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.layers.setMinimumContentsLength(8)
        self.progress = QProgressBar()
        self.progress.setFixedWidth(110)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Images counted")
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.cancel = QToolButton()
        self.cancel.setText("Stop")
        self.cancel.setToolTip("Stop counting; what was counted stays")
        self.cancel.setProperty("role", "outlined")
        self.state = QLabel()
        self.state.setProperty("role", "dim")
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(QLabel("Judge"))
        self._row.addWidget(self.layers)
        self._row.addWidget(self.state, 1)
        self._row.addWidget(self.progress)
        self._row.addWidget(self.cancel)
        self.layers.activated.connect(self._choose)
        self.cancel.clicked.connect(desk.inspection.cancel)
        self._pace = Pace(self, self.refresh, interval_ms=100)
        desk.inspection.changed.connect(self._pace.ask)
        self.refresh()

    def add(self, *widgets: QWidget) -> None:
        """Further choices, beside the layer."""
        for widget in widgets:
            self._row.insertWidget(self._row.indexOf(self.state), widget)

    def refresh(self) -> None:
        """Show what is judged and how far the count is."""
        inspection = self._desk.inspection
        names = inspection.names
        if [self.layers.itemData(row) for row in range(self.layers.count())] != names:
            self.layers.clear()
            for name in names:
                self.layers.addItem("Labels" if name == LABELS else name.partition(":")[2], name)
        self.layers.setCurrentIndex(max(0, self.layers.findData(inspection.layer)))
        counting = inspection.is_counting and inspection.done_images < inspection.total_images
        self.progress.setVisible(counting)
        self.cancel.setVisible(counting)
        self.progress.setMaximum(max(1, inspection.total_images))
        self.progress.setValue(inspection.done_images)
        count = len(inspection.matrices())
        self.state.setText(f"{count} image{'' if count == 1 else 's'} counted")

    def _choose(self, row: int) -> None:
        self._desk.inspection.choose(self.layers.itemData(row))
