"""Every action of the window by its id: menus, keys, the palette and tests all run the same thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from segstudio.ui.shell.icons import icon


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
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}

    def add(self, command: Command) -> QAction:
        """Register a command; raises `ValueError` for an id or a key that is taken."""
        if command.id in self._commands:
            raise ValueError(f"there are two commands {command.id!r}")
        taken = {key: other.id for other in self._commands.values() for key in other.keys}
        for key in command.keys:
            if key in taken:
                raise ValueError(f"{key} is the key of {taken[key]!r} and of {command.id!r}")
        action = QAction(command.title, self._window)
        action.setObjectName(command.id)
        action.setCheckable(command.checkable)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if command.icon:
            action.setIcon(icon(command.icon))
        keys = f" ({', '.join(command.keys)})" if command.keys else ""
        action.setToolTip(f"{command.tip or command.title.replace('&', '').rstrip('…')}{keys}")
        action.triggered.connect(_Runner(command, action).run)
        self._window.addAction(action)
        self._commands[command.id] = command
        self._actions[command.id] = action
        return action

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
