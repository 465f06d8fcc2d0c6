"""The page of keys: find a command, press its new key, see who has that key already, go back to a preset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.settings import load_settings
from segstudio.settings.keymap import Keymap, conflicts, differences, normal, to_texts, with_preset
from segstudio.settings.presets import PRESETS, TITLES
from segstudio.ui.shell.palette import matches
from segstudio.ui.shell.preferences import change

if TYPE_CHECKING:
    from segstudio.ui.shell.commands import Command
    from segstudio.ui.shell.main_window import MainWindow

HELD = {
    "space": "held, it moves the picture",
    "esc": "it drops what is being drawn",
    "return": "it finishes what is being drawn",
    "enter": "it finishes what is being drawn",
    "tab": "it goes from one control or object to the next",
    "shift+tab": "it goes from one control or object to the one before",
    **{key: "it moves the cursor or what is selected" for key in ("left", "right", "up", "down", "ins")},
}
"""Keys that the canvas itself listens to; no command can have them."""
_MODIFIERS = (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


class KeyField(QLineEdit):
    """Shows and tells the key that is pressed in it, whatever that key does elsewhere; Tab still leaves it."""

    pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__(placeholderText="press a key")
        self.setReadOnly(True)
        self.setAccessibleName("New key: press it here")

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() in _MODIFIERS or event.isAutoRepeat():
            return
        combination = event.keyCombination()
        kept = combination.keyboardModifiers() & ~Qt.KeyboardModifier.KeypadModifier
        sequence = QKeySequence(kept.value | combination.key().value)
        text = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        self.setText(text)
        self.pressed.emit(text)


class ShortcutEditor(QWidget):
    """Each change that meets no conflict holds at once and is kept; one that does waits for the person's word."""

    def __init__(self, window: MainWindow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._window = window
        self._pending = ""
        self._rows: dict[str, int] = {}
        self._cells: list[tuple[QTableWidgetItem, QTableWidgetItem]] = []
        self.preset = QComboBox()
        for name, title in TITLES.items():
            self.preset.addItem(title, name)
        self.preset.setAccessibleName("Keys of")
        self.preset.activated.connect(self._on_preset)
        self.search = QLineEdit(placeholderText="Find a command or a key", clearButtonEnabled=True)
        self.search.setAccessibleName("Find a command or a key")
        self.search.textChanged.connect(self._filter)
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName("Commands and their keys")
        self.table.setHorizontalHeaderLabels(["Command", "Keys"])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.table.itemSelectionChanged.connect(self._on_selected)
        self.table.itemActivated.connect(self._begin)
        self.field = KeyField()
        self.field.pressed.connect(self._on_pressed)
        self.chosen = QLabel()
        self.problem = QLabel()
        self.problem.setProperty("role", "bad")
        self.problem.setWordWrap(True)
        self.take = self._button("Take it", "Take the key from the command that has it", self._take)
        self.clear = self._button("No key", "Leave the command without a key", self._clear)
        self.reset = self._button("Reset", "Give the command the preset's keys again", self._reset)
        self.reset_all = self._button("Reset all", "Give all commands the preset's keys again", self._reset_all)
        self._lay_out()
        self._fill()

    @property
    def command(self) -> Command | None:
        """The command that is chosen in the table."""
        item = self.table.item(self.table.currentRow(), 0)
        name = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        return next((c for c in self._window.commands.all() if c.id == name), None)

    def choose(self, command_id: str) -> None:
        """Choose a command by its id."""
        self.table.setCurrentCell(self._rows[command_id], 0)

    def _button(self, text: str, tip: str, call: object) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(call)
        return button

    def _lay_out(self) -> None:
        top, middle, bottom = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        top.addWidget(QLabel("Keys of"))
        top.addWidget(self.preset)
        top.addWidget(self.search, 1)
        top.addWidget(self.reset_all)
        self.field.setFixedWidth(150)
        middle.addWidget(self.chosen, 1)
        for widget in (self.field, self.clear, self.reset):
            middle.addWidget(widget)
        bottom.addWidget(self.problem, 1)
        bottom.addWidget(self.take)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addLayout(middle)
        layout.addLayout(bottom)
        self.problem.setMinimumHeight(self.take.sizeHint().height())

    # ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _fill(self) -> None:
        commands = self._window.commands.all()
        self.table.setRowCount(len(commands))
        for row, command in enumerate(commands):
            group = command.id.partition(".")[0].capitalize()
            title, keys = QTableWidgetItem(f"{group}: {command.words}"), QTableWidgetItem()
            title.setData(Qt.ItemDataRole.UserRole, command.id)
            self.table.setItem(row, 0, title)
            self.table.setItem(row, 1, keys)
            self._rows[command.id] = row
            self._cells.append((title, keys))
        self._refresh()
        self.table.setCurrentCell(0, 0)

    def _refresh(self) -> None:
        base = self._preset_keys()
        for command in self._window.commands.all():
            item = self._cells[self._rows[command.id]][1]
            item.setText(", ".join(command.keys))
            font = item.font()
            font.setBold(command.keys != base[command.id])
            item.setFont(font)
            item.setToolTip("changed" if font.bold() else "")
        self.preset.setCurrentIndex(list(TITLES).index(load_settings().shortcuts))
        self._on_selected()

    def _filter(self, text: str) -> None:
        wanted = text.strip().casefold()
        for row, (title, keys) in enumerate(self._cells):
            found = matches(text, title.text()) or wanted in keys.text().casefold().split(", ")
            self.table.setRowHidden(row, not found)

    def _on_selected(self) -> None:
        command = self.command
        self._pending = ""
        self.field.clear()
        self._say("")
        self.chosen.setText(f"{command.words}: press a new key →" if command is not None else "")
        self.reset.setEnabled(command is not None and command.keys != self._preset_keys()[command.id])
        self.clear.setEnabled(command is not None and bool(command.keys))

    def _begin(self, *_: object) -> None:
        self.field.setFocus()

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _on_pressed(self, key: str) -> None:
        command = self.command
        if command is None:
            return
        self._pending = ""
        if normal(key) in HELD:
            self._say(f"{key} cannot be given to a command: {HELD[normal(key)]}.")
            return
        wanted = {**self._window.commands.keys, command.id: (key,)}
        others = [name for name in conflicts(wanted).get(_met(wanted, key), []) if name != command.id]
        if others:
            titles = ", ".join(c.words for c in self._window.commands.all() if c.id in others)
            self._pending = key
            self._say(f"{key} is the key of “{titles}”.", offers=True)
        else:
            self._use(wanted)

    def _take(self) -> None:
        command, key = self.command, self._pending
        if command is None or not key:
            return
        rest = {
            name: tuple(k for k in keys if normal(k) != normal(key))
            for name, keys in self._window.commands.keys.items()
        }
        self._use({**rest, command.id: (key,)})

    def _clear(self) -> None:
        command = self.command
        if command is not None:
            self._use({**self._window.commands.keys, command.id: ()})

    def _reset(self) -> None:
        """The preset's keys, and away with them where they are now."""
        command = self.command
        if command is None:
            return
        own = self._preset_keys()[command.id]
        taken = {normal(key) for key in own}
        rest = {n: tuple(k for k in keys if normal(k) not in taken) for n, keys in self._window.commands.keys.items()}
        self._use({**rest, command.id: own})

    def _reset_all(self) -> None:
        change(self._window, keys=())
        self._refresh()

    def _on_preset(self, index: int) -> None:
        change(self._window, shortcuts=self.preset.itemData(index), keys=())
        self._refresh()

    def _use(self, keymap: Keymap) -> None:
        change(self._window, keys=to_texts(differences(keymap, self._preset_keys())))
        self._refresh()

    def _preset_keys(self) -> Keymap:
        preset = load_settings().shortcuts
        return with_preset(self._window.commands.own_keys, preset if preset in PRESETS else "segstudio")

    def _say(self, text: str, *, offers: bool = False) -> None:
        self.problem.setText(text)
        self.problem.setAccessibleName(text)
        self.take.setVisible(offers)


def _met(keymap: Keymap, key: str) -> str:
    """The spelling under which `conflicts` lists the key."""
    return next(k for keys in keymap.values() for k in keys if normal(k) == normal(key))
