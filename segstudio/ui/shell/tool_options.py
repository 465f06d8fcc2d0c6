"""The options of the tool in hand, in the top bar: size and shape of the brush, what may be painted over."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSlider, QSpinBox, QToolButton, QWidget

from segstudio.session.session import Session
from segstudio.session.view import MAX_RADIUS, MIN_RADIUS
from segstudio.ui.shell.commands import Commands
from segstudio.ui.shell.paint_options import PaintOptions

_BRUSHES = frozenset({"brush", "smart_brush", "eraser"})
_SWITCHES = {
    "tool.brush_screen": _BRUSHES,
    "tool.snapping": frozenset({"polygon", "vertex"}),
    "tool.shared_borders": frozenset({"vertex"}),
}
"""Commands that stand here as buttons, and the tools that they belong to."""


class ToolOptions(QWidget):
    """Follows the view: what does not belong to the tool in hand is hidden."""

    def __init__(self, session: Session, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setFixedWidth(72)
        self.slider.setAccessibleName("Brush size")
        self.slider.setToolTip("Brush size ([ and ], or Alt+wheel)")
        self.slider.valueChanged.connect(self._on_slider)
        self.spin = QSpinBox()
        self.spin.setRange(round(2 * MIN_RADIUS), round(2 * MAX_RADIUS))
        self.spin.setSuffix(" px")
        self.spin.setFixedWidth(64)
        self.spin.lineEdit().setTextMargins(4, 0, 0, 0)
        self.spin.setAccessibleName("Brush diameter in pixels")
        self.spin.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.spin.valueChanged.connect(self._on_spin)
        self.shape = QComboBox()
        self.shape.addItems(["Round", "Square"])
        self.shape.setAccessibleName("Brush shape")
        self.shape.activated.connect(self._on_shape)
        self.paint = PaintOptions(session, commands)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 0, 6, 0)
        for widget in (self.slider, self.spin, self.shape, self.paint):
            layout.addWidget(widget)
        self.switches: dict[str, QToolButton] = {}
        for name in _SWITCHES:
            action = commands.action(name)
            self.switches[name] = button = QToolButton()
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(action.text().replace("&", ""))
            layout.addWidget(button)
        layout.addStretch(1)
        session.view.changed.connect(self._on_view)
        self.refresh()

    def refresh(self) -> None:
        """Show the view's values."""
        view = self._session.view.now
        brush = view.tool in _BRUSHES
        for widget in (self.slider, self.spin, self.shape):
            widget.setVisible(brush)
        for name, button in self.switches.items():
            button.setVisible(view.tool in _SWITCHES[name])
        for editor, value in ((self.slider, _to_slider(view.brush_radius)), (self.spin, round(2 * view.brush_radius))):
            editor.blockSignals(True)
            editor.setValue(value)
            editor.blockSignals(False)
        self.shape.setCurrentIndex(int(view.brush_square))

    def _on_view(self, names: frozenset[str]) -> None:
        if names & {"tool", "brush_radius", "brush_square"}:
            self.refresh()

    def _on_slider(self, value: int) -> None:
        self._session.view.set(brush_radius=_from_slider(value))

    def _on_spin(self, value: int) -> None:
        self._session.view.set(brush_radius=value / 2)

    def _on_shape(self, index: int) -> None:
        self._session.view.set(brush_square=bool(index))


def _to_slider(radius: float) -> int:
    return round(100 * (max(1.0, radius) / MAX_RADIUS) ** 0.4)


def _from_slider(value: int) -> float:
    return max(MIN_RADIUS, round(2 * MAX_RADIUS * (value / 100) ** 2.5) / 2)
