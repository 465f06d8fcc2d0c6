"""What keeps a program that knows an older schema from writing a team's project after it was brought up to date.

A client says which schema it knows when it connects. Where a project was brought up to date, triggers compare that with
the project's own number; a client that says another, or nothing as the first programs did, is told to be updated. It
gets the SQLSTATE that every program so far shows with the server's words and takes for something that may pass: what it
could not write stays with it. Projects that never had an older schema need no guard.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from segstudio.store import migrations

_SETTING = "segstudio.schema"
_FUNCTION = "require_program"
_TRIGGER = "of_this_program"
_TAKES_NO_CHANGES = "25006"


def introduction() -> str:
    """The statement by which a new connection says which schema this program knows."""
    return f"SET {_SETTING} TO '{migrations.VERSION}'"


def put_up(connection: Connection) -> None:
    """From the end of this transaction on, only programs that know this program's schema write the project."""
    version = migrations.VERSION
    said = f"coalesce(current_setting('{_SETTING}', true), '')"
    told = f"a newer SegStudio brought the project up to schema {version}: update this program, then open it again"
    connection.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {said} <> '{version}' THEN"
        f" RAISE EXCEPTION USING ERRCODE = '{_TAKES_NO_CHANGES}', MESSAGE = '{told}';"
        " END IF; RETURN NULL; END $$"
    )
    for table in inspect(connection).get_table_names():
        connection.exec_driver_sql(f'DROP TRIGGER IF EXISTS {_TRIGGER} ON "{table}"')
        connection.exec_driver_sql(
            f'CREATE TRIGGER {_TRIGGER} BEFORE INSERT OR UPDATE OR DELETE ON "{table}"'
            f" FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()"
        )


def remove(connection: Connection) -> None:
    """Take the guard away with the project's tables."""
    connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {_FUNCTION}() CASCADE")
