"""The rows that a layer consists of, tiles, segments, objects and confidence, and their seals."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Delete, Select, Table, bindparam, delete, insert, select

from segstudio.core.objects import SegObject
from segstudio.core.preimages import TileKey, packed_tile
from segstudio.core.raster import RasterPatch, SegmentIds
from segstudio.core.segments import Segment
from segstudio.store import schema
from segstudio.store.packing import from_text, pack_shape, tile_rect, to_text, unpack_shape
from segstudio.store.seal import Value, seal

PARTS: tuple[Table, ...] = (schema.tile, schema.segment, schema.object_, schema.confidence)
"""The tables whose rows make up a layer."""

Rows = list[dict[str, Any]]


def pack_tile(key: TileKey, size_hw: tuple[int, int], tile: SegmentIds | bytes) -> bytes | None:
    """A tile as it is stored, from its pixels or from what `packed_tile` made of them; None where none is labelled."""
    return (tile if isinstance(tile, bytes) else packed_tile(tile_rect(key, size_hw), tile)) or None


def tile_rows(layer_id: int, tiles: Mapping[TileKey, bytes | None]) -> Rows:
    """Rows of the tiles that have labelled pixels."""
    rows = []
    for (ty, tx), packed in tiles.items():
        if packed is not None:
            row = {"layer_id": layer_id, "ty": ty, "tx": tx, "packed": packed}
            rows.append(_sealed(schema.tile, row))
    return rows


def segment_rows(layer_id: int, segments: Iterable[Segment]) -> Rows:
    """Rows of a layer's segments."""
    return [
        _sealed(
            schema.segment,
            {
                "layer_id": layer_id,
                "id": int(s.id),
                "class_id": int(s.class_id),
                "instance": int(s.instance),
                "is_crowd": int(s.is_crowd),
                "attributes": to_text(s.attributes),
            },
        )
        for s in segments
    ]


def object_rows(layer_id: int, objects: Iterable[SegObject]) -> Rows:
    """Rows of a layer's objects."""
    return [
        _sealed(
            schema.object_,
            {
                "layer_id": layer_id,
                "id": int(item.id),
                "class_id": int(item.class_id),
                "z": int(item.z),
                "score": None if item.score is None else float(item.score),
                "is_crowd": int(item.is_crowd),
                "locked": int(item.locked),
                "shape": pack_shape(item.shape),
                "attributes": to_text(item.attributes),
                "extra": to_text(item.extra),
            },
        )
        for item in objects
    ]


def confidence_rows(layer_id: int, confidence_hw: NDArray[np.uint8] | None) -> Rows:
    """The row of a layer's confidence, deflated."""
    if confidence_hw is None:
        return []
    packed = zlib.compress(np.ascontiguousarray(confidence_hw, np.uint8).tobytes(), 1)
    return [_sealed(schema.confidence, {"layer_id": layer_id, "packed": packed})]


def is_sealed(table: Table, row: Mapping[str, Any]) -> bool:
    """Whether the row is as it was written."""
    return bool(row["seal"] == _seal_of(table, row))


def read_tile(row: Mapping[str, Any], into_hw: SegmentIds) -> None:
    """Unpack a tile's row into the raster of its layer."""
    height, width = into_hw.shape
    rect = tile_rect((row["ty"], row["tx"]), (height, width))
    into_hw[rect.slices] = RasterPatch(rect, row["packed"]).unpack()


def read_segment(row: Mapping[str, Any]) -> Segment:
    """The segment of a row."""
    attributes = from_text(row["attributes"])
    return Segment(row["id"], row["class_id"], row["instance"], bool(row["is_crowd"]), attributes)


def read_object(row: Mapping[str, Any]) -> SegObject:
    """The object of a row."""
    return SegObject(
        row["id"],
        row["class_id"],
        unpack_shape(row["shape"]),
        row["score"],
        bool(row["is_crowd"]),
        row["z"],
        bool(row["locked"]),
        from_text(row["attributes"]),
        from_text(row["extra"]),
    )


def read_confidence(row: Mapping[str, Any], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """The confidence of a row, uint8 `[H, W]`. Raises `ValueError` where it is damaged."""
    try:
        raw = zlib.decompress(row["packed"])
    except zlib.error as error:
        raise ValueError(f"damaged confidence: {error}") from None
    return np.frombuffer(raw, np.uint8).reshape(size_hw).copy()


def replace_rows(connection: Connection, table: Table, layer_id: int, keys: Iterable[Any], rows: Rows) -> int:
    """Put `rows` in the place of the rows with `keys`; returns how the layer's digest changes."""
    wanted = [{"owner": layer_id, **_key_values(table, key)} for key in keys]
    if not wanted:
        return 0
    find, remove = _BY_KEY[table.name]
    change = 0
    for key in wanted:
        old: int | None = connection.execute(find, key).scalar()  # type: ignore[assignment]
        change ^= old or 0
    connection.execute(remove, wanted)
    return change ^ insert_rows(connection, table, rows)


def insert_rows(connection: Connection, table: Table, rows: Rows) -> int:
    """Add rows; returns how the layer's digest changes."""
    change = 0
    if rows:
        connection.execute(_INSERTS[table.name], rows)
    for row in rows:
        change ^= row["seal"]
    return change


def _key_values(table: Table, key: Any) -> dict[str, Any]:
    return {"ty_": key[0], "tx_": key[1]} if table is schema.tile else {"id_": key}


def _sealed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    row["seal"] = _seal_of(table, row)
    return row


def _seal_of(table: Table, row: Mapping[str, Any]) -> int:
    values: list[Value] = [row[name] for name in SEALED_COLUMNS[table.name]]
    return seal(table.name, *values)


def _by_key(table: Table) -> tuple[Select[tuple[int]], Delete]:
    match = [table.c.layer_id == bindparam("owner")]
    match += [table.c[name] == bindparam(f"{name}_") for name in ("ty", "tx", "id") if name in table.c]
    return select(table.c.seal).where(*match), delete(table).where(*match)


# Built once, so that SQLAlchemy compiles each statement once.
SEALED_COLUMNS = {table.name: [c.name for c in table.columns if c.name != "seal"] for table in PARTS}
_BY_KEY = {table.name: _by_key(table) for table in (schema.tile, schema.segment, schema.object_)}
_INSERTS = {table.name: insert(table) for table in PARTS}
