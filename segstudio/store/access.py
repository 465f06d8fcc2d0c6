"""An open project as a place to read from and write to, whichever database it lies in; `project.py` is what for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import EditConflict, EnvironmentFault, UserError
from segstudio.store import opening, team_opening
from segstudio.store.edit_queue import EditQueue
from segstudio.store.faults import storage_faults
from segstudio.store.image_rows import Roots
from segstudio.store.intake import Intake
from segstudio.store.lane import WriterLane
from segstudio.store.opening import Opened
from segstudio.store.people import People
from segstudio.store.place import Place, TeamAddress

T = TypeVar("T")


class Access:
    """Reads on any thread, writes one after another on a thread of its own, closes without leaving anything behind."""

    def __init__(self, place: Place, opened: Opened) -> None:
        self.path = place
        self.notes = opened.notes
        self._opened = opened
        self._lane = opened.lane
        self._reader = opened.reader
        self._closing = threading.Lock()
        self._is_closed = False
        self._edits = None if self._lane is None else EditQueue(place, self._lane, self._read, leases=opened.leases)
        try:
            self.name, self._class_set, self._folders = self._read(self._read_facts)
        except BaseException:
            self._reader.dispose()
            raise
        self.intake = Intake(place, read=self._read, writer=lambda: self._writer)
        self.people = People(place, read=self._read, writer=lambda: self._writer, leases=opened.leases)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed; `notes` says why."""
        return self._lane is None

    @property
    def folder(self) -> Path:
        """Where relative places start from: the file's folder."""
        return self._folders.project

    def flush(self) -> None:
        """Return once every edit is durable. Raises `EnvironmentFault` where the machine refuses; edits are kept.

        Raises `EditConflict`, once, where edits of an image cannot be kept because of somebody else's.
        """
        self._settle()
        if self._edits is not None:
            self._edits.raise_conflicts()

    def close(self, *, discard: bool = False) -> None:
        """Write what is left and let the file go; a second call does nothing.

        Raises `EnvironmentFault` and stays open where the last edits cannot be written, unless `discard` gives them
        up.
        """
        with self._closing:
            if self._is_closed:
                return
            if self._lane is not None:
                try:
                    self.flush()
                except (EnvironmentFault, EditConflict):
                    if not discard:
                        raise
                self._lane = self._edits = None
            self._is_closed = True
            if isinstance(self.path, TeamAddress):
                team_opening.leave(self._opened)
                self._reader.dispose()
            else:
                opening.leave(self._opened, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(discard=error is not None)

    @property
    def _writer(self) -> WriterLane:
        if self._lane is None:
            raise self._refusal()
        return self._lane

    @property
    def _queue(self) -> EditQueue:
        if self._edits is None:
            raise self._refusal()
        return self._edits

    def _refusal(self) -> UserError:
        if self._is_closed:
            return UserError(f"{self.path}: the project was closed")
        reason = f": {self.notes[0]}" if self.notes else ""
        return UserError(f"{self.path}: opened read-only{reason}")

    def _read(self, query: Callable[[Connection], T]) -> T:
        if self._is_closed:
            raise self._refusal()
        with storage_faults(self.path), self._reader.connect() as connection:
            return query(connection)

    def _read_facts(self, connection: Connection) -> tuple[str, ClassSet, Roots]:
        return opening.read_facts(connection, self.path)

    def _settle(self) -> None:
        if self._edits is not None:
            self._edits.settle()
