"""Writing something small that can be found anew into a project that is open only to read, as if in passing."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from segstudio.core.errors import SegStudioError
from segstudio.store import opening, server
from segstudio.store.connections import choose_journal, fold_log, writer_engine
from segstudio.store.lane import WriterLane
from segstudio.store.lease import Lease
from segstudio.store.place import Place, TeamAddress

Work = Callable[[Connection], None]


def write_briefly(place: Place, work: Work) -> bool:
    """Run `work` in one durable transaction where that is possible now; whether it was.

    A file is left alone while somebody has it open, after a crash until it is opened to work on, and where it cannot be
    written; a team's project where the server refuses.
    """
    try:
        if isinstance(place, TeamAddress):
            _write(WriterLane(place, server.writer_engine(place)), work)
            return True
        lease = Lease.acquire(place)
        if lease is None:
            return False
        try:
            if opening.was_left_open(place):
                return False
            _write(WriterLane(place, writer_engine(place), prepare=lambda raw: choose_journal(raw, place)), work)
            fold_log(place)
            return True
        finally:
            lease.release()
    except (SegStudioError, OSError):
        return False


def _write(lane: WriterLane, work: Work) -> None:
    try:
        lane.run(work)
    finally:
        lane.close()
