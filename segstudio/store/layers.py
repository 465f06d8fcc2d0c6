"""Whole layers: saved, read back and checked against their digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.core.preimages import TileKey
from segstudio.core.raster import TILE, SegmentIds
from segstudio.core.segments import Segment
from segstudio.store import layer_rows, schema
from segstudio.store.faults import damaged
from segstudio.store.layer_rows import PARTS
from segstudio.store.packing import from_text, tile_rect, to_text
from segstudio.store.place import Place
from segstudio.store.seal import seal

_TABLE = schema.layer
SEALED_COLUMNS = ("image_id", "name", "height", "width", "has_raster", "locked", "run", "extra")
_FIND = (
    select(_TABLE)
    .join(schema.image, schema.image.c.id == _TABLE.c.image_id)
    .where(schema.image.c.key == bindparam("image_key"), _TABLE.c.name == bindparam("layer_name"))
)
_IMAGE_ID = select(schema.image.c.id).where(schema.image.c.key == bindparam("image_key"))
_NAMES = (
    select(_TABLE.c.name)
    .join(schema.image, schema.image.c.id == _TABLE.c.image_id)
    .where(schema.image.c.key == bindparam("image_key"))
    .order_by(_TABLE.c.id)
)
_SELECTS = {table.name: select(table).where(table.c.layer_id == bindparam("owner")) for table in PARTS}


@dataclass(frozen=True, slots=True)
class LayerHead:
    """What is kept of a layer beside its rows."""

    name: str
    size_hw: tuple[int, int]
    has_raster: bool
    locked: bool = False
    run: str = ""
    extra: str = ""


def image_id(connection: Connection, key: str, path: Place) -> int:
    """The number of an image. Raises `UserError` for an unknown key."""
    found = connection.execute(_IMAGE_ID, {"image_key": key}).scalar_one_or_none()
    if found is None:
        raise UserError(f"{path}: there is no image {key!r} in this project")
    return int(found)


def find(connection: Connection, key: str, name: str) -> Row[Any] | None:
    """The row of an image's layer."""
    return connection.execute(_FIND, {"image_key": key, "layer_name": name}).one_or_none()


def names(connection: Connection, key: str) -> list[str]:
    """The names of an image's layers, oldest first."""
    return list(connection.execute(_NAMES, {"image_key": key}).scalars())


def keys_with(connection: Connection, name: str) -> frozenset[str]:
    """The keys of the images that have a layer of that name."""
    image = schema.image
    query = select(image.c.key).join(_TABLE, image.c.id == _TABLE.c.image_id).where(_TABLE.c.name == name)
    return frozenset(connection.execute(query).scalars())


def all_names(connection: Connection) -> list[tuple[str, str]]:
    """(image key, layer name) of every layer."""
    image = schema.image
    query = select(image.c.key, _TABLE.c.name).join(image, image.c.id == _TABLE.c.image_id).order_by(_TABLE.c.id)
    return [(key, name) for key, name in connection.execute(query)]


def save(
    connection: Connection,
    owner: int,
    head: LayerHead,
    annotation: Annotation,
    *,
    tiles: dict[TileKey, bytes | None] | None = None,
) -> None:
    """Write a whole layer in the place of the one of that name; `tiles` where its raster is packed already."""
    layer_id = put_head(connection, owner, head)
    if tiles is None:
        tiles = {} if annotation.labels_hw is None else pack_tiles(annotation.labels_hw)
    digest = fill(connection, layer_id, tiles, annotation)
    set_digest(connection, layer_id, digest)


def put_head(connection: Connection, owner: int, head: LayerHead) -> int:
    """Drop the layer of that name and begin it anew, empty; returns its number."""
    connection.execute(delete(_TABLE).where(_TABLE.c.image_id == owner, _TABLE.c.name == head.name))
    height, width = (int(side) for side in head.size_hw)
    values = (owner, head.name, height, width, int(head.has_raster), int(head.locked), head.run, head.extra)
    row = {**dict(zip(SEALED_COLUMNS, values, strict=True)), "digest": 0, "seal": seal("layer", *values)}
    result = connection.execute(insert(_TABLE).values(**row))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def fill(connection: Connection, layer_id: int, tiles: dict[TileKey, bytes | None], rest: Annotation) -> int:
    """Add all rows of an empty layer; returns its digest."""
    digest = layer_rows.insert_rows(connection, schema.tile, layer_rows.tile_rows(layer_id, tiles))
    digest ^= layer_rows.insert_rows(connection, schema.segment, layer_rows.segment_rows(layer_id, rest.segments))
    digest ^= layer_rows.insert_rows(connection, schema.object_, layer_rows.object_rows(layer_id, rest.objects))
    confidence = layer_rows.confidence_rows(layer_id, rest.confidence_hw)
    return digest ^ layer_rows.insert_rows(connection, schema.confidence, confidence)


def set_digest(connection: Connection, layer_id: int, digest: int, *, has_raster: Row[Any] | None = None) -> None:
    """Store a layer's digest; with `has_raster`, its row so far, also that the layer now has a raster."""
    values: dict[str, Any] = {"digest": digest}
    if has_raster is not None and not has_raster.has_raster:
        head = [1 if name == "has_raster" else has_raster._mapping[name] for name in SEALED_COLUMNS]
        values |= {"has_raster": 1, "seal": seal("layer", *head)}
    connection.execute(update(_TABLE).where(_TABLE.c.id == layer_id).values(**values))


def pack_tiles(ids_hw: SegmentIds) -> dict[TileKey, bytes | None]:
    """Every labelled tile of a raster, packed."""
    height, width = ids_hw.shape
    keys = Rect.of_size(height, width).grid(TILE)
    packed = {
        key: layer_rows.pack_tile(key, (height, width), ids_hw[tile_rect(key, (height, width)).slices]) for key in keys
    }
    return {key: tile for key, tile in packed.items() if tile is not None}


def load(connection: Connection, key: str, name: str, path: Place) -> Annotation | None:
    """Read a layer; None where there is none. Raises `UserError` where any of its rows is damaged or missing."""
    head = find(connection, key, name)
    if head is None:
        return None
    where = f"layer “{name}” of image {key!r}"
    if head.seal != seal("layer", *(head._mapping[column] for column in SEALED_COLUMNS)):
        raise damaged(path, where)
    rows = {table.name: _sealed_rows(connection, table.name, head.id, path, where) for table in PARTS}
    found = 0
    for table_rows in rows.values():
        for row in table_rows:
            found ^= row["seal"]
    if found != head.digest:
        raise damaged(path, f"{where}: a part is missing")
    try:
        return _annotation(head, rows)
    except ValueError as error:
        raise damaged(path, f"{where}: {error}") from None


def segments_of(connection: Connection, layer_id: int) -> dict[int, Segment]:
    """The segments of a layer as they are stored."""
    rows = connection.execute(_SELECTS[schema.segment.name], {"owner": layer_id}).mappings()
    return {row["id"]: layer_rows.read_segment(dict(row)) for row in rows}


def _sealed_rows(connection: Connection, table: str, layer_id: int, path: Place, where: str) -> list[dict[str, Any]]:
    rows = [dict(row) for row in connection.execute(_SELECTS[table], {"owner": layer_id}).mappings()]
    for row in rows:
        if not layer_rows.is_sealed(schema.tables.tables[table], row):
            raise damaged(path, f"{where}: a {table}")
    return rows


def _annotation(head: Row[Any], rows: dict[str, list[dict[str, Any]]]) -> Annotation:
    size_hw = head.height, head.width
    labels_hw = None
    if head.has_raster:
        labels_hw = np.zeros(size_hw, np.uint16)
        for row in rows[schema.tile.name]:
            layer_rows.read_tile(row, labels_hw)
    segments = tuple(layer_rows.read_segment(row) for row in rows[schema.segment.name])
    objects = sorted((layer_rows.read_object(row) for row in rows[schema.object_.name]), key=lambda o: (o.z, o.id))
    confidence = [layer_rows.read_confidence(row, size_hw) for row in rows[schema.confidence.name]]
    return Annotation(
        size_hw, labels_hw, segments, tuple(objects), confidence[0] if confidence else None, from_text(head.extra)
    )


def head_of(name: str, annotation: Annotation, *, locked: bool, run: str) -> LayerHead:
    """The head under which an annotation is saved."""
    extra = to_text(annotation.extra)
    return LayerHead(name, annotation.size_hw, annotation.labels_hw is not None, locked, run, extra)
