"""Connections to the SQLite file: one that writes, and a few that read."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

BUSY_SECONDS = 5.0
NETWORK_FILE_SYSTEMS = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "ncpfs", "afs", "ceph", "glusterfs", "9p", "davfs", "vboxsf")
    + ("fuse.sshfs", "fuse.rclone", "fuse.davfs2")
)


def writer_engine(path: Path, *, create: bool = False) -> Engine:
    """An engine whose connections write: explicit BEGIN IMMEDIATE, every commit synced to the disk."""
    mode: Literal["rw", "rwc"] = "rwc" if create else "rw"

    def connect() -> sqlite3.Connection:
        connection = _connect(path, f"mode={mode}")
        if create:  # only an empty file can be told to give space back later
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    return _engine(connect, "BEGIN IMMEDIATE", pooled=False)


def reader_engine(path: Path) -> Engine:
    """An engine whose connections only read, each a consistent snapshot; at most eight at a time, from any thread."""
    return _engine(lambda: _connect_to_read(path), "BEGIN", pooled=True)


def sweep_log(path: Path) -> None:
    """Remove the empty log that a reader leaves beside a file which nobody has open; SQLite decides whether it may."""
    log = path.with_name(path.name + "-wal")
    try:
        if log.exists() and log.stat().st_size == 0:
            connection = _connect(path, "mode=rw")
            try:
                connection.execute("PRAGMA schema_version").fetchone()
            finally:
                connection.close()
    except (OSError, sqlite3.Error):
        pass  # read-only media, or somebody is at work: then it stays, which does no harm


def fold_log(path: Path) -> None:
    """Write the log into the file and empty it, unless a reader still needs it now."""
    connection = _connect(path, "mode=rw")
    try:
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error:
        pass  # it stays, which does no harm
    finally:
        connection.close()


def choose_journal(connection: sqlite3.Connection | Connection, path: Path) -> str:
    """Ask for write-ahead logging, or for a rollback journal on a network drive; returns a note or "".

    The answer is read back, because SQLite keeps the old mode silently where it cannot change it.
    """
    network = on_network_drive(path)
    wanted = "delete" if network else "wal"
    granted = _first(connection, f"PRAGMA journal_mode = {wanted}")
    if network:
        return f"{path.name} lies on a network drive: every edit is written in full, which is slower"
    if granted != "wal":
        _first(connection, "PRAGMA journal_mode = delete")
        return f"{path.name}: write-ahead logging is not available here: every edit is written in full"
    return ""


def on_network_drive(path: Path, mounts: Path = Path("/proc/mounts")) -> bool:
    """Whether the file lies on a drive where several machines may write and shared memory does not work."""
    if sys.platform == "win32":
        return _is_windows_share(path)
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    place = os.path.realpath(path)
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        mount = fields[1].replace("\\040", " ") if len(fields) > 2 else ""
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        if mount and inside and len(mount) >= len(best):
            best, kind = mount, fields[2]
    return kind in NETWORK_FILE_SYSTEMS


def _is_windows_share(path: Path) -> bool:
    import ctypes

    drive = Path(os.path.abspath(path)).drive
    remote = 4
    return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == remote  # type: ignore[attr-defined,unused-ignore]


def _engine(connect: Callable[[], sqlite3.Connection], begin: str, *, pooled: bool) -> Engine:
    if pooled:
        engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=4, max_overflow=4)
    else:
        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _connect(path: Path, options: str) -> sqlite3.Connection:
    # isolation_level=None: transactions begin where we say so. A pooled connection serves one thread at a time.
    uri = f"file:{quote(os.path.abspath(path))}?{options}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    connection = _connect(path, "mode=ro")
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        log = path.with_name(path.name + "-wal")
        # Read-only media: SQLite cannot make the shared memory of a WAL file; without a log nothing can be missed.
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or log.exists():
            raise
        connection = _connect(path, "mode=ro&immutable=1")
    return connection


def _first(connection: sqlite3.Connection | Connection, statement: str) -> str:
    if isinstance(connection, Connection):
        return str(connection.exec_driver_sql(statement).scalar())
    return str(connection.execute(statement).fetchone()[0])
