"""Telling apart what SQLite reports: the machine failed, the file is damaged, or the program is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from segstudio.core.errors import EnvironmentFault, SegStudioError, UserError

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_MACHINE = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_BUSY: "another program keeps the file locked",
    sqlite3.SQLITE_LOCKED: "another program keeps the file locked",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_PERM: "access is not permitted",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
}


@contextmanager
def storage_faults(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into `EnvironmentFault` (the machine) or `UserError` (a damaged file), naming `path`.

    Anything else is a bug and passes unchanged.
    """
    try:
        yield
    except DBAPIError as error:
        raise _translated(path, error.orig) or error from None
    except sqlite3.Error as error:
        raise _translated(path, error) or error from None
    except UnicodeDecodeError:
        # SQLite quotes the damaged file in its message, and Python cannot read the quotation.
        raise damaged(path, "text in it is not UTF-8") from None


def damaged(path: Path, what: str) -> UserError:
    """The error for content that does not carry its seal."""
    return UserError(f"{path}: damaged: {what}", hint=f"run: segstudio project repair {path}")


def _translated(path: Path, error: BaseException | None) -> SegStudioError | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_NOTADB:
        return UserError(f"{path}: this is not a SegStudio project, or its beginning is damaged")
    if primary in _DAMAGED:
        return damaged(path, str(error))
    if primary in _MACHINE:
        return EnvironmentFault(f"{path}: cannot be written or read: {_MACHINE[primary]} ({error})")
    return None
