"""Locking, hiding, isolating, naming and ordering objects: commands for the keys, the menu and the panel's buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.session.edits import object_facts
from segstudio.session.edits.object_view import is_pickable
from segstudio.ui.shell.commands import Command
from segstudio.ui.shell.region_commands import RegionCommands

if TYPE_CHECKING:
    from segstudio.session.document import Document
    from segstudio.ui.shell.main_window import MainWindow

BUTTONS = ("object.isolate", "object.hide", "object.lock", "object.to_front", "object.to_back")
"""Commands that stand over the list of objects."""


class ObjectStateCommands:
    """All of them work on the selection."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session

    def rows(self) -> list[Command]:
        """The rows of the window's table."""

        def row(name: str, title: str, call: Callable[[], object], key: str, icon: str = "") -> Command:
            keys = (key,) if key else ()
            return Command(f"object.{name}", title, lambda: self._try(call), keys, icon, name == "isolate")

        return [
            row("lock", "&Lock, or unlock", self._lock, "Ctrl+Shift+L", "lock"),
            row("unlock_all", "&Unlock all", self._unlock_all, "Ctrl+Alt+L"),
            row("hide", "Hi&de", self._hide, "Ctrl+Shift+H", "eye-off"),
            row("isolate", "Show n&othing else", self._isolate, "Ctrl+Shift+I", "isolate"),
            row("show_all", "Sho&w all again", self._session.object_view.show_all, "Ctrl+Alt+H"),
            row("to_front", "Bring to the f&ront", self._to_front, "Ctrl+Shift+]", "to-front"),
            row("to_back", "Send to the bac&k", self._to_back, "Ctrl+Shift+[", "to-back"),
            row("crowd", "Cro&wd, or not", self._crowd, ""),
            row("rename", "Re&name…", self._rename, "F2"),
            row("select_all", "Select &all", self._select_all, "Ctrl+A"),
        ]

    def checks(self) -> dict[str, bool]:
        return {"object.isolate": bool(self._session.view.now.isolated_objects)}

    def _selected(self) -> tuple[Document, frozenset[int]]:
        document, view = self._session.document, self._session.view.now
        if document is None:
            raise UserError("no image is open")
        ids = frozenset(key for key in view.selection if key in document.labels.objects)
        if not ids:
            raise UserError("nothing is selected", hint="select objects in the list, or with the select tool (V)")
        return document, ids

    def _lock(self) -> None:
        document, ids = self._selected()
        items = [document.labels.objects.get(key) for key in ids]
        object_facts.lock(document, ids, not all(item is not None and item.locked for item in items))

    def _unlock_all(self) -> None:
        document = self._session.document
        if document is not None:
            object_facts.lock(document, [item.id for item in document.labels.objects], False)

    def _hide(self) -> None:
        self._session.object_view.hide(self._selected()[1])

    def _isolate(self) -> None:
        if self._session.view.now.isolated_objects:
            self._session.object_view.isolate(())
        else:
            self._session.object_view.isolate(self._selected()[1])

    def _to_front(self) -> None:
        object_facts.bring_to_front(*self._selected())

    def _to_back(self) -> None:
        object_facts.send_to_back(*self._selected())

    def _crowd(self) -> None:
        document, ids = self._selected()
        items = [document.labels.objects.get(key) for key in ids]
        object_facts.set_crowd(document, ids, not all(item is not None and item.is_crowd for item in items))

    def _rename(self) -> None:
        self._selected()
        self._window.show_panel(self._window.objects)
        self._window.objects.rename()

    def _select_all(self) -> None:
        document, view = self._session.document, self._session.view
        if view.now.mode == "semantic":
            RegionCommands(self._window).select_all()
        elif document is not None:
            chosen = frozenset(item.id for item in document.labels.objects if is_pickable(view.now, item))
            view.set(selection=chosen)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except UserError as error:
            self._session.notify.fault(error)
        self._window.actions_table.refresh_checks()
