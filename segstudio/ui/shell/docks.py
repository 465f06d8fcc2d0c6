"""The panels that are too wide for the column on the right: docks under the canvas, made when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QLabel, QScrollArea, QToolButton, QWidget

from segstudio.ui.shell.commands import Later
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.language import say

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class DockEntry:
    """A dock by its id: its title, and the function (module, name) that makes its content from the window.

    `height` is what it takes of the room, 0 for the usual share.
    """

    id: str
    title: str
    module: str
    name: str
    area: Qt.DockWidgetArea = Qt.DockWidgetArea.BottomDockWidgetArea
    height: int = 0


DOCKS: tuple[DockEntry, ...] = (
    DockEntry("inspect.dataset", "Data set table", "segstudio.ui.dataset.dataset_dock", "dataset_dock"),
    DockEntry("inspect.statistics", "Statistics", "segstudio.ui.dataset.statistics_dock", "statistics_dock"),
    DockEntry("inspect.confusion", "Confusion matrix", "segstudio.ui.inspect.confusion_dock", "confusion_dock"),
    DockEntry("inspect.what_if", "What if", "segstudio.ui.inspect.what_if_dock", "what_if_dock"),
    DockEntry("inspect.objects", "Errors of objects", "segstudio.ui.inspect.object_errors_dock", "object_errors_dock"),
    DockEntry("inspect.policy", "Policies", "segstudio.ui.inspect.policy_dock", "policy_dock"),
    DockEntry(
        "inspect.truth_queue", "Doubts about the truth", "segstudio.ui.inspect.truth_queue_dock", "truth_queue_dock"
    ),
    DockEntry("assist.panel", "Assist", "segstudio.ui.panels.assist", "assist_dock", height=140),
    DockEntry("assist.segmenter", "AI segmenter", "segstudio.ui.panels.prompt", "prompt_dock", height=130),
    DockEntry("learn.panel", "Learn", "segstudio.ui.panels.learn", "learn_panel", height=250),
    DockEntry("inspect.people", "People", "segstudio.ui.shell.team_dock", "people_dock"),
    DockEntry("compare.dataset", "A against B", "segstudio.ui.compare.duel_dock", "duel_dock"),
    DockEntry("model.browser", "Model browser", "segstudio.ui.models.browser", "model_browser"),
)


_SHARE = 0.55
"""Of the room of canvas and docks, what the first dock takes: a table of one row is none."""
_MOST = 0.8
"""… and what it takes at most, where its height was chosen in a larger window."""
_LEAST = QSize(320, 110)
"""Content that needs more is scrolled, so that the window never grows beyond a small screen."""


class Docks:
    """Makes, shows and hides the docks of one window; those of one area share it as tabs."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._entries = {entry.id: entry for entry in DOCKS}
        self._made: dict[str, QDockWidget] = {}
        self._heights: dict[str, int] = {}

    @property
    def heights(self) -> dict[str, int]:
        """How high each dock is that a person has seen, in pixels, by id."""
        seen = {name: dock.height() for name, dock in self._made.items() if not dock.isFloating()}
        return self._heights | {name: height for name, height in seen.items() if height >= _LEAST.height()}

    def remember(self, heights: Mapping[str, int]) -> None:
        """Give docks these heights when they are shown next."""
        self._heights |= {name: height for name, height in heights.items() if name in self._entries}

    def is_shown(self, name: str) -> bool:
        """Whether a person sees it, or could by one click on its tab."""
        return name in self._made and not self._made[name].isHidden()

    def content(self, name: str) -> QWidget:
        """What stands in the dock, made where it is not yet; raises `KeyError` for an unknown id."""
        return _content(self._dock(name))

    def show(self, name: str) -> QWidget:
        """Bring it to the front; gives its content."""
        dock = self._dock(name)
        area = self._entries[name].area
        alone = not any(self.is_shown(key) for key in self._made if self._entries[key].area == area)
        dock.show()
        dock.raise_()
        if alone:
            # Not before the layout knows of it.
            height = self._heights.get(name) or self._entries[name].height
            QTimer.singleShot(0, dock, partial(self._give_room, dock, height))
        return _content(dock)

    def toggle(self, name: str) -> None:
        """Show it, or put it away; what is put away keeps its state."""
        if self.is_shown(name):
            self._heights = self.heights
            self._made[name].hide()
        else:
            self.show(name)

    def hide_all(self) -> None:
        for dock in self._made.values():
            dock.hide()

    def _dock(self, name: str) -> QDockWidget:
        if name not in self._made:
            entry = self._entries[name]
            dock = QDockWidget(say(entry.title), self._window)
            dock.setObjectName(f"dock-{entry.id}")
            scroll = QScrollArea()
            scroll.setWidgetResizable(True)
            scroll.setFrameShape(QFrame.Shape.NoFrame)
            scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            scroll.setMinimumSize(_LEAST)
            scroll.setWidget(Later(entry.module, entry.name, self._window)())  # type: ignore[arg-type]
            dock.setWidget(scroll)
            dock.setTitleBarWidget(_title_bar(dock))
            dock.hide()
            beside = [other for key, other in self._made.items() if self._entries[key].area == entry.area]
            self._window.dock_area.addDockWidget(entry.area, dock)
            if beside:
                self._window.dock_area.tabifyDockWidget(beside[-1], dock)
            dock.visibilityChanged.connect(self._on_visibility)
            self._made[name] = dock
        return self._made[name]

    def _give_room(self, dock: QDockWidget, height: int) -> None:
        area = self._window.dock_area
        wanted = min(height, round(area.height() * _MOST)) or round(area.height() * _SHARE)
        area.resizeDocks([dock], [wanted], Qt.Orientation.Vertical)

    def _on_visibility(self, _: bool) -> None:
        self._window.actions_table.refresh_checks()


def _content(dock: QDockWidget) -> QWidget:
    scroll = dock.widget()
    assert isinstance(scroll, QScrollArea)
    content = scroll.widget()
    assert content is not None
    return content


def _title_bar(dock: QDockWidget) -> QWidget:
    """Its name, and the button that puts it away; a drag takes it out of the window, a double-click puts it back."""
    bar = QWidget()
    name = QLabel(dock.windowTitle())
    font = name.font()
    font.setBold(True)
    name.setFont(font)
    close = QToolButton()
    close.setIcon(icon("close"))
    close.setIconSize(QSize(12, 12))
    close.setAutoRaise(True)
    close.setToolTip(f"Put “{dock.windowTitle()}” away")
    close.setAccessibleName(f"Close {dock.windowTitle()}")
    close.clicked.connect(dock.close)
    row = QHBoxLayout(bar)
    row.setContentsMargins(10, 3, 6, 1)
    row.addWidget(name, 1)
    row.addWidget(close)
    return bar
