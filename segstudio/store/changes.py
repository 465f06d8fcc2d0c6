"""One committed edit on its way into the file: copied on the thread that made it, packed and written on the lane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, delete

from segstudio.core.class_set import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation, Layer
from segstudio.core.objects import SegObject
from segstudio.core.preimages import TileKey
from segstudio.core.raster import SegmentIds
from segstudio.core.segments import Segment
from segstudio.core.transaction import Edit
from segstudio.store import fact_rows, journal, layer_rows, layers, meta, origin_rows, schema
from segstudio.store.class_merge import merge
from segstudio.store.image_facts import ImageFacts
from segstudio.store.layers import LayerHead
from segstudio.store.origin_replay import UNKNOWN
from segstudio.store.packing import to_text
from segstudio.store.place import Place

_FORGET_SCORE = delete(schema.image_score).where(
    schema.image_score.c.image_id == bindparam("owner"), schema.image_score.c.layer == bindparam("layer_name")
)


@dataclass(frozen=True, slots=True)
class Change:
    """What one edit leaves in the file: the touched tiles, objects and segments as they are now (None = gone).

    `whole` holds the layer, but for its tiles, where the file does not have it yet; `tiles` are all that are labelled
    then, and the other parts are empty. `facts` are those of
    the layer after the edit, None where they are not known. `token` tells the edit from all others of a
    team, and `classes_before` are those that the edit was made under; both are only of use to a team.
    """

    key: str
    head: LayerHead
    edit: Edit
    is_undo: bool
    when: str
    tiles: Mapping[TileKey, SegmentIds | bytes]
    objects: Mapping[int, SegObject | None]
    segments: Mapping[int, Segment | None]
    whole: Annotation | None = None
    class_set: ClassSet | None = None
    facts: ImageFacts | None = None
    token: str | None = None
    classes_before: ClassSet | None = None


def capture(
    key: str,
    layer: Layer,
    edit: Edit,
    *,
    stored_segments: Mapping[int, Segment] | None,
    is_undo: bool,
    when: str,
    class_set: ClassSet | None,
) -> Change:
    """Copy what `edit` touched out of the open layer; `stored_segments` is None where the file lacks the layer."""
    head = LayerHead(layer.name, layer.size_hw, bool(edit.patches), layer.locked, "", to_text(layer.extra))
    if stored_segments is None:
        items = tuple(layer.objects.in_order())
        whole = Annotation(layer.size_hw, None, tuple(layer.segments), items, layer.confidence_hw, layer.extra)
        drawn = {k: _tile(layer, edit, k, r) for k, r in layer.raster.drawn_tiles() if layer.raster.view(r).any()}
        full = replace(head, has_raster=bool(drawn) or head.has_raster)
        return Change(key, full, edit, is_undo, when, drawn, {}, {}, whole, class_set)
    tiles = {
        tile_key: _tile(layer, edit, tile_key, rect)
        for patch in edit.patches
        for tile_key, rect in layer.raster.tiles(patch.rect)
    }
    objects = {patch.id: layer.objects.get(patch.id) for patch in edit.objects}
    segments: dict[int, Segment | None] = {patch.id: layer.segments.get(patch.id) for patch in edit.segments}
    segments |= _unrecorded_segments(layer, stored_segments)
    return Change(key, head, edit, is_undo, when, tiles, objects, segments, None, class_set)


def _tile(layer: Layer, edit: Edit, key: TileKey, rect: Rect) -> SegmentIds | bytes:
    """What a tile holds now: as a large edit packed it, else a copy."""
    packed = edit.tiles_now.get(key)
    return layer.raster.view(rect).copy() if packed is None else packed


def _unrecorded_segments(layer: Layer, stored: Mapping[int, Segment]) -> dict[int, Segment | None]:
    """Segments that loaders added outside an edit (a class set that grew): pixels may refer to them from now on."""
    missing: dict[int, Segment | None] = {}
    for segment in layer.segments:
        known = stored.get(segment.id)
        if known is not segment and known != segment:
            missing[segment.id] = segment
    return missing


def write(connection: Connection, change: Change, path: Place) -> None:
    """Put a change into the file, inside the caller's transaction."""
    owner = layers.image_id(connection, change.key, path)
    if change.whole is not None:
        before = layers.find(connection, change.key, change.head.name)
        if before is not None and (before.height, before.width) != change.head.size_hw:
            origin_rows.begin_anew(connection, owner, change.head.name, UNKNOWN)
        layers.save(connection, owner, change.head, change.whole, tiles=_packed(change))
    else:
        _write_parts(connection, change, path)
    connection.execute(_FORGET_SCORE, {"owner": owner, "layer_name": change.head.name})
    if change.facts is None:
        fact_rows.forget(connection, owner, change.head.name)
    else:
        fact_rows.put(connection, owner, change.head.name, change.facts)
    journal.add(connection, owner, change.edit, is_undo=change.is_undo, when=change.when, token=change.token)
    if change.class_set is not None:
        put_classes(connection, change.class_set, change.classes_before, path)


def put_classes(connection: Connection, class_set: ClassSet, before: ClassSet | None, path: Place) -> None:
    """Store the classes; with those `before`, what somebody else did to them meanwhile stays (see `class_merge`)."""
    if before is not None:
        stored = meta.get(connection, "class_set", path, to_change=True)
        if stored is not None:
            class_set = merge(before, class_set, ClassSet.from_json(stored, where=str(path)))
    meta.put(connection, "class_set", class_set.to_json())


def _packed(change: Change) -> dict[TileKey, bytes | None]:
    size_hw = change.head.size_hw
    return {key: layer_rows.pack_tile(key, size_hw, tile) for key, tile in change.tiles.items()}


def _write_parts(connection: Connection, change: Change, path: Place) -> None:
    row = layers.find(connection, change.key, change.head.name)
    if row is None:
        raise RuntimeError(f"{path}: layer {change.head.name!r} of {change.key!r} vanished from the project")
    packed = _packed(change)
    digest = row.digest ^ layer_rows.replace_rows(
        connection, schema.tile, row.id, packed, layer_rows.tile_rows(row.id, packed)
    )
    kept = [item for item in change.objects.values() if item is not None]
    digest ^= layer_rows.replace_rows(
        connection, schema.object_, row.id, change.objects, layer_rows.object_rows(row.id, kept)
    )
    named = [segment for segment in change.segments.values() if segment is not None]
    digest ^= layer_rows.replace_rows(
        connection, schema.segment, row.id, change.segments, layer_rows.segment_rows(row.id, named)
    )
    layers.set_digest(connection, row.id, digest, has_raster=row if change.head.has_raster else None)
