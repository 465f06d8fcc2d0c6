"""Making, opening and closing the file: who may write, what is unusual, and what must never be touched."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.store import meta, migrations, schema
from segstudio.store.connections import choose_journal, reader_engine, sweep_log, writer_engine
from segstudio.store.copies import copy_file, structural_problems
from segstudio.store.faults import damaged, storage_faults
from segstudio.store.image_leases import Leases
from segstudio.store.image_rows import Roots
from segstudio.store.lane import WriterLane
from segstudio.store.lease import Lease, holder
from segstudio.store.place import Place
from segstudio.store.records import DatasetSource
from segstudio.store.renewal import Renewal
from segstudio.store.schema import VERSION


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening gave: a lane and a lease to write with, or neither and the reason in `notes`.

    `leases` are those of the images, where a team shares the project; there is no lease of the whole then.
    """

    reader: Engine
    lane: WriterLane | None
    lease: Lease | None
    notes: tuple[str, ...]
    leases: Leases | None = None
    renewal: Renewal | None = None
    recovered_after: int | None = None
    """After a crash: the newest edit before the sitting that ended so, where it is known."""

    def abandon(self) -> None:
        """Let everything go again without having written anything that a person made."""
        self.reader.dispose()
        if self.renewal is not None:
            self.renewal.stop()
        if self.lane is not None:
            self.lane.close() if self.leases is not None else close_lane(self.lane)
        if self.lease is not None:
            self.lease.release()


def make_file(target: Path, *, class_set: ClassSet, name: str, dataset_source: DatasetSource | None) -> None:
    """Write an empty project beside `target` and move it there. Raises `UserError` where there is a file already."""
    if target.exists():
        raise UserError(f"{target}: there is a file of this name already")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        engine = writer_engine(unfinished, create=True)
        with storage_faults(target), engine.begin() as connection:
            migrations.create(connection)
            meta.put(connection, "name", name)
            meta.put(connection, "class_set", class_set.to_json())
            if dataset_source is not None:
                meta.put(connection, "dataset_source", dataset_fact(dataset_source, target.parent))
        engine.dispose()
        os.replace(unfinished, target)
    except OSError as error:
        raise EnvironmentFault(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def open_file(path: Path, *, read_only: bool) -> Opened:
    """Check what the file is and take the right to write it where that is possible."""
    version = require_project(path)
    if read_only:
        _require_newest(path, version)
        return Opened(reader_engine(path), None, None, ())
    lease, note = _lease(path)
    if lease is None:
        _require_newest(path, version)
        return Opened(reader_engine(path), None, None, (note,))
    try:
        return _open_to_write(path, version, lease)
    except BaseException:
        lease.release()
        raise


def leave(opened: Opened, path: Path) -> None:
    """Let the file go: readers first, for the last connection folds the log into it, and a reader may not."""
    opened.reader.dispose()
    if opened.lane is not None:
        close_lane(opened.lane)
    sweep_log(path)
    if opened.lease is not None:
        opened.lease.release()


def close_lane(lane: WriterLane) -> None:
    """Note that the work ended well and stop the lane, which it does even where the note cannot be written."""
    try:
        lane.run(lambda connection: meta.put(connection, "open", False))
    except EnvironmentFault:
        pass  # the next opening then checks the file, which is all that the note would have spared it
    finally:
        lane.close()


def read_facts(connection: Connection, path: Place) -> tuple[str, ClassSet, Roots]:
    """Name, classes and folders of an open project. Raises `UserError` where they are damaged."""
    document = meta.get(connection, "class_set", path)
    if document is None:
        raise damaged(path, "it has no classes")
    # The pictures of a team lie where the data set says, or at an absolute path that all its machines share.
    stem, folder = (path.stem, path.parent) if isinstance(path, Path) else (path.name, Path.home())
    name = meta.get(connection, "name", path) or stem
    project = Path(meta.get(connection, "folder", path) or folder)
    source = meta.get(connection, "dataset_source", path)
    dataset = None if source is None else dataset_source(source, project).path
    return name, ClassSet.from_json(document, where=str(path)), Roots(project, dataset)


def dataset_fact(source: DatasetSource, project: Path) -> dict[str, str]:
    """How a data set's place is stored: absolute, and relative to the project so that both may move together."""
    absolute = os.path.abspath(source.path)
    try:
        relative = os.path.relpath(absolute, project)
    except ValueError:  # another drive on Windows
        relative = ""
    return {"path": absolute, "relative": relative, "format": source.format}


def dataset_source(fact: dict[str, str], project: Path) -> DatasetSource:
    """The place that `dataset_fact` stored, as it is now."""
    beside = Path(os.path.abspath(project / fact["relative"])) if fact["relative"] else None
    moved_along = beside is not None and beside.exists() and not Path(fact["path"]).exists()
    return DatasetSource(beside if moved_along and beside is not None else Path(fact["path"]), fact["format"])


def require_project(path: Path) -> int:
    """The schema number of a project file. Raises `UserError` for anything else, and where there is no file."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such project")
    engine = reader_engine(path)
    try:
        with storage_faults(path), engine.connect() as connection:
            application_id = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            version: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    finally:
        engine.dispose()
        sweep_log(path)
    migrations.require_known(application_id, version, path)
    return version


def _require_newest(path: Path, version: int) -> None:
    if version < VERSION:
        raise UserError(f"{path}: an older project must be opened for writing once, to be brought up to date")


def _lease(path: Path) -> tuple[Lease | None, str]:
    if not os.access(path, os.W_OK):
        return None, "the file is read-only"
    try:
        lease = Lease.acquire(path)
    except OSError as error:
        return None, f"its folder takes no files ({error.strerror})"
    return lease, "" if lease is not None else f"opened by {holder(path)}"


def _open_to_write(path: Path, version: int, lease: Lease) -> Opened:
    notes = []
    left_open = was_left_open(path)
    if left_open:
        # Looked at before any connection that writes, so that a damaged file stays as it is.
        problems = _problems(path)
        if problems:
            lease.release()
            note = f"the file is damaged ({problems[0]}); nothing will be changed"
            return Opened(reader_engine(path), None, None, (note,))
        notes.append("the program ended unexpectedly; every committed edit was recovered")
    if version < VERSION:
        notes.append(f"brought up to date; as it was: {_keep_before_migration(path, version).name}")
    lane = WriterLane(path, writer_engine(path), prepare=lambda raw: choose_journal(raw, path))
    try:
        if lane.note:
            notes.append(lane.note)
        lane.run(lambda connection: _begin_work(connection, version))
    except BaseException:
        lane.close()
        raise
    after = left_open.get("edit") if isinstance(left_open, dict) else None
    return Opened(reader_engine(path), lane, lease, tuple(notes), recovered_after=after)


def was_left_open(path: Path) -> Any:
    """What the last sitting wrote when it began; False where it ended well."""
    engine = reader_engine(path)
    try:
        with storage_faults(path), engine.connect() as connection:
            return meta.get(connection, "open", path) or False
    finally:
        engine.dispose()


def _begin_work(connection: Connection, version: int) -> None:
    migrations.migrate(connection, version)
    newest = connection.execute(select(func.max(schema.edit.c.id))).scalar() or 0
    meta.put(connection, "open", {"edit": newest})


def _problems(path: Path) -> list[str]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return structural_problems(connection)


def _keep_before_migration(path: Path, version: int) -> Path:
    kept = path.with_name(f"{path.stem}.schema-{version}{path.suffix}")
    copy_file(path, kept, folder=path.parent)
    return kept
