"""Reading a whole project file to find what is damaged; changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from segstudio.core.errors import SegStudioError, UserError
from segstudio.core.progress import Progress, no_progress
from segstudio.store import history, image_rows, journal, layers, opening, origin_rows, run_rows, schema
from segstudio.store.connections import reader_engine, sweep_log
from segstudio.store.copies import structural_problems
from segstudio.store.faults import storage_faults
from segstudio.store.image_rows import Roots
from segstudio.store.seal import seal


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a project file holds and every problem that was found, one line each."""

    images: int
    layers: int
    edits: int
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The document of `segstudio project check --json`."""
        counts = {"images": self.images, "layers": self.layers, "edits": self.edits}
        return {**counts, "sound": not self.problems, "problems": list(self.problems)}


def check_project(path: str | Path, *, progress: Progress = no_progress) -> CheckReport:
    """Check the file's structure and the seal of every row. Raises `UserError` for what is no project at all."""
    path = Path(path).absolute()
    opening.require_project(path)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as raw:
        problems = [f"structure: {line}" for line in structural_problems(raw)]
    engine = reader_engine(path)
    try:
        with engine.connect() as connection:
            return _check(connection, path, problems, progress)
    finally:
        engine.dispose()
        sweep_log(path)


def _check(connection: Connection, path: Path, problems: list[str], progress: Progress) -> CheckReport:
    roots = Roots(path.parent, None)

    def attempt(read: Callable[[], Any], otherwise: Any) -> Any:
        try:
            with storage_faults(path):
                return read()
        except (SegStudioError, ValueError) as error:
            problems.append(error.message if isinstance(error, UserError) else str(error))
            return otherwise

    attempt(lambda: opening.read_facts(connection, path), None)
    images = attempt(lambda: image_rows.read_all(connection, roots, path), None)
    if images is not None:
        attempt(images.check, None)
    names = attempt(lambda: layers.all_names(connection), [])
    for done, (key, name) in enumerate(names, 1):
        attempt(partial(layers.load, connection, key, name, path), None)
        progress(done, len(names), key)
    for name in dict.fromkeys(name for _, name in names):
        attempt(partial(run_rows.read_scores, connection, name, path), None)
    edits = attempt(lambda: journal.read(connection, path, key=None, limit=None), [])
    attempt(lambda: run_rows.read_runs(connection, path), None)
    attempt(lambda: history.read_versions(connection, path), None)
    attempt(lambda: history.read_image_versions(connection, path), None)
    attempt(lambda: problems.extend(_damaged_preimages(connection)), None)
    attempt(lambda: origin_rows.check_bases(connection, path), None)
    count = attempt(lambda: connection.execute(select(func.count()).select_from(schema.edit)).scalar(), 0)
    return CheckReport(len(images or ()), len(names), max(len(edits), count or 0), tuple(dict.fromkeys(problems)))


def _damaged_preimages(connection: Connection) -> list[str]:
    rows = connection.execute(select(schema.preimage))
    return [
        f"what edit {row.edit_id} replaced is damaged"
        for row in rows
        if row.seal != seal("preimage", row.edit_id, row.packed)
    ]
