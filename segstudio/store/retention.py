"""Letting go of the oldest of what edits replaced, once what it tells about who made what is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Select, delete, func, select

from segstudio.core.errors import Cancelled, EnvironmentFault, UserError
from segstudio.core.progress import CancelToken
from segstudio.store import origin_rows, schema
from segstudio.store.lane import WriterLane
from segstudio.store.origin_replay import Base
from segstudio.store.place import Place

T = TypeVar("T")
_PAGES_AT_ONCE = 8192


class Read(Protocol):
    """Runs a query on a connection that only reads, one consistent snapshot."""

    def __call__(self, query: Callable[[Connection], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class Retained:
    """A project's file as far as trimming needs it."""

    path: Place
    read: Read
    writer: WriterLane


@dataclass(frozen=True, slots=True)
class _Doomed:
    """What is to go of one layer: everything that its edits up to `edit_id` replaced, or `limit` at most."""

    owner: int
    layer: str
    edit_id: int
    limit: int | None


def trim(file: Retained, budget: int, *, cancel: CancelToken | None = None) -> int:
    """Drop the oldest of what edits replaced until at most `budget` bytes are kept; returns how many edits lost it.

    What leads back to a named version always stays, over the budget if need be. Reads on the calling thread and holds
    the writer's lane for one layer at a time, and each layer is done whole or not at all.
    """
    count = 0
    for doomed in file.read(partial(_plan, budget=budget)):
        if cancel is not None:
            cancel.raise_if_cancelled()
        before, base = file.read(partial(_folded, doomed=doomed, path=file.path))
        count += file.writer.run(partial(_let_go, doomed=doomed, before=before, base=base, path=file.path))
    if count:
        file.writer.run(_give_space_back)
    return count


class Trimming:
    """`trim` on a thread of its own, begun at once; where it fails, only space is lost."""

    def __init__(self, file: Retained, budget: int) -> None:
        self._cancel = CancelToken()
        self._thread = threading.Thread(target=self._run, args=(file, budget), name="store-trim", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Return once the thread has ended, after the layer that it is at."""
        self._cancel.cancel()
        self._thread.join()

    def _run(self, file: Retained, budget: int) -> None:
        with suppress(Cancelled, EnvironmentFault, UserError):
            trim(file, budget, cancel=self._cancel)


def _plan(connection: Connection, budget: int) -> list[_Doomed]:
    preimage, edit = schema.preimage, schema.edit
    newest_first = select(preimage.c.edit_id, func.length(preimage.c.packed)).order_by(preimage.c.edit_id.desc())
    total, last_kept = 0, None
    for edit_id, size in connection.execute(newest_first):
        total += size
        if total > budget:
            break
        last_kept = edit_id
    else:
        return []
    doomed = (
        select(edit.c.image_id, edit.c.layer, func.max(edit.c.id))
        .join(preimage, preimage.c.edit_id == edit.c.id)
        .where(edit.c.id.not_in(_on_the_way_to_versions_of_images()))
        .group_by(edit.c.image_id, edit.c.layer)
    )
    if last_kept is not None:
        doomed = doomed.where(edit.c.id < last_kept)
    oldest_version = connection.execute(select(func.min(schema.version.c.edit_id))).scalar()
    if oldest_version is not None:
        doomed = doomed.where(edit.c.id <= oldest_version)
    named = schema.image_version
    of_images = select(named.c.image_id, func.min(named.c.edit_id)).group_by(named.c.image_id)
    limits: dict[int, int] = {owner: edit_id for owner, edit_id in connection.execute(of_images)}
    found = []
    for owner, layer, edit_id in connection.execute(doomed):
        reasons = [one for one in (oldest_version, limits.get(owner)) if one is not None]
        found.append(_Doomed(owner, layer, edit_id, min(reasons, default=None)))
    return found


def _on_the_way_to_versions_of_images() -> Select[tuple[int]]:
    edit, version = schema.edit, schema.image_version
    return select(edit.c.id).join(version, (version.c.image_id == edit.c.image_id) & (edit.c.id > version.c.edit_id))


def _folded(connection: Connection, doomed: _Doomed, path: Place) -> tuple[int | None, Base]:
    """The edit that a layer's base stands after, and the base that holds once the doomed are gone."""
    before = origin_rows.read_base(connection, doomed.owner, doomed.layer, path)
    replay = origin_rows.replay_of(connection, doomed.owner, doomed.layer, path)
    upto = replay.place_to_fold(doomed.edit_id, limit=doomed.limit)
    return (None if before is None else before.edit_id), replay.fold(
        upto, origin_rows.object_ids(connection, doomed.owner, doomed.layer)
    )


def _let_go(connection: Connection, doomed: _Doomed, before: int | None, base: Base, path: Place) -> int:
    edit, preimage = schema.edit, schema.preimage
    current = origin_rows.read_base(connection, doomed.owner, doomed.layer, path)
    if (None if current is None else current.edit_id) != before:
        return 0  # the layer was replaced meanwhile, and its history with it
    old = (edit.c.image_id == doomed.owner) & (edit.c.layer == doomed.layer) & (edit.c.id <= base.edit_id)
    count = connection.execute(delete(preimage).where(preimage.c.edit_id.in_(select(edit.c.id).where(old)))).rowcount
    if base.edit_id > (before or 0):
        origin_rows.put_base(connection, doomed.owner, doomed.layer, base)
    return count


def _give_space_back(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":  # a server does it by itself
        return
    raw: Any = connection.connection.driver_connection
    (free,) = raw.execute("PRAGMA freelist_count").fetchone()
    for _ in range(min(free, _PAGES_AT_ONCE)):
        # The statement frees a page at each step, and sqlite3 takes one step of what returns no columns.
        raw.execute("PRAGMA incremental_vacuum(1)")
