"""Connections to a team's PostgreSQL: one that writes, a few that read; each in the schema of its project."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.pool import NullPool, QueuePool
from sqlalchemy.schema import CreateSchema, DropSchema

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.store import guard, meta, migrations, schema
from segstudio.store.faults import damaged, storage_faults
from segstudio.store.place import TeamAddress

CONNECT_SECONDS = 10
SCHEMA_KEY = "schema"
"""The fact that holds the schema's number, which a file has in its header."""


def writer_engine(address: TeamAddress) -> Engine:
    """An engine whose commits return once the server has them on its disk."""
    return _engine(address, isolation="READ COMMITTED", poolclass=NullPool)


def reader_engine(address: TeamAddress) -> Engine:
    """An engine whose connections only read, each transaction one consistent snapshot; from any thread."""
    return _engine(
        address, isolation="REPEATABLE READ", poolclass=QueuePool, pool_size=4, max_overflow=4, pool_pre_ping=True
    )


def create(address: TeamAddress, *, class_set: ClassSet, name: str, dataset_source: dict[str, str] | None) -> None:
    """Make an empty project. Raises `UserError` where there is one of this name already."""
    engine = writer_engine(address)
    try:
        with storage_faults(address), engine.begin() as connection:
            if exists(connection, address):
                raise UserError(f"{address}: there is a project of this name already")
            connection.execute(CreateSchema(address.project, if_not_exists=True))
            schema.tables.create_all(connection)
            meta.put(connection, SCHEMA_KEY, schema.VERSION)
            meta.put(connection, "images", [0, 0])
            meta.put(connection, "name", name)
            meta.put(connection, "class_set", class_set.to_json())
            if dataset_source is not None:
                meta.put(connection, "dataset_source", dataset_source)
    finally:
        engine.dispose()


def drop(address: TeamAddress) -> None:
    """Remove a project with everything in it."""
    engine = writer_engine(address)
    try:
        with storage_faults(address), engine.begin() as connection:
            schema.tables.drop_all(connection)
            guard.remove(connection)
            connection.execute(DropSchema(address.project, if_exists=True))
    finally:
        engine.dispose()


def version_of(connection: Connection, address: TeamAddress) -> int:
    """A project's schema number. Raises `UserError` where there is no project, or one that a newer program wrote."""
    if not exists(connection, address):
        raise UserError(f"{address}: there is no such project", hint="make it: segstudio project share FILE URL")
    version = meta.get(connection, SCHEMA_KEY, address)
    if not isinstance(version, int):
        raise damaged(address, "it has no schema number")
    migrations.require_number(version, address)
    return version


def require_newest(address: TeamAddress, version: int) -> None:
    """Raise `UserError` for a project that must be brought up to date first."""
    if version < migrations.VERSION:
        raise UserError(
            f"{address}: an older project (schema {version}) must be opened for writing once, to be brought up to date"
        )


def is_shared(address: TeamAddress) -> bool:
    """Whether there is a project at this address. Raises `EnvironmentFault` where the server does not answer."""
    engine = reader_engine(address)
    try:
        with storage_faults(address), engine.connect() as connection:
            return exists(connection, address)
    finally:
        engine.dispose()


def exists(connection: Connection, address: TeamAddress) -> bool:
    """Whether the database holds a project of that name."""
    return connection.dialect.has_table(connection, schema.meta.name, schema=address.project)


def may_write(connection: Connection) -> bool:
    """Whether the server lets this person add edits."""
    allowed = func.has_table_privilege(schema.edit.name, "INSERT")
    return bool(connection.execute(select(allowed)).scalar_one())


def _engine(address: TeamAddress, *, isolation: str, **pool: Any) -> Engine:
    try:
        import psycopg  # noqa: F401 (only whether it is there)
    except ImportError:
        raise UserError(
            f"{address}: the packages for PostgreSQL are not installed", hint="pip install segstudio[postgres]"
        ) from None
    url = URL.create(
        "postgresql+psycopg",
        address.user or None,
        address.password or None,
        address.host or None,
        address.port,
        address.database,
        dict(address.options),
    )
    engine = create_engine(
        url,
        isolation_level=isolation,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "segstudio"},
        **pool,
    )

    @event.listens_for(engine, "connect")
    def _dress(raw: Any, _: object) -> None:
        raw.autocommit = True
        with raw.cursor() as cursor:
            cursor.execute(f'SET search_path TO "{address.project}"')
            cursor.execute("SET synchronous_commit TO on")
            cursor.execute(guard.introduction())
            cursor.execute("SET idle_in_transaction_session_timeout TO '60s'")
        raw.autocommit = False

    return engine
