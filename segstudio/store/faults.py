"""Telling apart what the database reports: the machine failed, the file is damaged, or the program is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from segstudio.core.errors import EnvironmentFault, SegStudioError, UserError
from segstudio.store.place import Place

_LONGEST = 160
"""Characters of the database's own words that are shown to a person."""
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


# By the first characters of PostgreSQL's SQLSTATE (its manual, appendix A).
_SERVER_REFUSES = {
    "28": "the person or the password is not accepted",
    "3D000": "there is no such database",
    "42501": "access is not permitted",
}
_SERVER_FAILS = {
    "08": "the connection broke",
    "53100": "the server's disk is full",
    "53": "the server has no room",
    "57P": "the server is going down",
    "58": "the server's disk reports an error",
    "40": "two people changed the same at once",
    "25P03": "the connection was idle too long",
    "55P03": "somebody else keeps it locked",
    "25006": "the server takes no changes",
}


@contextmanager
def storage_faults(path: Place) -> Iterator[None]:
    """Turn the database's errors into `EnvironmentFault` (the machine) or `UserError` (a damaged file), naming `path`.

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


def damaged(path: Place, what: str) -> UserError:
    """The error for content that does not carry its seal."""
    # A damaged schema is told with the whole of its text, line by line.
    line = " ".join(str(what).split())
    return UserError(f"{path}: damaged: {line[:_LONGEST]}", hint=f"run: segstudio project repair {path}")


def _translated(path: Place, error: BaseException | None) -> SegStudioError | None:
    if error is not None and hasattr(error, "sqlstate"):
        return _from_server(path, error.sqlstate, str(error).strip().splitlines()[0])
    if isinstance(error, sqlite3.OperationalError) and str(error).startswith("Could not decode to UTF-8"):
        return damaged(path, "text in it is not UTF-8")
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


def _from_server(place: Place, state: str | None, text: str) -> SegStudioError | None:
    if state is None:  # it was lost before the server could say anything
        return EnvironmentFault(f"{place}: the server does not answer ({text})")
    for begin, reason in _SERVER_REFUSES.items():
        if state.startswith(begin):
            return UserError(f"{place}: {reason}")
    for begin, reason in _SERVER_FAILS.items():
        if state.startswith(begin):
            return EnvironmentFault(f"{place}: cannot be written or read: {reason} ({text})")
    return None
