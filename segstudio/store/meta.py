"""Facts about the project as a whole, by key, each under a seal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from segstudio.store import schema
from segstudio.store.faults import damaged
from segstudio.store.packing import to_text
from segstudio.store.seal import seal


def put(connection: Connection, key: str, value: Any) -> None:
    """Set a fact; `value` is anything JSON can hold."""
    text = to_text({"value": value})
    connection.execute(delete(schema.meta).where(schema.meta.c.key == key))
    connection.execute(insert(schema.meta).values(key=key, value=text, seal=seal("meta", key, text)))


def get(connection: Connection, key: str, path: Path) -> Any:
    """A fact, None where it was never set. Raises `UserError` where the row is damaged."""
    row = connection.execute(select(schema.meta).where(schema.meta.c.key == key)).one_or_none()
    if row is None:
        return None
    if row.seal != seal("meta", row.key, row.value):
        raise damaged(path, f"the fact “{key}”")
    return json.loads(row.value)["value"]
