"""The tools at the left edge: one column of icons, or as many as it takes for all to be in sight."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QToolBar, QToolButton, QWidget

_ICON = QSize(20, 20)
_FEWEST_ROWS = 6
"""So low may the window become before the column asks for more."""


class ToolColumn(QToolBar):
    """A tool bar that grows sideways where a plain one would hide its last entries behind an arrow."""

    def __init__(self, actions: Sequence[QAction]) -> None:
        super().__init__("Tools")
        self.setObjectName("tools")
        self.setMovable(False)
        self._page = QWidget()
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(1)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._buttons = {action: self._button(action) for action in actions}
        self._page.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._page.setMinimumHeight(_FEWEST_ROWS * self._row_height)
        self._columns = 0
        self._arrange(1)
        self.addWidget(self._page)

    def widgetForAction(self, action: QAction) -> QWidget:  # noqa: N802 (Qt's name)
        """The button of a tool."""
        button: QWidget | None = self._buttons.get(action)
        return button if button is not None else super().widgetForAction(action)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        rows = max(1, (self.contentsRect().height() - 8) // self._row_height)
        self._arrange(ceil(len(self._buttons) / rows))

    @property
    def _row_height(self) -> int:
        tallest = max((button.sizeHint().height() for button in self._buttons.values()), default=28)
        return tallest + self._grid.spacing()

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(_ICON)
        button.setAutoRaise(True)
        button.setAccessibleName(action.text().replace("&", ""))
        return button

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for number, button in enumerate(self._buttons.values()):
            self._grid.addWidget(button, *divmod(number, columns))
        width = max(button.sizeHint().width() for button in self._buttons.values())
        self._page.setFixedWidth(columns * width + (columns - 1) * self._grid.spacing())
