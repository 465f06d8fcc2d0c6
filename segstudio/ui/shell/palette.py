"""The command palette: type a few letters of what you want, Enter does it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from segstudio.ui.shell.commands import Command, Commands
from segstudio.ui.shell.language import say


def matches(query: str, title: str) -> bool:
    """Whether the letters of every word of `query` stand in `title`, in order."""
    text = title.casefold()
    for word in query.casefold().split():
        position = -1
        for letter in word:
            position = text.find(letter, position + 1)
            if position < 0:
                return False
    return True


def rank(query: str, title: str) -> tuple[bool, int]:
    """Smaller is better: titles with a word that begins as `query` does, then those that hold it, then the others."""
    text, wanted = title.casefold(), query.casefold().strip()
    begins = any(word.startswith(wanted) for word in text.replace(":", " ").split())
    at = text.find(wanted)
    return not begins, at if at >= 0 else len(text)


class CommandPalette(QDialog):
    """A list of all enabled commands with their keys, filtered while typing."""

    def __init__(self, commands: Commands, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._commands = commands
        self.edit = QLineEdit(placeholderText=say("What do you want to do?"))
        self.edit.setAccessibleName("Search commands")
        self.edit.textChanged.connect(self._fill)
        self.edit.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.itemActivated.connect(self._run)
        self.list.itemClicked.connect(self._run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.edit)
        layout.addWidget(self.list)
        self.resize(460, 360)
        corner = parent.mapToGlobal(parent.rect().topLeft())
        self.move(corner.x() + (parent.width() - self.width()) // 2, corner.y() + 80)
        self._fill("")
        self.edit.setFocus()

    def _fill(self, query: str) -> None:
        self.list.clear()
        found = [
            command
            for command in self._commands.all()
            if self._commands.action(command.id).isEnabled() and _is_meant(query, command)
        ]
        if query.strip():
            found.sort(key=lambda command: rank(query, _title(command)))
        for command in found:
            keys = f"    {', '.join(command.keys)}" if command.keys else ""
            row = QListWidgetItem(f"{_title(command)}{keys}")
            row.setData(Qt.ItemDataRole.UserRole, command.id)
            self.list.addItem(row)
        self.list.setCurrentRow(0)

    def _run(self, row: QListWidgetItem | None) -> None:
        if row is not None:
            name = row.data(Qt.ItemDataRole.UserRole)
            self.close()
            self._commands.run(name)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Arrows move in the list and Enter runs, while the text field keeps the focus."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
            if step:
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)


def _is_meant(query: str, command: Command) -> bool:
    """By its words, or by its id, which is the same in every language."""
    return matches(query, _title(command)) or (bool(query.strip()) and query.strip().casefold() in command.id)


def _title(command: Command) -> str:
    group = say(command.id.partition(".")[0].capitalize())
    return f"{group}: {command.words}"
