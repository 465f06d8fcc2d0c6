"""A whole copy of a team's project beside it in the same database, made and compared inside one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from segstudio.core.errors import EnvironmentFault
from segstudio.store.place import TeamAddress

_LONGEST_NAME = 63
_LEASES = "image_lease"
"""Who works on what now, which means nothing in a copy."""


def copy_beside(connection: Connection, address: TeamAddress, name: str) -> str:
    """Copy every table as it is in this transaction to a project of its own, `<project>_<name>`; returns what it is
    called.

    The caller keeps others from writing. Raises `EnvironmentFault` where the copy is not equal.
    """
    names = inspect(connection).get_table_names()
    copy = _free_name(connection, address.project, name)
    connection.exec_driver_sql(f'CREATE SCHEMA "{copy}"')
    for table in names:
        connection.exec_driver_sql(f'CREATE TABLE "{copy}"."{table}" (LIKE "{table}" INCLUDING ALL)')
        if table != _LEASES:
            connection.exec_driver_sql(f'INSERT INTO "{copy}"."{table}" SELECT * FROM "{table}"')
            if _digest(connection, f'"{table}"') != _digest(connection, f'"{copy}"."{table}"'):
                raise EnvironmentFault(f"{address}: the copy of {table} is not equal; nothing was changed")
    references = _references(connection)
    numbers = _numbers(connection, names)
    connection.exec_driver_sql(f'SET LOCAL search_path TO "{copy}"')
    for table, column, last, called in numbers:
        _count_on(connection, table, column, last, called)
    for table, definition in references:
        connection.exec_driver_sql(f'ALTER TABLE "{table}" ADD {definition}')
    connection.exec_driver_sql(f'SET LOCAL search_path TO "{address.project}"')
    return copy


def _free_name(connection: Connection, project: str, name: str) -> str:
    taken, number, ending = set(inspect(connection).get_schema_names()), 1, f"_{name}"
    while (free := project[: _LONGEST_NAME - len(ending)] + ending) in taken:
        number += 1
        ending = f"_{name}_{number}"
    return free


def _digest(connection: Connection, table: str) -> tuple[int, str]:
    """How many rows, and a sum over all that is in them."""
    query = f"SELECT count(*), coalesce(sum(hashtextextended(CAST(t AS text), 0)), 0)::text FROM {table} AS t"
    count, total = connection.exec_driver_sql(query).one()
    return count, total


def _references(connection: Connection) -> list[tuple[str, str]]:
    """Table and definition of every foreign key; names in it lack the schema, as it is the one searched."""
    query = (
        "SELECT relname, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
        " WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace ORDER BY relname, conname"
    )
    return [(table, definition) for table, definition in connection.exec_driver_sql(query)]


def _numbers(connection: Connection, tables: list[str]) -> list[tuple[str, str, int, bool]]:
    """Table, column and state of everything that is numbered by a sequence."""
    found = []
    for table in tables:
        for column in inspect(connection).get_columns(table):
            if str(column["default"] or "").startswith("nextval("):
                place = {"table": f'"{table}"', "column": column["name"]}
                sequence = connection.execute(
                    text("SELECT pg_get_serial_sequence(:table, :column)"), place
                ).scalar_one()
                last, called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()
                found.append((table, column["name"], last, called))
    return found


def _count_on(connection: Connection, table: str, column: str, last: int, called: bool) -> None:
    """Give a copied column a sequence of its own, which goes on where the other is."""
    sequence = f'"{table}_{column}_seq"'
    connection.exec_driver_sql(f'CREATE SEQUENCE {sequence} OWNED BY "{table}"."{column}"')
    connection.exec_driver_sql(f"SELECT setval('{sequence}', {last}, {str(called).lower()})")
    connection.exec_driver_sql(f"""ALTER TABLE "{table}" ALTER COLUMN "{column}" SET DEFAULT nextval('{sequence}')""")
