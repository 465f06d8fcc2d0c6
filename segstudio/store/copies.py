"""Whole copies of a project file through SQLite's backup, made beside the target, checked, then put in its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from segstudio.core.errors import EnvironmentFault
from segstudio.store import meta
from segstudio.store.connections import sweep_log, writer_engine
from segstudio.store.faults import storage_faults


def copy_file(source: Path, target: Path, *, folder: Path) -> None:
    """Copy a project, open or not, to `target`, replacing it only once the copy was read back and found sound.

    The copy stands on its own: nobody writes it, and relative pictures start from `folder`. Raises
    `EnvironmentFault` where the disk is full or the copy does not check; the old target stays then.
    """
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        with storage_faults(source), closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as original:
            _copy(original, unfinished, target)
        _stand_alone(unfinished, None if target.parent == folder else folder)
        with unfinished.open("rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(unfinished, target)
    except OSError as error:
        raise EnvironmentFault(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)
        sweep_log(source)


def _copy(original: sqlite3.Connection, unfinished: Path, target: Path) -> None:
    with storage_faults(target), closing(sqlite3.connect(unfinished, isolation_level=None)) as copy:
        original.backup(copy, pages=4096)
        copy.execute("PRAGMA journal_mode = delete")
        problems = structural_problems(copy)
    if problems:
        raise EnvironmentFault(f"{target}: the copy is not sound: {problems[0]}")


def _stand_alone(copy: Path, folder: Path | None) -> None:
    engine = writer_engine(copy)
    try:
        with storage_faults(copy), engine.begin() as connection:
            meta.put(connection, "open", False)
            if folder is not None:
                meta.put(connection, "folder", str(folder))
    finally:
        engine.dispose()


def structural_problems(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with the file's structure; empty for a sound file."""
    try:
        lines = [str(row[0]) for row in connection.execute("PRAGMA quick_check(20)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [line for line in lines if line != "ok"]
