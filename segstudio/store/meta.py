"""Facts about the project as a whole, by key, each under a seal."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, insert, select, update

from segstudio.store import schema
from segstudio.store.faults import damaged
from segstudio.store.packing import to_text
from segstudio.store.place import Place
from segstudio.store.seal import seal


def put(connection: Connection, key: str, value: Any) -> None:
    """Set a fact; `value` is anything JSON can hold."""
    text = to_text({"value": value})
    values = {"value": text, "seal": seal("meta", key, text)}
    # Updated in its place, so that whoever waits for the row's lock sees what was put there.
    if connection.execute(update(schema.meta).where(schema.meta.c.key == key).values(values)).rowcount == 0:
        connection.execute(insert(schema.meta).values(key=key, **values))


def get(connection: Connection, key: str, path: Place, *, to_change: bool = False) -> Any:
    """A fact, None where it was never set; `to_change` keeps others from changing it before the transaction ends.

    Raises `UserError` where the row is damaged.
    """
    query = select(schema.meta).where(schema.meta.c.key == key)
    row = connection.execute(query.with_for_update() if to_change else query).one_or_none()
    if row is None:
        return None
    if row.seal != seal("meta", row.key, row.value):
        raise damaged(path, f"the fact “{key}”")
    return json.loads(row.value)["value"]
