"""The journal: which edit, of what, when, by whom and how, with the state it replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from segstudio.core.transaction import Edit
from segstudio.store import schema
from segstudio.store.faults import damaged
from segstudio.store.packing import from_text, pack_preimage, to_text
from segstudio.store.place import Place
from segstudio.store.records import EditRow
from segstudio.store.seal import seal

_TABLE = schema.edit
SEALED_COLUMNS = ("image_id", "layer", "name", "at", "person", "tool", "pixels", "seconds", "is_undo", "provenance")


def now() -> str:
    """The time as it is stored: UTC, ISO 8601. Order comes from row numbers, for clocks jump."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def add(connection: Connection, owner: int, edit: Edit, *, is_undo: bool, when: str, token: str | None = None) -> None:
    """Write an edit's line and what it replaced."""
    origin = edit.provenance
    person, tool = str(origin.get("person", "")), str(origin.get("tool", ""))
    rest = {key: value for key, value in origin.items() if key not in ("person", "tool")}
    values = (owner, edit.layer, edit.name, when, person, tool, edit.pixels, edit.seconds, int(is_undo), to_text(rest))
    row = {**dict(zip(SEALED_COLUMNS, values, strict=True)), "token": token, "seal": seal("edit", *values)}
    result = connection.execute(insert(_TABLE), row)
    assert result.inserted_primary_key is not None
    edit_id = int(result.inserted_primary_key[0])
    packed = pack_preimage(edit)
    preimage_seal = seal("preimage", edit_id, packed)
    connection.execute(insert(schema.preimage), {"edit_id": edit_id, "packed": packed, "seal": preimage_seal})


def read(connection: Connection, path: Place, *, key: str | None, limit: int | None, after: int = 0) -> list[EditRow]:
    """The newest edits, oldest first, of one image or of all; only those after an edit where one is given."""
    image = schema.image
    query = select(_TABLE, image.c.key.label("image_key")).join(image, image.c.id == _TABLE.c.image_id)
    if key is not None:
        query = query.where(image.c.key == key)
    if after:
        query = query.where(_TABLE.c.id > after)
    rows = connection.execute(query.order_by(_TABLE.c.id.desc()).limit(limit)).all()
    return [_edit_row(row, path) for row in reversed(rows)]


def _edit_row(row: Row[Any], path: Place) -> EditRow:
    if row.seal != seal("edit", *(row._mapping[name] for name in SEALED_COLUMNS)):
        raise damaged(path, f"line {row.id} of the journal")
    return EditRow(
        row.id,
        row.image_key,
        row.layer,
        row.name,
        row.at,
        row.person,
        row.tool,
        row.pixels,
        row.seconds,
        bool(row.is_undo),
        from_text(row.provenance),
    )
