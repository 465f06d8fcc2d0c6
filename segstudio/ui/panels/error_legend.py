"""The legend of the error overlay, in a corner of the canvas: what each colour means, and which classes are judged."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from segstudio.core.class_set import Color
from segstudio.core.layer import LABELS
from segstudio.render.lut import ERROR_COLORS, ERROR_COLORS_COLOR_BLIND
from segstudio.session.inspect.judged import judged_layer
from segstudio.session.inspect.kind_layer import KindLayer
from segstudio.session.session import Session
from segstudio.session.view import View
from segstudio.ui.panels.kind_chips import KindChips

_ALL = ((1, "right", "the class of the truth"), (4, "wrong class", "another class than the truth's"))
_MISSED = (3, "missed", "the truth is there, nothing says so")
_ONE = (
    (1, "found", "both the truth and the labels (true positive)"),
    (2, "invented", "not in the truth (false positive)"),
    (3, "missed", "only in the truth (false negative)"),
)
_MARGIN = 10
_ROOM = 640
"""A canvas narrower than this, in pixels, shows the legend folded."""
_SHOWN_BY = {
    *("errors", "error_kinds", "error_class", "active_class", "colour_blind"),
    *("bare", "overlays_hidden", "shown"),
}


class ErrorLegend(QFrame):
    """Shown while the view shows errors; `one_class` is the command that judges the active class alone, `by_kind` the
    one that colours errors by why they are wrong. It can be folded where it hides too much of the picture.
    """

    def __init__(self, session: Session, one_class: QAction, by_kind: QAction, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._session = session
        self._canvas = canvas
        self.is_folded = False
        self.setProperty("role", "card")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName("Legend of the errors")
        self.swatches = {code: _Swatch() for code in (1, 2, 3, 4)}
        self.words = {code: QLabel() for code in (1, 2, 3, 4)}
        self.judged = QLabel()
        self.judged.setProperty("role", "dim")
        self.note = QLabel("There is no ground truth for this image.")
        self.one_class = QToolButton()
        self.one_class.setDefaultAction(one_class)
        self.one_class.setProperty("role", "outlined")
        self.one_class.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.one_class.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.by_kind = QToolButton()
        self.by_kind.setDefaultAction(by_kind)
        self.by_kind.setProperty("role", "outlined")
        self.by_kind.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.by_kind.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.fold = QToolButton()
        self.fold.setAutoRaise(True)
        self.fold.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.fold.clicked.connect(lambda: self.set_folded(not self.is_folded))
        self.kinds = KindChips(session, KindLayer(session))
        self.kinds.resized.connect(self._place)
        self._rows = rows = QVBoxLayout(self)
        rows.setContentsMargins(10, 5, 6, 5)
        rows.setSpacing(2)
        layout = QHBoxLayout()
        layout.setSpacing(6)
        rows.addLayout(layout)
        rows.addWidget(self.kinds)
        layout.addWidget(self.judged)
        for code in (1, 2, 3, 4):
            layout.addWidget(self.swatches[code])
            layout.addWidget(self.words[code])
        layout.addWidget(self.note)
        layout.addWidget(self.one_class)
        layout.addWidget(self.by_kind)
        layout.addStretch(1)
        layout.addWidget(self.fold)
        canvas.installEventFilter(self)
        session.view.changed.connect(self._on_view)
        session.classes.changed.connect(self._refresh)
        session.document_changed.connect(self._refresh)
        session.images.changed.connect(self._refresh)
        self.set_folded(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Stay in the lower left corner."""
        if watched is self._canvas and event.type() == QEvent.Type.Resize:
            self._refresh()
        return super().eventFilter(watched, event)

    def _on_view(self, names: frozenset[str]) -> None:
        if names & _SHOWN_BY:
            self._refresh()

    def _refresh(self, *_: object) -> None:
        view, document = self._session.view.now, self._session.document
        shown = view.errors and document is not None and not (view.bare or view.overlays_hidden)
        self.setVisible(shown)
        if not shown or document is None:
            return
        has_truth = document.truth_index_hw is not None
        plain = has_truth and not view.error_kinds
        meanings = {code: (word, tip) for code, word, tip in _meanings(view)} if plain else {}
        colors = ERROR_COLORS_COLOR_BLIND if view.colour_blind else ERROR_COLORS
        for code, label in self.words.items():
            word, tip = meanings.get(code, ("", ""))
            for widget in (label, self.swatches[code]):
                widget.setVisible(bool(word))
                widget.setToolTip(tip)
            label.setText(word)
            self.swatches[code].show_color(colors[code])
        layer = judged_layer(document, view)
        self.judged.setText(f"Errors of {'the labels' if layer.name == LABELS else layer.name.partition(':')[2]}:")
        has_room = self._canvas.width() >= _ROOM
        self.fold.setVisible(has_room and has_truth)
        whole = has_room and not self.is_folded
        for label in self.words.values():
            label.setVisible(whole and bool(label.text()))
        self.judged.setVisible(has_truth and whole)
        self.note.setVisible(not has_truth)
        active = self._session.classes.current.by_id.get(view.active_class) if view.active_class is not None else None
        self.one_class.defaultAction().setText(f"Only {active.name}" if active is not None else "Only one class")
        self.one_class.setVisible(has_truth and whole)
        self.by_kind.setVisible(has_truth and whole)
        self.kinds.setVisible(has_truth and whole and view.error_kinds)
        self._place()

    def set_folded(self, folded: bool) -> None:
        """Leave only the colours, with their meanings as tool tips; or have the words and switches back."""
        self.is_folded = folded
        self.fold.setArrowType(Qt.ArrowType.RightArrow if folded else Qt.ArrowType.LeftArrow)
        self.fold.setToolTip("Unfold the legend" if folded else "Fold the legend, to see more of the picture")
        self.fold.setAccessibleName("Unfold the legend" if folded else "Fold the legend")
        self._refresh()

    def _place(self) -> None:
        self._rows.activate()
        self.adjustSize()
        self.move(_MARGIN, self._canvas.height() - self.height() - _MARGIN)


def _meanings(view: View) -> tuple[tuple[int, str, str], ...]:
    return _ONE if view.error_class is not None else (*_ALL, _MISSED)


class _Swatch(QWidget):
    """A square of one colour."""

    def __init__(self) -> None:
        super().__init__()
        self._color = QColor()
        self.setFixedSize(12, 12)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_color(self, color: Color) -> None:
        self._color = QColor(*color)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color)
        painter.drawRoundedRect(self.rect(), 3, 3)
        painter.end()
