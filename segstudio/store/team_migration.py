"""Bringing a team's project of an older schema up to date in one transaction: copy, steps, number and guard.

Whoever opens it first with the newer program does it. Until its last moment everybody else sees the project as it was,
and a failure or a kill at any moment leaves it so.
"""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import Connection, inspect, text

from segstudio.core.errors import UserError
from segstudio.store import guard, image_leases, meta, migrations, server, team_copy
from segstudio.store.faults import storage_faults
from segstudio.store.place import TeamAddress

_TURN_SECONDS, _LOCK_SECONDS = 120, 15
"""How long to wait for somebody who does the same, and for writes under way."""


def bring_up_to_date(address: TeamAddress) -> str:
    """Returns the name of the copy as it was, a project beside it; "" where somebody else was faster.

    Raises `UserError` where others are at work on images or this person may not change the tables, `EnvironmentFault`
    where the copy is not equal or the server refuses; the project is as it was then.
    """
    engine = server.writer_engine(address)
    try:
        with storage_faults(address), engine.begin() as connection:
            _wait_for_turn(connection, address)
            version = server.version_of(connection, address)
            if version == migrations.VERSION:
                return ""
            _act_as_owner(connection, address, version)
            _hold_still(connection)
            _require_nobody_at_work(connection, address, version)
            kept = team_copy.copy_beside(connection, address, f"schema_{version}")
            before = set(inspect(connection).get_table_names())
            migrations.take_steps(connection, version)
            _grant_as_before(connection, sorted(set(inspect(connection).get_table_names()) - before))
            meta.put(connection, server.SCHEMA_KEY, migrations.VERSION)
            guard.put_up(connection)
            return kept
    finally:
        engine.dispose()


def _wait_for_turn(connection: Connection, address: TeamAddress) -> None:
    """One at a time: the second finds it done."""
    digest = blake2b(f"segstudio {address.project}".encode(), digest_size=8).digest()
    connection.exec_driver_sql(f"SET LOCAL lock_timeout TO '{_TURN_SECONDS}s'")
    lock = text("SELECT pg_advisory_xact_lock(:number)")
    connection.execute(lock, {"number": int.from_bytes(digest, "little", signed=True)})
    connection.exec_driver_sql(f"SET LOCAL lock_timeout TO '{_LOCK_SECONDS}s'")


def _act_as_owner(connection: Connection, address: TeamAddress, version: int) -> None:
    """New tables belong to whom the old ones belong to. Raises `UserError` where this person may not act as them."""
    row = connection.exec_driver_sql(
        "SELECT pg_get_userbyid(relowner) AS owner, quote_ident(pg_get_userbyid(relowner)) AS quoted,"
        " pg_has_role(relowner, 'MEMBER') AND has_database_privilege(relowner, current_database(), 'CREATE') AS may"
        " FROM pg_class WHERE oid = 'meta'::regclass"
    ).one()
    if not row.may:
        raise UserError(
            f"{address}: an older project (schema {version}), which {row.owner} must open once to bring it up to date",
            hint=f"{row.owner} needs the right to create schemas in the database, for the copy as it was",
        )
    connection.exec_driver_sql(f"SET LOCAL ROLE {row.quoted}")


def _hold_still(connection: Connection) -> None:
    """Nobody writes until the end of the transaction; reading goes on.

    Who writes an image locks its row first, so that the first statement waits for them and keeps others from beginning.
    """
    connection.exec_driver_sql("LOCK TABLE image IN EXCLUSIVE MODE")
    for table in inspect(connection).get_table_names():
        connection.exec_driver_sql(f'LOCK TABLE "{table}" IN SHARE ROW EXCLUSIVE MODE')


def _require_nobody_at_work(connection: Connection, address: TeamAddress, version: int) -> None:
    """Whoever holds an image does so with the older program, which could write no more."""
    if not inspect(connection).has_table("image_lease"):
        return
    at_work = sorted({str(holder) for holder in image_leases.holders(connection).values()})
    if at_work:
        raise UserError(
            f"{address}: an older project (schema {version}) that {' and '.join(at_work)} has open in an older program",
            hint="it is brought up to date at the next opening after it is closed there",
        )


def _grant_as_before(connection: Connection, tables: list[str]) -> None:
    """Who may read or write the project's other tables may do so with the new ones."""
    for table in tables:
        _grant_like(connection, "TABLE", "'image'::regclass", f'"{table}"')
        sequence = connection.execute(
            text(
                "SELECT s.oid::regclass::text FROM pg_class s JOIN pg_depend d ON d.objid = s.oid"
                " WHERE s.relkind = 'S' AND d.deptype = 'a' AND d.refobjid = CAST(:name AS regclass)"
            ),
            {"name": f'"{table}"'},
        ).scalar()
        if sequence is not None:
            _grant_like(connection, "SEQUENCE", "pg_get_serial_sequence('image', 'id')::regclass", str(sequence))


def _grant_like(connection: Connection, kind: str, pattern: str, target: str) -> None:
    grants = connection.exec_driver_sql(
        "SELECT privilege_type, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS who"
        f" FROM pg_class, aclexplode(relacl) WHERE oid = {pattern} AND grantee <> relowner"
    ).all()
    for grant in grants:
        connection.exec_driver_sql(f"GRANT {grant.privilege_type} ON {kind} {target} TO {grant.who}")
