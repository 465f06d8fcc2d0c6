"""Who may write a project: one program at a time, told by a locked file beside it that dies with its holder."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO


class Lease:
    """The right to write a project, held until `release` or the end of the process."""

    def __init__(self, path: Path, handle: IO[str]) -> None:
        self._path = path
        self._handle = handle

    @classmethod
    def acquire(cls, project: Path) -> Lease | None:
        """Take the lease; None where another window or machine holds it (see `holder`).

        Raises `OSError` where the folder takes no files.
        """
        path = lease_path(project)
        while True:
            handle = path.open("a+", encoding="utf-8")
            try:
                _lock(handle)
            except OSError:
                handle.close()
                return None
            if _is_still_at(path, handle):
                break
            handle.close()  # its holder removed the file between our opening and locking it
        handle.truncate(0)
        handle.write(json.dumps(_self_description()))
        handle.flush()
        return cls(path, handle)

    def release(self) -> None:
        """Give the right back and remove the file."""
        if sys.platform == "win32":  # an open file cannot be removed there
            self._handle.close()
            self._path.unlink(missing_ok=True)
        else:
            self._path.unlink(missing_ok=True)
            self._handle.close()


def lease_path(project: Path) -> Path:
    """The file that tells who writes the project."""
    return project.with_name(project.name + "-lease")


def holder(project: Path) -> str:
    """Who holds the lease, in words: "maria on lab-3 since 2026-11-20 14:03"."""
    try:
        who = json.loads(lease_path(project).read_text(encoding="utf-8"))
        return f"{who['person']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another program"


def person() -> str:
    """The name under which this person's edits are recorded."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in the password database, as in some containers
        return "unknown"


def _self_description() -> dict[str, str | int]:
    since = datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    return {"person": person(), "host": socket.gethostname(), "process": os.getpid(), "since": since}


def _is_still_at(path: Path, handle: IO[str]) -> bool:
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock(handle: IO[str]) -> None:
    if sys.platform == "win32":
        import msvcrt

        far_beyond_the_text = 1 << 20
        handle.seek(far_beyond_the_text)
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        handle.seek(0)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
