"""What may be painted over, to choose in the tool bar and to see in the status line."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from segstudio.core.class_set import Color
from segstudio.session.document import Document
from segstudio.session.edits.gaps import Gaps
from segstudio.session.edits.paint_rule import in_words
from segstudio.session.session import Session
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.commands import Commands

_WORDS = {"everywhere": "On all", "unlabelled": "Only bare", "only-over": "Only over…"}
_MODES = ("paint.everywhere", "paint.unlabelled", "paint.only_over")


class PaintOptions(QToolButton):
    """A button that says the paint mode; its menu has the modes and, for the last of them, the classes."""

    def __init__(self, session: Session, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._commands = commands
        self.setProperty("role", "outlined")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMenu(QMenu(self))
        self.menu().aboutToShow.connect(self._fill)
        self.menu().triggered.connect(self._on_triggered)
        session.view.changed.connect(self._on_view)
        self.refresh()

    def refresh(self) -> None:
        """Show the mode of now."""
        view = self._session.view.now
        words = in_words(view)
        self.setText(_WORDS[view.paint_mode])
        self.setAccessibleName(f"What may be painted over: {words or 'everything'}")
        self.setToolTip(f"What may be painted over: {words or 'everything'}")

    def _on_view(self, names: frozenset[str]) -> None:
        if names & {"paint_mode", "over_classes", "over_unlabelled", "protected_classes"}:
            self.refresh()

    def _fill(self) -> None:
        menu, view = self.menu(), self._session.view.now
        menu.clear()
        for name in _MODES:
            menu.addAction(self._commands.action(name))
        menu.addSection("Chosen classes")
        menu.addAction(self._commands.action("paint.over_bare"))
        for c in self._session.classes.current.classes:
            chosen = c.id in view.over_classes
            action = menu.addAction(_swatch(c.color, chosen), c.name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(chosen)
            action.setData(c.id)

    def _on_triggered(self, action: QAction) -> None:
        class_id, view = action.data(), self._session.view
        if isinstance(class_id, int):
            view.set(over_classes=view.now.over_classes ^ {class_id}, paint_mode="only-over")


class PaintStatus(QWidget):
    """The paint mode where it is not the plain one, and the unlabelled pixels, live; a click goes to the next gap."""

    def __init__(self, session: Session, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._gaps = Gaps(session)
        self.mode = QLabel()
        self.mode.setProperty("role", "accent")
        self.gaps = QToolButton()
        self.gaps.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Ignored)
        self.gaps.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.gaps.clicked.connect(commands.action("gaps.next").trigger)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.mode)
        layout.addWidget(self.gaps)
        self._pace = Pace(self, self.refresh)
        session.view.changed.connect(self._on_view)
        session.document_changed.connect(self._on_document)
        self._on_document(session.document)

    def refresh(self) -> None:
        """Show mode and count of now."""
        view = self._session.view.now
        words = in_words(view)
        self.mode.setText(words)
        self.mode.setAccessibleName(f"Paint mode: {words or 'everywhere'}")
        counted = self._session.document is not None and view.mode == "semantic"
        self.mode.setVisible(bool(words) and counted)
        self.gaps.setVisible(counted)
        if counted:
            pixels, share = self._gaps.pixels, self._gaps.share
            text = f"{pixels:,} unlabelled ({_percent(share)})" if pixels else "no gaps"
            self.gaps.setText(text)
            self.gaps.setAccessibleName(f"{text}: go to the next gap")
            self.gaps.setToolTip("Unlabelled pixels of this image; a click goes to the largest gap (Z)")

    def _on_view(self, names: frozenset[str]) -> None:
        if names & {"mode", "paint_mode", "over_classes", "over_unlabelled", "protected_classes"}:
            self.refresh()

    def _on_document(self, document: Document | None) -> None:
        if document is not None:
            document.changed.connect(self._pace.ask)
        self.refresh()


def _percent(share: float) -> str:
    """Never "0 %" while there are gaps, nor "100 %" where something is labelled."""
    return "<0.01 %" if share < 0.0001 else ">99.99 %" if 0.9999 < share < 1 else f"{100 * share:.2f} %"


def _swatch(color: Color, chosen: bool) -> QIcon:
    """The class's colour, ticked where it is chosen: an icon stands where the menu's own tick would."""
    picture = QPixmap(14, 14)
    picture.fill(QColor(*color))
    if chosen:
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        light = QColor(*color).lightnessF() > 0.5
        painter.setPen(QPen(QColor("black" if light else "white"), 2))
        painter.drawPolyline([QPointF(3, 7), QPointF(6, 10), QPointF(11, 4)])
        painter.end()
    return QIcon(picture)
