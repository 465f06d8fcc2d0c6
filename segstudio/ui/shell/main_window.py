"""The main window: tools on the left, canvas over the filmstrip, panels on the right, one line of status below."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QFontMetrics, QIcon
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.resources import resource_dir
from segstudio.session.document import Document
from segstudio.session.notify import Notice
from segstudio.session.session import Session
from segstudio.settings import load_settings
from segstudio.ui.canvas.canvas import Canvas
from segstudio.ui.canvas.picture_view import PictureView
from segstudio.ui.panels.classes import ClassesPanel
from segstudio.ui.panels.error_legend import ErrorLegend
from segstudio.ui.panels.filmstrip import Filmstrip
from segstudio.ui.panels.history import HistoryPanel
from segstudio.ui.panels.layers import LayersPanel
from segstudio.ui.panels.metrics import MetricsPanel
from segstudio.ui.panels.models import ModelsPanel
from segstudio.ui.panels.objects import ObjectsPanel
from segstudio.ui.shell.actions import Actions
from segstudio.ui.shell.commands import Commands
from segstudio.ui.shell.docks import Docks
from segstudio.ui.shell.garbage import GuiGarbage
from segstudio.ui.shell.job_bridge import BetweenEvents, GuiHop
from segstudio.ui.shell.language import say
from segstudio.ui.shell.menus import fill_menus
from segstudio.ui.shell.message_bar import MessageBar
from segstudio.ui.shell.object_state_commands import BUTTONS
from segstudio.ui.shell.preferences import begin_with
from segstudio.ui.shell.status_bar import StatusBar
from segstudio.ui.shell.tool_column import ToolColumn
from segstudio.ui.shell.tool_options import ToolOptions
from segstudio.ui.shell.welcome import Welcome, dropped_path

if TYPE_CHECKING:
    from segstudio.formats.report import AmbiguousFormat
    from segstudio.session.workspace import Workspace

_LEAST_PICTURE = QSize(240, 120)


class MainWindow(QMainWindow):
    """Everything on the screen. `commands.run(id)` does what a menu entry does; `canvas` is where one draws."""

    closing = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._garbage = GuiGarbage(self)
        self.session = session
        self._hop = GuiHop(self)
        session.jobs.bind(self._hop)
        session.turns.bind(BetweenEvents(self))
        self.setObjectName("main-window")
        self.setWindowTitle("SegStudio")
        self.setWindowIcon(QIcon(str(resource_dir() / "icons" / "app.svg")))
        self.setAcceptDrops(True)
        self.resize(1440, 900)
        self.put_away: set[str] = set()
        self.commands = Commands(self)
        self.docks = Docks(self)
        self.canvas = Canvas(session)
        self.canvas.setAccessibleName("Canvas")
        self.layers = LayersPanel(session)
        self.models = ModelsPanel(session)
        self.models.browser_asked.connect(partial(self.docks.show, "model.browser"))
        self.classes = ClassesPanel(session)
        self.metrics = MetricsPanel(session)
        self.objects = ObjectsPanel(session)
        self.history = HistoryPanel(session)
        self.filmstrip = Filmstrip(session)
        self.actions_table = Actions(self)
        begin_with(self, load_settings())
        self.objects.add_buttons([self.commands.action(name) for name in BUTTONS])
        judged, by_kind = (self.commands.action(name) for name in ("view.error_class", "errors.kinds"))
        self.legend = ErrorLegend(session, judged, by_kind, self.canvas)
        self._viewer: Callable[[], PictureView] = lambda: self.canvas
        self.status = StatusBar(session, self.commands)
        self.welcome = Welcome(self.commands, session)
        self._build()
        self._connect()
        self._on_opened(None)

    def _build(self) -> None:
        fill_menus(self, self.menuBar())
        self._tool_bar()
        self._top_bar()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.welcome)
        self._stack.addWidget(self.canvas)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.dock_area = QMainWindow(self, Qt.WindowType.Widget)
        self.dock_area.setCentralWidget(self._stack)
        self.dock_area.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        column.addWidget(self.dock_area, 1)
        column.addWidget(self.filmstrip)
        self.messages = MessageBar(centre)
        self._side = self._side_panels()
        self.parts: dict[str, QWidget] = {"filmstrip": self.filmstrip, "panels": self._side}
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(centre)
        split.addWidget(self._side)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 0)
        split.setSizes([1100, _SidePanels.least_width()])
        split.setCollapsible(0, False)
        self.setCentralWidget(split)
        self.splitters = {"columns": split, "side": self._side}
        self.setStatusBar(self.status)

    def _tool_bar(self) -> None:
        self.tool_bar = ToolColumn([self.commands.action(name) for name in self.actions_table.tool_commands])
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.tool_bar)

    def _top_bar(self) -> None:
        bar = QToolBar("Main")
        bar.setObjectName("main")
        bar.setMovable(False)
        bar.setIconSize(QSize(18, 18))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        for name in ("file.open_dataset", "", "edit.undo", "edit.redo", "", "image.previous", "image.next", ""):
            bar.addSeparator() if not name else bar.addAction(self.commands.action(name))
        for name in ("mode.semantic", "mode.objects"):
            bar.addAction(self.commands.action(name))
            button = bar.widgetForAction(self.commands.action(name))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)  # type: ignore[attr-defined]
        bar.addSeparator()
        self.tool_options = ToolOptions(self.session, self.commands)
        bar.addWidget(self.tool_options)
        spring = QWidget()
        spring.setSizePolicy(spring.sizePolicy().Policy.Expanding, spring.sizePolicy().Policy.Preferred)
        bar.addWidget(spring)
        for name in ("view.errors", "view.heat", "view.overlays", "view.fit", ""):
            bar.addSeparator() if not name else bar.addAction(self.commands.action(name))
        for name in ("model.predict", "accept.all", "file.export"):
            bar.addAction(self.commands.action(name))
            button = bar.widgetForAction(self.commands.action(name))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)  # type: ignore[attr-defined]
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, bar)
        self.top_bar = bar

    def _side_panels(self) -> QSplitter:
        side = _SidePanels()
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(_Heading(say("Live metrics")))
        column.addWidget(self.metrics)
        column.addWidget(_Heading(say("Classes")))
        column.addWidget(self.classes, 1)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setAccessibleName("Panels")
        panels = (
            ("Layers", self.layers),
            ("Model", self.models),
            ("Objects", self.objects),
            ("History", self.history),
        )
        for title, panel in panels:
            scroll = QScrollArea()
            scroll.setWidgetResizable(True)
            scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            scroll.setWidget(panel)
            scroll.setMinimumHeight(80)
            # Its content follows the focus by itself.
            scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.tabs.addTab(scroll, say(title))
        side.addWidget(upper)
        self.tabs.setMinimumHeight(120)
        side.addWidget(self.tabs)
        side.setStretchFactor(0, 1)
        side.setStretchFactor(1, 0)
        side.setSizes([2000, 250])
        side.setChildrenCollapsible(False)
        return side

    def _connect(self) -> None:
        session = self.session
        session.notify.told.connect(self._on_told)
        session.opened.connect(self._on_opened)
        session.ambiguous.connect(self._on_ambiguous)
        session.document_changed.connect(self._on_document)
        session.view.changed.connect(self._on_view)
        self.layers.accept_asked.connect(self.actions_table.accept_layer)
        self.canvas.zoom_changed.connect(self.status.show_zoom)
        self.canvas.pointed.connect(self.actions_table.show_pointed)
        self.classes.add_button.clicked.connect(self.commands.action("classes.add").trigger)

    @property
    def centre(self) -> QWidget:
        """What stands in the middle: the canvas, the welcome, or a view of the open image."""
        return self._stack.currentWidget() or self.canvas

    @property
    def viewer(self) -> PictureView:
        """The picture that zoom commands act on."""
        return self.canvas if self.centre in (self.canvas, self.welcome) else self._viewer()

    def show_centre(self, widget: QWidget, *, viewer: Callable[[], PictureView] | None = None) -> None:
        """Show `widget` in the middle; `viewer` says which picture the zoom commands act on meanwhile."""
        if self._stack.indexOf(widget) < 0:
            self._stack.addWidget(widget)
        if viewer is not None:
            self._viewer = viewer
        self._stack.setCurrentWidget(widget)
        widget.setFocus()

    def show_part(self, name: str, shown: bool) -> None:
        """Show the "filmstrip" or the "panels" at the side, or put them away to have more of the picture."""
        self.put_away = self.put_away - {name} if shown else self.put_away | {name}
        self.parts[name].setVisible(shown and self.session.project is not None)

    def show_panel(self, panel: QWidget) -> None:
        """Bring one of the tabbed panels to the front."""
        for index in range(self.tabs.count()):
            page = self.tabs.widget(index)
            if page is not None and page.isAncestorOf(panel):
                self.tabs.setCurrentIndex(index)

    def _on_told(self, notice: Notice) -> None:
        self.messages.show_notice(notice)

    def _on_ambiguous(self, found: AmbiguousFormat) -> None:
        from segstudio.ui.shell.open_dialogs import choose_format

        choose_format(self, found)

    def _on_opened(self, workspace: Workspace | None) -> None:
        self._garbage.settle()
        empty = workspace is None
        self._stack.setCurrentWidget(self.welcome if empty else self.canvas)
        # Without it the picture would keep the room that the welcome page needs.
        self._stack.setMinimumSize(self.welcome.minimumSize() if empty else _LEAST_PICTURE)
        for widget in (self.tool_bar, self.top_bar):
            widget.setVisible(not empty)
        for name, part in self.parts.items():
            part.setVisible(not empty and name not in self.put_away)
        if empty:
            self.docks.hide_all()
        self.actions_table.refresh()
        if workspace is not None:
            self.canvas.setFocus()

    def _on_view(self, names: frozenset[str]) -> None:
        if "tool" in names:
            self.status.show_hint(self.canvas.tool.hint)

    def _on_document(self, document: Document | None) -> None:
        self.status.show_hint(self.canvas.tool.hint if document is not None else "")
        if document is not None:
            name = self.session.dataset.name if self.session.dataset is not None else ""
            notes = ["read-only"] if self.session.read_only else []
            notes += [self.session.team.note] if self.session.team.note else []
            kept = f" ({', '.join(notes)})" if notes else ""
            self.setWindowTitle(f"{document.item.name} – {name}{kept} – SegStudio")
        self.actions_table.refresh()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if dropped_path(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        path = dropped_path(event)
        if path:
            event.acceptProposedAction()
            self.session.open_path(path)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Everything committed is on disk already; what is still open becomes part of it."""
        self.closing.emit()
        self.session.close()
        self._hop.close()
        self._garbage.close()
        event.accept()


class _Heading(QLabel):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        self.setContentsMargins(10, 8, 10, 2)


class _SidePanels(QSplitter):
    """The column on the right, as wide as its tables need in the texts' size."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.setMinimumWidth(self.least_width())

    @staticmethod
    def least_width() -> int:
        """In pixels."""
        return max(320, QFontMetrics(QApplication.font()).horizontalAdvance("0" * 37))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.FontChange:
            self.setMinimumWidth(self.least_width())
        super().changeEvent(event)
