"""Edits on their way into the file: one durable before the next begins, none forgotten where the disk refuses."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

from sqlalchemy import Connection

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import EditConflict, EnvironmentFault, UserError
from segstudio.core.layer import Layer
from segstudio.core.segments import Segment
from segstudio.core.transaction import Edit
from segstudio.store import changes, journal, layers
from segstudio.store.changes import Change
from segstudio.store.image_facts import ImageFacts
from segstudio.store.image_leases import Leases
from segstudio.store.lane import WriterLane
from segstudio.store.place import Place
from segstudio.store.records import Receipt

Segments = dict[int, Segment]
Read = Callable[[Callable[[Connection], Segments | None]], Segments | None]
_REMEMBERED_LAYERS = 64


class EditQueue:
    """Captures edits on the calling thread and writes them on the lane.

    An edit that could not be written is owed: it stays in memory and goes into the file with the next one, in order
    and in one transaction. Safe from any thread.
    """

    def __init__(self, place: Place, lane: WriterLane, read: Read, *, leases: Leases | None = None) -> None:
        """`leases` are a team's, without which an edit gets in."""
        self._place = place
        self._leases = leases
        self._lane = lane
        self._read = read
        self._guard = threading.RLock()
        self._pending: tuple[Receipt, int] | None = None
        self._owed: list[Change] = []
        self._conflicts: dict[str, EditConflict] = {}
        self._stored: OrderedDict[tuple[str, str], tuple[tuple[int, int], Segments]] = OrderedDict()

    def record(
        self,
        key: str,
        layer: Layer,
        edit: Edit,
        *,
        is_undo: bool,
        class_set: ClassSet | None,
        facts: ImageFacts | None = None,
        classes_before: ClassSet | None = None,
    ) -> Receipt:
        """Take an edit; see `Project.record`."""
        with self._guard:
            retrying = not self._settle()
            self._raise_conflict(key)
            change = self._capture(key, layer, edit, is_undo, class_set)
            if self._leases is not None:
                change = replace(change, token=uuid4().hex, classes_before=classes_before)
            self._owed.append(replace(change, facts=facts))
            receipt = self._write_owed()
            if retrying:
                receipt.wait()
            return receipt

    def settle(self) -> None:
        """Return once every edit is durable. Raises `EnvironmentFault` where the machine refuses; edits stay owed."""
        with self._guard:
            while not self._settle():
                receipt = self._write_owed()
                with suppress(EditConflict):  # found again, and kept for who edits, when it is settled
                    receipt.wait()

    def raise_conflicts(self) -> None:
        """Raise the first `EditConflict` that nobody was told of."""
        with self._guard:
            self._raise_conflict(next(iter(self._conflicts), ""))

    def _raise_conflict(self, key: str) -> None:
        conflict = self._conflicts.pop(key, None)
        if conflict is not None:
            raise conflict

    def replace_layer(self, key: str, layer_name: str, write: Callable[[Connection], None]) -> Future[None]:
        """Queue the writing of a whole layer after every edit so far, and forget what was known of it."""
        with self._guard:
            self.settle()
            self._stored.pop((key, layer_name), None)
            return self._lane.submit(write)

    def _settle(self) -> bool:
        """Wait for the write under way; whether nothing is owed afterwards."""
        if self._pending is not None:
            receipt, count = self._pending
            try:
                receipt.wait()
                del self._owed[:count]
            except EditConflict as conflict:
                # Nobody may write these any more, and what follows them rests on them.
                self._owed = [change for change in self._owed if change.key != conflict.key]
                self._forget(conflict.key)
                self._conflicts[conflict.key] = conflict
            except EnvironmentFault:
                pass  # still owed: written again with the next edit, which reports it
            finally:
                self._pending = None
        return not self._owed

    def _write_owed(self) -> Receipt:
        batch = tuple(self._owed)

        def write(connection: Connection) -> None:
            for change in batch:
                self._write(connection, change)

        receipt = Receipt(self._lane.submit(write))
        self._pending = receipt, len(batch)
        return receipt

    def _write(self, connection: Connection, change: Change) -> None:
        if self._leases is None:
            changes.write(connection, change, self._place)
            return
        owner = layers.image_id(connection, change.key, self._place)
        assert change.token is not None
        if self._leases.admit(connection, owner, change.key, change.token):
            try:
                changes.write(connection, change, self._place)
            except UserError as error:
                raise EditConflict(error.message, key=change.key) from None
        self._leases.saw(connection, owner)

    def forget(self, key: str) -> None:
        """What was known of an image may no longer hold: it is asked for again."""
        with self._guard:
            self._forget(key)

    def _forget(self, key: str) -> None:
        for place in [place for place in self._stored if place[0] == key]:
            del self._stored[place]

    def _capture(self, key: str, layer: Layer, edit: Edit, is_undo: bool, class_set: ClassSet | None) -> Change:
        known = self._stored_segments(key, layer)
        change = changes.capture(
            key, layer, edit, stored_segments=known, is_undo=is_undo, when=journal.now(), class_set=class_set
        )
        if known is None:
            known = {segment.id: segment for segment in layer.segments}
            self._remember(key, layer, known)
        for segment_id, segment in change.segments.items():
            if segment is None:
                known.pop(segment_id, None)
            else:
                known[segment_id] = segment
        return change

    def _stored_segments(self, key: str, layer: Layer) -> Segments | None:
        """The segments that the file has (or is about to have) of a layer; None where it must be written in full."""
        place = key, layer.name
        if place in self._stored:
            self._stored.move_to_end(place)
            size_hw, segments = self._stored[place]
            return segments if size_hw == layer.size_hw else None

        def query(connection: Connection) -> Segments | None:
            layers.image_id(connection, key, self._place)
            row = layers.find(connection, key, layer.name)
            if row is None or (row.height, row.width) != layer.size_hw:
                return None
            return layers.segments_of(connection, row.id)

        try:
            found = self._read(query)
        except EnvironmentFault:
            return None  # the edit must not be lost because the disk does not answer: the whole layer is always right
        if found is not None:
            self._remember(key, layer, found)
        return found

    def _remember(self, key: str, layer: Layer, segments: Segments) -> None:
        self._stored[key, layer.name] = layer.size_hw, segments
        while len(self._stored) > _REMEMBERED_LAYERS:
            self._stored.popitem(last=False)
