"""Numbered steps from one schema to the next; a newer project is refused, an older one brought up in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection

from segstudio.core.errors import UserError
from segstudio.store.place import Place
from segstudio.store.schema import APPLICATION_ID, VERSION, tables

__all__ = ["STEPS", "VERSION", "create", "migrate", "require_known", "require_number", "take_steps"]
Step = Callable[[Connection], None]
_WORDS = {
    "sqlite": {"BYTES": "BLOB", "NUMBER": "INTEGER NOT NULL PRIMARY KEY"},
    "postgresql": {"BYTES": "BYTEA", "NUMBER": "SERIAL PRIMARY KEY"},
}
"""What the two databases call differently; the steps are written in the words on the left."""


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement.format(**_WORDS[connection.dialect.name]))


def _add_image_facts(connection: Connection) -> None:
    _execute(
        connection,
        "CREATE TABLE image_facts (image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,"
        " layer VARCHAR NOT NULL, packed {BYTES} NOT NULL, seal BIGINT NOT NULL, PRIMARY KEY (image_id, layer))",
    )


def _add_team_work(connection: Connection) -> None:
    _execute(connection, "ALTER TABLE edit ADD COLUMN token VARCHAR")
    _execute(connection, "CREATE UNIQUE INDEX edit_by_token ON edit (token)")
    _execute(
        connection,
        "CREATE TABLE review (id {NUMBER},"
        " image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE, at VARCHAR NOT NULL,"
        " person VARCHAR NOT NULL, status VARCHAR NOT NULL, comment TEXT NOT NULL, seal BIGINT NOT NULL)",
    )
    _execute(connection, "CREATE INDEX review_by_image ON review (image_id, id)")
    _execute(
        connection,
        "CREATE TABLE image_lease (image_id INTEGER NOT NULL PRIMARY KEY REFERENCES image (id) ON DELETE CASCADE,"
        " holder VARCHAR NOT NULL, person VARCHAR NOT NULL, host VARCHAR NOT NULL, until FLOAT NOT NULL)",
    )


def _add_image_versions(connection: Connection) -> None:
    _execute(
        connection,
        "CREATE TABLE image_version (id {NUMBER},"
        " image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE, name VARCHAR NOT NULL,"
        " edit_id INTEGER NOT NULL, at VARCHAR NOT NULL, person VARCHAR NOT NULL, seal BIGINT NOT NULL,"
        " UNIQUE (image_id, name))",
    )


def _add_origins(connection: Connection) -> None:
    for name, column in (("origin_base", "packed {BYTES}"), ("origin_sum", "told TEXT")):
        _execute(
            connection,
            f"CREATE TABLE {name} (image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,"
            f" layer VARCHAR NOT NULL, edit_id INTEGER NOT NULL, {column} NOT NULL, seal BIGINT NOT NULL,"
            " PRIMARY KEY (image_id, layer))",
        )


STEPS: Mapping[int, Step] = {
    1: _add_image_facts,
    2: _add_team_work,
    3: _add_image_versions,
    4: _add_origins,
}
"""Schema number → the step that leads from it to the next. A step only adds; it never drops what a person made."""


def create(connection: Connection) -> None:
    """Make the tables of the newest schema in an empty file and sign it."""
    tables.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")


def require_known(application_id: int, version: int, path: Path) -> None:
    """Raise `UserError` for a file that is not a project, or that a newer program wrote."""
    if application_id != APPLICATION_ID:
        raise UserError(f"{path}: this is not a SegStudio project")
    require_number(version, path)


def require_number(version: int, place: Place) -> None:
    """Raise `UserError` for a schema that a newer program wrote, or that none did."""
    if version > VERSION:
        raise UserError(
            f"{place}: written by a newer SegStudio (schema {version}, this program knows {VERSION})",
            hint=f"update the program; the {'file' if isinstance(place, Path) else 'project'} was not touched",
        )
    if version < 1 or any(step not in STEPS for step in range(version, VERSION)):
        raise UserError(f"{place}: its schema number {version} is not one that SegStudio wrote")


def migrate(connection: Connection, version: int) -> None:
    """Bring an open file from `version` to the newest schema, inside the caller's transaction."""
    if version < VERSION:
        take_steps(connection, version)
        connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")


def take_steps(connection: Connection, version: int) -> None:
    """Bring the tables, in either database, from `version` to the newest schema, inside the caller's transaction."""
    for step in range(version, VERSION):
        STEPS[step](connection)
