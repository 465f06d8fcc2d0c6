"""Simplify: a bar over the canvas with a slider, the outlines as they would be, and the points before and after."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from segstudio.core.errors import UserError
from segstudio.core.objects import PolygonShape, SegObject, Shape
from segstudio.core.transaction import Changes
from segstudio.session.edits import reshape
from segstudio.ui.canvas.overlay import draw_line
from segstudio.ui.canvas.tools.asking import Asking

if TYPE_CHECKING:
    from collections.abc import Iterable

    from segstudio.session.document import Document
    from segstudio.ui.shell.main_window import MainWindow

_LEAST, _MOST = 0.1, 50.0
"""Tolerances of the slider's ends, in pixels."""
_USUAL = 1.0
_STEPS = 200
_BOTTOM = 14
_ACCENT = QColor(255, 196, 0)

Shapes = list[tuple[SegObject, Shape]]


def open_simplify_bar(window: MainWindow, document: Document, ids: Iterable[int]) -> SimplifyBar:
    """Show the bar for the polygons among the objects. Raises `UserError` where there is none."""
    items = [item for item in reshape.editable(document, ids) if isinstance(item.shape, PolygonShape)]
    if not items:
        raise UserError("there is no point to leave out", hint="masks have no points: convert them to polygons")
    for old in window.canvas.findChildren(SimplifyBar):
        old.close_bar()
    return SimplifyBar(window, document, items)


class SimplifyBar(QFrame):
    """Enter applies, Esc leaves everything as it is; so does selecting something else, or another edit."""

    def __init__(self, window: MainWindow, document: Document, items: list[SegObject]) -> None:
        super().__init__(window.canvas)
        self._canvas = window.canvas
        self._session = window.session
        self._document = document
        self._items = items
        self._shapes: Shapes = []
        self._apply_when_there = False
        self.setProperty("role", "card")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName("Simplify")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setFixedWidth(180)
        self.slider.setAccessibleName("How far the outline may move")
        self.tolerance = QLabel()
        self.tolerance.setMinimumWidth(self.tolerance.fontMetrics().horizontalAdvance("50.0 px "))
        self.count = QLabel()
        self.count.setAccessibleName("Points before and after")
        self.apply_button = QPushButton("Simplify")
        self.apply_button.setToolTip("Enter")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Esc")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        for widget in (QLabel("Simplify"), self.slider, self.tolerance, self.count):
            row.addWidget(widget)
        row.addWidget(self.cancel_button)
        row.addWidget(self.apply_button)
        self._preview = _Preview(window)
        self._asking: Asking[float, Shapes] = Asking(window.session, self._simplified, self._take)
        self.slider.valueChanged.connect(self._on_slider)
        self.apply_button.clicked.connect(self.apply)
        self.cancel_button.clicked.connect(self.close_bar)
        self._session.view.changed.connect(self._on_view)
        self._session.document_changed.connect(self._on_document)
        document.changed.connect(self._on_changes)
        self._canvas.installEventFilter(self)
        self.slider.setValue(round(_STEPS * log(_USUAL / _LEAST) / log(_MOST / _LEAST)))
        self._place()
        self.show()
        self.raise_()
        self.slider.setFocus()

    @property
    def points(self) -> tuple[int, int]:
        """How many points there are, and how many there would be."""
        after = {item.id: shape for item, shape in self._shapes}
        shapes = [(item.shape, after.get(item.id, item.shape)) for item in self._items]
        return sum(_points(before) for before, _ in shapes), sum(_points(shape) for _, shape in shapes)

    def apply(self) -> None:
        """Make it one edit, once the shapes for the slider's place are there."""
        if self._asking.is_busy:
            self._apply_when_there = True
            return
        shapes = self._shapes
        before, after = self.points
        self.close_bar()
        if not shapes:
            self._session.notify.info("there is no point to leave out at this distance")
        elif reshape.put_shapes(self._document, shapes, "simplify"):
            self._session.notify.info(f"{before:,} points → {after:,}")

    def close_bar(self) -> None:
        """Leave everything as it is."""
        self._asking.drop()
        self._session.view.changed.disconnect(self._on_view)
        self._session.document_changed.disconnect(self._on_document)
        self._document.changed.disconnect(self._on_changes)
        self._canvas.removeEventFilter(self)
        self._preview.hide()
        self._preview.deleteLater()
        self.hide()
        self.setParent(None)
        self.deleteLater()
        self._canvas.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.apply()
        elif event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.Resize:
            self._place()
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
            if event.key() in keys:
                self.keyPressEvent(event)
                return True
        return False

    def _simplified(self, tolerance: float) -> Shapes:
        from segstudio.ops.simplify import simplify

        def change(shape: Shape) -> Shape:
            return simplify(shape, tolerance) if isinstance(shape, PolygonShape) else shape

        return [pair for pair in reshape.reshaped(self._items, change) if _points(pair[1]) < _points(pair[0].shape)]

    def _take(self, tolerance: float, shapes: Shapes) -> None:
        self._shapes = shapes
        before, after = self.points
        self.count.setText(f"{before:,} → {after:,} points")
        self._preview.show_shapes([shape for _, shape in shapes])
        self._place()
        if self._apply_when_there and not self._asking.is_busy:
            self.apply()

    def _on_slider(self, value: int) -> None:
        tolerance = _LEAST * (_MOST / _LEAST) ** (value / _STEPS)
        self.tolerance.setText(f"{tolerance:.1f} px")
        self._asking.ask(tolerance)

    def _on_view(self, names: frozenset[str]) -> None:
        if names & {"selection", "mode"}:
            self.close_bar()

    def _on_document(self, _: object) -> None:
        self.close_bar()

    def _on_changes(self, changes: Changes) -> None:
        if changes.objects & {item.id for item in self._items}:
            self.close_bar()

    def _place(self) -> None:
        self.adjustSize()
        size = self._canvas.size()
        self.move(max(0, (size.width() - self.width()) // 2), size.height() - self.height() - _BOTTOM)
        self._preview.resize(size)


class _Preview(QWidget):
    """The outlines over the canvas; the mouse does not see it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window.canvas)
        self._canvas = window.canvas
        self._shapes: list[Shape] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.show()

    def show_shapes(self, shapes: list[Shape]) -> None:
        """Draw these from now on."""
        self._shapes = shapes
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        for shape in self._shapes:
            if isinstance(shape, PolygonShape):
                for ring_xy in shape.rings_xy:
                    path.addPolygon(QPolygonF([self._canvas.to_widget(x, y) for x, y in ring_xy.tolist()]))
                    path.closeSubpath()
        draw_line(painter, path, _ACCENT)
        painter.end()


def _points(shape: Shape) -> int:
    return shape.num_points if isinstance(shape, PolygonShape) else 0
