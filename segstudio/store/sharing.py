"""Moving a whole project between a file and a team's database, row by row, seals and all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select, text

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.progress import Progress, no_progress
from segstudio.store import meta, migrations, opening, schema, server, team_opening
from segstudio.store.connections import reader_engine, writer_engine
from segstudio.store.faults import storage_faults
from segstudio.store.place import TeamAddress

_ROWS_AT_ONCE = 500
_OF_ONE_PLACE = ("open", "folder", server.SCHEMA_KEY)
"""Facts about the file or the database itself, which do not move along."""


def share(source: Path, address: TeamAddress, *, progress: Progress = no_progress) -> int:
    """Make a team's project of a file, which stays as it is; returns how many rows were written.

    All or nothing. Raises `UserError` where the address has a project already.
    """
    if opening.require_project(source) < migrations.VERSION:
        raise UserError(f"{source}: an older project must be opened for writing once, to be brought up to date")
    files = reader_engine(source)
    try:
        with storage_faults(source), files.connect() as origin:
            name, class_set, folders = opening.read_facts(origin, source)
            fact = meta.get(origin, "dataset_source", source)
            place = None if fact is None else opening.dataset_source(fact, folders.project)
            team_opening.make(address, class_set=class_set, name=name, dataset_source=place)
            engine = server.writer_engine(address)
            try:
                with storage_faults(address), engine.begin() as target:
                    count = _copy_all(origin, target, progress)
                    meta.put(target, "folder", str(folders.project))  # pictures beside the file stay where they are
                    _continue_numbers(target)
            except BaseException:
                server.drop(address)
                raise
            finally:
                engine.dispose()
    finally:
        files.dispose()
    return count


def save_as_file(address: TeamAddress, target: Path, *, progress: Progress = no_progress) -> int:
    """Write a team's project, as it is now, to a file; returns how many rows were written."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    servers = server.reader_engine(address)
    try:
        files = writer_engine(unfinished, create=True)
        with storage_faults(address), servers.connect() as origin, storage_faults(target), files.begin() as connection:
            server.require_newest(address, server.version_of(origin, address))
            migrations.create(connection)
            count = _copy_all(origin, connection, progress)
            meta.put(connection, "open", False)
            if folder := meta.get(origin, "folder", address):
                meta.put(connection, "folder", folder)
        files.dispose()
        with unfinished.open("rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(unfinished, target)
    except OSError as error:
        raise EnvironmentFault(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        servers.dispose()
        unfinished.unlink(missing_ok=True)
    return count


def _copy_all(origin: Connection, target: Connection, progress: Progress) -> int:
    count = 0
    moving = [table for table in schema.tables.sorted_tables if table is not schema.image_lease]
    for done, table in enumerate(moving):
        progress(done, len(moving), f"copying {table.name}")
        for rows in _portions(origin, table):
            if table is schema.meta:
                rows = [row for row in rows if row["key"] not in _OF_ONE_PLACE]
                for row in rows:
                    target.execute(schema.meta.delete().where(schema.meta.c.key == row["key"]))
            if rows:
                target.execute(insert(table), rows)
            count += len(rows)
    return count


def _portions(origin: Connection, table: Table) -> Iterator[list[dict[str, object]]]:
    found = origin.execution_options(stream_results=True).execute(select(table).order_by(*table.primary_key.columns))
    for part in found.mappings().partitions(_ROWS_AT_ONCE):
        yield [dict(row) for row in part]


def _continue_numbers(target: Connection) -> None:
    """New rows get numbers after those that came along."""
    for table in schema.tables.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            newest = target.execute(select(func.max(column))).scalar()
            if newest is not None:
                values = {"t": f'"{table.name}"', "c": column.name, "n": newest}
                target.execute(text("SELECT setval(pg_get_serial_sequence(:t, :c), :n)"), values)
