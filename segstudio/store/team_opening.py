"""Opening a team's project: everybody may write, each the images that they hold."""

from __future__ import annotations

from typing import Any

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.store import migrations, server, team_migration
from segstudio.store.faults import storage_faults
from segstudio.store.image_leases import Leases
from segstudio.store.lane import WriterLane
from segstudio.store.lease import person
from segstudio.store.opening import Opened, dataset_fact
from segstudio.store.place import TeamAddress
from segstudio.store.records import DatasetSource
from segstudio.store.renewal import Renewal


def make(address: TeamAddress, *, class_set: ClassSet, name: str, dataset_source: DatasetSource | None) -> None:
    """Make an empty project. Raises `UserError` where there is one of this name already."""
    fact: dict[str, Any] | None = None
    if dataset_source is not None:
        fact = {**dataset_fact(dataset_source, dataset_source.path), "relative": ""}
    server.create(address, class_set=class_set, name=name, dataset_source=fact)


def open_team(address: TeamAddress, *, read_only: bool) -> Opened:
    """Connect, and see that the project is one that this program knows; an older one is brought up to date."""
    reader = server.reader_engine(address)
    lane: WriterLane | None = None
    notes: tuple[str, ...] = ()
    try:
        with storage_faults(address), reader.connect() as connection:
            version = server.version_of(connection, address)
            may_write = server.may_write(connection)
        if read_only or not may_write:
            server.require_newest(address, version)
        elif version < migrations.VERSION:
            kept = team_migration.bring_up_to_date(address)
            notes = (f"brought up to date; as it was: project {kept} in the same database",) if kept else ()
        if not may_write:
            notes = (f"{address.user or 'this person'} may only read it",)
        elif not read_only:
            lane = WriterLane(address, server.writer_engine(address))
    except BaseException:
        reader.dispose()
        raise
    if lane is None:
        return Opened(reader, None, None, notes)
    leases = Leases(address, person())
    return Opened(reader, lane, None, notes, leases, Renewal(lane, leases))


def leave(opened: Opened) -> None:
    """Let the images go that were held, where the server still answers; else the clock does."""
    if opened.lane is None or opened.leases is None:
        return
    if opened.renewal is not None:
        opened.renewal.stop()
    try:
        opened.lane.run(opened.leases.release_all)
    except (EnvironmentFault, UserError):
        pass
    finally:
        opened.lane.close()
