"""Whole copies of a project file through SQLite's backup, made beside the target, checked, then put in its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from segstudio.core.errors import EnvironmentFault
from segstudio.store.faults import storage_faults


def copy_project(source: sqlite3.Connection, target: Path) -> None:
    """Copy the open database to `target`, replacing it only once the copy was read back and found sound.

    Raises `EnvironmentFault` where the disk is full or the copy does not check; the old target stays then.
    """
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        with storage_faults(target), closing(sqlite3.connect(unfinished, isolation_level=None)) as copy:
            source.backup(copy, pages=4096)
            copy.execute("PRAGMA journal_mode = delete")
            problems = structural_problems(copy)
        if problems:
            raise EnvironmentFault(f"{target}: the copy is not sound: {problems[0]}")
        with unfinished.open("rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(unfinished, target)
    except OSError as error:
        raise EnvironmentFault(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def structural_problems(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with the file's structure; empty for a sound file."""
    try:
        lines = [str(row[0]) for row in connection.execute("PRAGMA quick_check(20)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [line for line in lines if line != "ok"]
