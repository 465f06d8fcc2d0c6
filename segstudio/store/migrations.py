"""Numbered steps from one schema to the next; a newer file is refused, an older one brought up in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection

from segstudio.core.errors import UserError
from segstudio.store.schema import APPLICATION_ID, VERSION, tables

Step = Callable[[Connection], None]


def _add_image_facts(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE image_facts (image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,"
        " layer VARCHAR NOT NULL, packed BLOB NOT NULL, seal BIGINT NOT NULL, PRIMARY KEY (image_id, layer))"
    )


def _add_team_work(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE edit ADD COLUMN token VARCHAR")
    connection.exec_driver_sql("CREATE UNIQUE INDEX edit_by_token ON edit (token)")
    connection.exec_driver_sql(
        "CREATE TABLE review (id INTEGER NOT NULL PRIMARY KEY,"
        " image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE, at VARCHAR NOT NULL,"
        " person VARCHAR NOT NULL, status VARCHAR NOT NULL, comment TEXT NOT NULL, seal BIGINT NOT NULL)"
    )
    connection.exec_driver_sql("CREATE INDEX review_by_image ON review (image_id, id)")
    connection.exec_driver_sql(
        "CREATE TABLE image_lease (image_id INTEGER NOT NULL PRIMARY KEY REFERENCES image (id) ON DELETE CASCADE,"
        " holder VARCHAR NOT NULL, person VARCHAR NOT NULL, host VARCHAR NOT NULL, until FLOAT NOT NULL)"
    )


def _add_image_versions(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE image_version (id INTEGER NOT NULL PRIMARY KEY,"
        " image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE, name VARCHAR NOT NULL,"
        " edit_id INTEGER NOT NULL, at VARCHAR NOT NULL, person VARCHAR NOT NULL, seal BIGINT NOT NULL,"
        " UNIQUE (image_id, name))"
    )


def _add_origins(connection: Connection) -> None:
    for name, column in (("origin_base", "packed BLOB"), ("origin_sum", "told TEXT")):
        connection.exec_driver_sql(
            f"CREATE TABLE {name} (image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,"
            f" layer VARCHAR NOT NULL, edit_id INTEGER NOT NULL, {column} NOT NULL, seal BIGINT NOT NULL,"
            " PRIMARY KEY (image_id, layer))"
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
    if version > VERSION:
        raise UserError(
            f"{path}: written by a newer SegStudio (schema {version}, this program knows {VERSION})",
            hint="update the program; the file was not touched",
        )
    if version < 1 or any(step not in STEPS for step in range(version, VERSION)):
        raise UserError(f"{path}: its schema number {version} is not one that SegStudio wrote")


def migrate(connection: Connection, version: int) -> None:
    """Bring an open file from `version` to the newest schema, inside the caller's transaction."""
    for step in range(version, VERSION):
        STEPS[step](connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {step + 1}")
