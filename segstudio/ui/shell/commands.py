"""Every action of the window by its id: menus, keys, the palette and tests all run the same thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.language import say

_GOES_ON = frozenset(
    (
        *("edit.undo", "edit.redo", "image.next", "image.previous", "tool.smaller", "tool.larger"),
        *("view.zoom_in", "view.zoom_out", "object.forward", "object.back", "object.grow", "object.shrink"),
    )
)
"""Commands that a held key repeats. All others run once: a toggle would flicker, a run would be asked for again."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a person can do: an id ("edit.undo"), the words for it, its keys, and the call."""

    id: str
    title: str
    run: Callable[[], object]
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False
    tip: str = ""

    @property
    def words(self) -> str:
        """The title without the marks of menus."""
        return self.title.replace("&", "").rstrip("…")


class Later:
    """A call of a function whose module loads when it is needed, so that dialogs cost nothing at the start."""

    def __init__(self, module: str, name: str, *arguments: object) -> None:
        self._module, self._name, self._arguments = module, name, arguments

    def resolve(self) -> Callable[..., object]:
        """The function itself; raises `AttributeError` where there is none."""
        function: Callable[..., object] = getattr(import_module(self._module), self._name)
        return function

    def __call__(self) -> object:
        return self.resolve()(*self._arguments)


class Commands(QObject):
    """The commands of one window.

    Keys of a single letter or digit do nothing while a text field has the focus: Qt's text fields claim them first.
    `keys_changed` is emitted when other keys are in use; `all` gives the commands with the keys of now.
    """

    keys_changed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._own_keys: dict[str, tuple[str, ...]] = {}

    def add(self, command: Command) -> QAction:
        """Register a command; raises `ValueError` for an id or a key that is taken."""
        if command.id in self._commands:
            raise ValueError(f"there are two commands {command.id!r}")
        taken = {key: other.id for other in self._commands.values() for key in other.keys}
        for key in command.keys:
            if key in taken:
                raise ValueError(f"{key} is the key of {taken[key]!r} and of {command.id!r}")
        command = replace(command, title=say(command.title), tip=say(command.tip))
        action = QAction(command.title, self._window)
        action.setObjectName(command.id)
        action.setCheckable(command.checkable)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setAutoRepeat(command.id in _GOES_ON)
        if command.icon:
            action.setIcon(icon(command.icon))
        action.triggered.connect(_Runner(command, action).run)
        self._window.addAction(action)
        self._actions[command.id] = action
        self._own_keys[command.id] = command.keys
        self._give(command)
        return action

    @property
    def own_keys(self) -> dict[str, tuple[str, ...]]:
        """The keys that the commands came with."""
        return dict(self._own_keys)

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The keys in use."""
        return {name: command.keys for name, command in self._commands.items()}

    def use_keys(self, keymap: Mapping[str, tuple[str, ...]]) -> None:
        """Use other keys from now on; commands that are not named keep theirs."""
        changed = [c for c in self._commands.values() if keymap.get(c.id, c.keys) != c.keys]
        for command in changed:
            self._give(replace(command, keys=keymap[command.id]))
        if changed:
            self.keys_changed.emit()

    def _give(self, command: Command) -> None:
        action = self._actions[command.id]
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        keys = f" ({', '.join(command.keys)})" if command.keys else ""
        action.setToolTip(f"{command.tip or command.words}{keys}")
        self._commands[command.id] = command

    def run(self, command_id: str) -> None:
        """Do what the menu entry would do, nothing where it is disabled; raises `KeyError` for an unknown id."""
        action = self._actions[command_id]
        if action.isEnabled():
            action.trigger()

    def action(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def all(self) -> list[Command]:
        """In the order in which they were added."""
        return list(self._commands.values())

    def ids(self) -> list[str]:
        return list(self._commands)


class _Runner(QObject):
    """Calls a command when its action is triggered; a child of the action, so both go together."""

    def __init__(self, command: Command, action: QAction) -> None:
        super().__init__(action)
        self._run = command.run

    def run(self, checked: bool = False) -> None:
        self._run()
