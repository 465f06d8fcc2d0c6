"""Saving what can be read of a damaged project: sound rows go to a new file, the damaged one is kept beside it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.progress import Progress, no_progress
from segstudio.store import (
    history,
    image_rows,
    journal,
    layer_rows,
    layers,
    meta,
    migrations,
    opening,
    origin_rows,
    review_rows,
    run_rows,
    schema,
)
from segstudio.store.backups import put_in_place
from segstudio.store.connections import writer_engine
from segstudio.store.faults import storage_faults
from segstudio.store.lease import Lease, holder
from segstudio.store.seal import seal

_SEALED: Mapping[str, Sequence[str]] = {
    "meta": ("key", "value"),
    "image": image_rows.SEALED_COLUMNS,
    "run": run_rows.SEALED_COLUMNS,
    "layer": layers.SEALED_COLUMNS,
    **layer_rows.SEALED_COLUMNS,
    "edit": journal.SEALED_COLUMNS,
    "preimage": ("edit_id", "packed"),
    "version": history.VERSION_COLUMNS,
    "image_version": history.IMAGE_VERSION_COLUMNS,
    "image_score": ("image_id", "layer", "classes", "packed"),
    "review": review_rows.SEALED_COLUMNS,
    "origin_base": origin_rows.SEALED_COLUMNS,
}
_SPAN = 256
_UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""The second where the damage is in the text of the message itself, which quotes the file."""


@dataclass(frozen=True, slots=True)
class RepairReport:
    """How many rows were saved, what was lost in one line each, and where the damaged file is kept."""

    kept_rows: int
    lost: tuple[str, ...]
    damaged: Path


def repair_project(path: str | Path, *, progress: Progress = no_progress) -> RepairReport:
    """Copy every sound row into a new file and put it in the place of the old one, which is kept.

    Raises `UserError` for what is no project, for one without readable classes, and while another program has it open.
    """
    path = Path(path).absolute()
    opening.require_project(path)
    lease = Lease.acquire(path)
    if lease is None:
        raise UserError(f"{path}: opened by {holder(path)}", hint="close it there first")
    fresh = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        kept_rows, lost = _rescue(path, fresh, progress)
        damaged = put_in_place(fresh, path, "damaged")
        assert damaged is not None
        return RepairReport(kept_rows, tuple(lost), damaged)
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        fresh.unlink(missing_ok=True)
        lease.release()


def _rescue(path: Path, fresh: Path, progress: Progress) -> tuple[int, list[str]]:
    engine = writer_engine(fresh, create=True)
    kept_rows = 0
    lost: list[str] = []
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source, storage_faults(fresh):
            source.row_factory = sqlite3.Row
            with engine.begin() as connection:
                migrations.create(connection)
                # Facts and sums are found anew from the layers, and nobody's lease outlives the file.
                left_out = (schema.image_facts, schema.origin_sum, schema.image_lease)
                ordered = [table for table in schema.tables.sorted_tables if table not in left_out]
                for done, table in enumerate(ordered):
                    progress(done, len(ordered), table.name)
                    kept_rows += _copy_table(source, connection, table, lost)
                if meta.get(connection, "class_set", path) is None:
                    raise UserError(f"{path}: its classes cannot be read", hint="restore a backup instead")
                _recount(connection, lost)
    finally:
        engine.dispose()
    return kept_rows, lost


def _copy_table(source: sqlite3.Connection, connection: Connection, table: Table, lost: list[str]) -> int:
    owners = {key.parent: key.column for key in table.foreign_keys}
    present = {column: set(connection.execute(select(target)).scalars()) for column, target in owners.items()}
    names = [column.name for column in table.columns]
    rows = []
    for row in _readable_rows(source, table.name, lost):
        values = {name: row[name] for name in names}
        if values["seal"] != seal(table.name, *(values[name] for name in _SEALED[table.name])):
            lost.append(f"{table.name} {_described(values)}: damaged")
        elif all(values[column.name] in known for column, known in present.items()):
            rows.append(values)
    if rows:
        connection.execute(insert(table), rows)
    return len(rows)


def _readable_rows(source: sqlite3.Connection, table: str, lost: list[str]) -> Iterator[sqlite3.Row]:
    """Every row that SQLite can still reach, in spans of row numbers that are halved where one cannot be read."""
    try:
        low, high = source.execute(f'SELECT min(rowid), max(rowid) FROM "{table}"').fetchone()
    except _UNREADABLE as error:
        lost.append(f"{table}: cannot be read at all: {error}")
        return
    spans = [(first, first + _SPAN) for first in range(low, high + 1, _SPAN)] if low is not None else []
    while spans:
        first, end = spans.pop(0)
        try:
            query = f'SELECT * FROM "{table}" WHERE rowid >= ? AND rowid < ? ORDER BY rowid'
            found = source.execute(query, (first, end)).fetchall()
        except _UNREADABLE as error:
            if end - first == 1:
                lost.append(f"{table} row {first}: {error}")
            else:
                middle = (first + end) // 2
                spans[:0] = [(first, middle), (middle, end)]
            continue
        yield from found


def _recount(connection: Connection, lost: list[str]) -> None:
    """Take what was saved as all that there is, and tell which layers and lists have become smaller."""
    told = meta.get(connection, "images", Path())
    image_rows.recount(connection)
    counted = meta.get(connection, "images", Path())
    if told is not None and told != counted:
        lost.append(f"{max(0, told[0] - counted[0])} image rows are gone")
    table = schema.layer
    names = select(table.c.id, table.c.name, table.c.digest, schema.image.c.key).join(
        schema.image, schema.image.c.id == table.c.image_id
    )
    for row in connection.execute(names).all():
        digest = 0
        for part in layer_rows.PARTS:
            for one in connection.execute(select(part.c.seal).where(part.c.layer_id == row.id)).scalars():
                digest ^= one
        if digest != row.digest:
            lost.append(f"a part of layer “{row.name}” of image {row.key!r}")
            connection.execute(update(table).where(table.c.id == row.id).values(digest=digest))
    meta.put(connection, "open", False)


def _described(values: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in values.items() if name in ("key", "name", "id", "layer_id", "ty", "tx")}
    return " ".join(f"{name}={str(value)[:40]!r}" for name, value in shown.items())
