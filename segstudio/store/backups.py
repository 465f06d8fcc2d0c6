"""Backups beside a project: rotating, checked when written, and put back without losing what they replace."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.store import opening
from segstudio.store.checking import check_project
from segstudio.store.copies import copy_file
from segstudio.store.lease import Lease, holder

_COMPANIONS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: the backup that was put back, and where what was there is kept (None = nothing was there)."""

    source: Path
    kept: Path | None


def backup_folder(project: Path) -> Path:
    """The folder of a project's rotating backups."""
    return project.with_name(f"{project.stem}.backups")


def list_backups(project: str | Path) -> list[Path]:
    """A project's rotating backups, newest first."""
    project = Path(project).absolute()
    found = backup_folder(project).glob(f"{project.stem}-*{project.suffix}")
    return sorted((path for path in found if path.is_file()), key=lambda path: path.name, reverse=True)


def make_backup(project: str | Path, target: str | Path | None = None) -> Path:
    """Copy a project, open or not, into its backup folder or to `target`; returns where it is.

    Raises `UserError` for what is no project, `EnvironmentFault` where the copy cannot be written or does not check.
    """
    project = Path(project).absolute()
    opening.require_project(project)
    if target is None:
        place = _free_name(backup_folder(project) / f"{project.stem}-{_stamp()}{project.suffix}")
        place.parent.mkdir(exist_ok=True)
    else:
        place = Path(target).absolute()
        if place == project:
            raise UserError(f"{place}: a project cannot be its own backup")
    copy_file(project, place, folder=project.parent)
    return place


def back_up_if_due(project: Path, *, keep: int, minutes: int) -> Path | None:
    """Write a backup where the newest is older than `minutes` and the project changed since; then rotate."""
    if keep <= 0:
        return None
    newest = next(iter(list_backups(project)), None)
    if newest is not None:
        written = newest.stat().st_mtime
        if time.time() - written < 60 * minutes or _changed_at(project) <= written:
            return None
    made = make_backup(project)
    for old in list_backups(project)[keep:]:
        old.unlink(missing_ok=True)
    return made


def restore_backup(project: str | Path, source: str | Path | None = None) -> Restored:
    """Put a backup (None: the newest sound one) in the project's place; what was there moves beside it, whole.

    Raises `UserError` where there is no sound backup or another program has the project open.
    """
    project = Path(project).absolute()
    chosen = _newest_sound(project) if source is None else Path(source).absolute()
    problems = check_project(chosen).problems
    if problems:
        raise UserError(f"{chosen}: this backup is damaged itself: {problems[0]}")
    lease = Lease.acquire(project)
    if lease is None:
        raise UserError(f"{project}: opened by {holder(project)}", hint="close it there first")
    try:
        arriving = project.with_name(f".{project.name}.{os.getpid()}.unfinished")
        try:
            shutil.copyfile(chosen, arriving)
            kept = put_in_place(arriving, project, f"before-restore-{_stamp()}")
        except OSError as error:
            raise EnvironmentFault(f"{project}: cannot be written: {error.strerror}") from None
        finally:
            arriving.unlink(missing_ok=True)
    finally:
        lease.release()
    return Restored(chosen, kept)


def put_in_place(arriving: Path, project: Path, name: str) -> Path | None:
    """Move a finished file to the project's place; what was there is kept as `<stem>.<name>`, its log with it."""
    with arriving.open("rb+") as handle:
        os.fsync(handle.fileno())
    kept = None
    if project.exists():
        kept = _free_name(project.with_name(f"{project.stem}.{name}{project.suffix}"))
        os.replace(project, kept)
        for companion in _COMPANIONS:
            beside = project.with_name(project.name + companion)
            if beside.exists():
                os.replace(beside, kept.with_name(kept.name + companion))
    os.replace(arriving, project)
    return kept


def _newest_sound(project: Path) -> Path:
    for path in list_backups(project):
        try:
            if not check_project(path).problems:
                return path
        except (UserError, EnvironmentFault):
            continue
    raise UserError(f"{project}: there is no sound backup in {backup_folder(project).name}")


def _changed_at(project: Path) -> float:
    log = project.with_name(project.name + "-wal")
    return max(path.stat().st_mtime for path in (project, log) if path.exists())


def _stamp() -> str:
    return datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")


def _free_name(path: Path) -> Path:
    """The path, or the same with a number where it is taken."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
