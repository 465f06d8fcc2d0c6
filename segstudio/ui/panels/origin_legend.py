"""The legend of who made the labels, in a corner of the canvas: colours, words and shares of the open image."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from segstudio.render.origin_colors import ORIGIN_COLORS
from segstudio.session.edits.origin_words import KIND_WORDS, author_text
from segstudio.session.edits.origins import KIND_CODE
from segstudio.session.session import Session
from segstudio.ui.panels.pace import Pace

_MARGIN = 10
_SIDE = 12
_MOST_AUTHORS = 12
_SHOWN_BY = {"origins", "errors", "bare", "overlays_hidden"}


class OriginLegend(QFrame):
    """Shown while the view colours the labels by who made them."""

    def __init__(self, session: Session, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._session = session
        self._canvas = canvas
        self.setProperty("role", "card")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName("Legend of who made the labels")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 10, 5)
        row.setSpacing(6)
        self.words: dict[str, tuple[QLabel, QLabel]] = {}
        for kind, (_, tip) in KIND_WORDS.items():
            swatch, word = QLabel(), QLabel()
            swatch.setPixmap(_swatch(KIND_CODE[kind]))
            for label in (swatch, word):
                label.setToolTip(tip)
                row.addWidget(label)
            self.words[kind] = swatch, word
        self.note = QLabel()
        self.note.setProperty("role", "dim")
        row.addWidget(self.note)
        canvas.installEventFilter(self)
        self._pace = Pace(self, self.refresh, interval_ms=200)
        session.origins.changed.connect(self._ask)
        session.view.changed.connect(self._on_view)
        session.document_changed.connect(self._ask)
        self.refresh()

    def refresh(self) -> None:
        """Show the kinds that the open image has, with their shares."""
        view, document = self._session.view.now, self._session.document
        shown = view.origins and document is not None and not (view.bare or view.overlays_hidden or view.errors)
        self.setVisible(shown)
        if not shown:
            return
        pixels = self._session.origins.kind_pixels()
        total = sum(pixels.values())
        for kind, labels in self.words.items():
            count = pixels.get(kind, 0)
            share = 100 * count / total if total else 0.0
            word = f"{KIND_WORDS[kind][0]} {share:.0f} %" if share >= 1 else f"{KIND_WORDS[kind][0]} < 1 %"
            labels[1].setText(word)
            for label in labels:
                label.setVisible(count > 0)
        self.note.setText("" if total else "looking up who made the labels …" if not pixels else "nothing is labelled")
        self.note.setVisible(not total)
        self.setToolTip(self._authors())
        self.adjustSize()
        self.move(_MARGIN, self._canvas.height() - self.height() - _MARGIN)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Stay in the lower left corner."""
        if watched is self._canvas and event.type() == QEvent.Type.Resize:
            self.move(_MARGIN, self._canvas.height() - self.height() - _MARGIN)
        return super().eventFilter(watched, event)

    def _authors(self) -> str:
        found = self._session.origins.counts()
        lines = [f"{author_text(origin)}: {pixels:,} px".replace(",", "\u202f") for origin, pixels in found]
        return "\n".join(lines[:_MOST_AUTHORS])

    def _ask(self, _: object) -> None:
        if self._session.view.now.origins or self.isVisible():
            self._pace.ask()

    def _on_view(self, names: frozenset[str]) -> None:
        if names & _SHOWN_BY:
            self.refresh()


def _swatch(code: int) -> QPixmap:
    pixmap = QPixmap(2 * _SIDE, 2 * _SIDE)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*ORIGIN_COLORS[code]))
    painter.drawRoundedRect(0, 0, _SIDE, _SIDE, 3, 3)
    painter.end()
    return pixmap
