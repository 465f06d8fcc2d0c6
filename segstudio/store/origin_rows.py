"""Origins in the file: the base under a layer's kept history, the edits over it, and sums that were counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from segstudio.core.geometry import Rect
from segstudio.core.progress import CancelToken
from segstudio.store import journal, layer_rows, layers, run_rows, schema
from segstudio.store.faults import damaged
from segstudio.store.origin_replay import UNKNOWN, Base, Origin, OriginRaster, Replay, Step, summed
from segstudio.store.origins import Origins, joined, origin_of, restored_by
from segstudio.store.packing import from_text, unpack_preimage, unpack_touched
from segstudio.store.place import Place
from segstudio.store.records import RunRow
from segstudio.store.seal import seal

SEALED_COLUMNS = ("image_id", "layer", "edit_id", "packed")
_SUM_COLUMNS = ("image_id", "layer", "edit_id", "told")
_BASE, _SUM = schema.origin_base, schema.origin_sum
Counts = list[tuple[Origin, int]]


def origins_of(connection: Connection, key: str, layer: str, path: Place) -> Origins:
    """Who made the objects and the raster of a layer. Raises `UserError` for an unknown image or a damaged journal."""
    replay = replay_of(connection, layers.image_id(connection, key, path), layer, path)
    rest = replay.base.remainder
    painted = [origin for origin, _ in replay.tally()]
    return Origins(replay.objects(), joined(painted), {} if rest == UNKNOWN else rest)


def raster_of(
    connection: Connection, key: str, layer: str, path: Place, *, cancel: CancelToken | None = None
) -> OriginRaster | None:
    """Who made each pixel of a layer; None where the layer is not stored."""
    owner = layers.image_id(connection, key, path)
    if _layer_row(connection, owner, layer) is None:
        return None
    return replay_of(connection, owner, layer, path).raster(cancel=cancel)


def replay_of(connection: Connection, owner: int, layer: str, path: Place) -> Replay:
    """Everything about the origins of a layer. Raises `UserError` where a part of it is damaged."""
    row = _layer_row(connection, owner, layer)
    tiles = {}
    if row is not None:
        for tile in connection.execute(select(schema.tile).where(schema.tile.c.layer_id == row.id)).mappings():
            if not layer_rows.is_sealed(schema.tile, dict(tile)):
                raise damaged(path, f"a tile of layer “{layer}”")
            tiles[tile["ty"], tile["tx"]] = tile["packed"]
    base, steps = _read_steps(connection, owner, layer, read_base(connection, owner, layer, path), path)
    return Replay((row.height, row.width) if row is not None else (1, 1), tiles, base, steps)


def object_ids(connection: Connection, owner: int, layer: str) -> frozenset[int]:
    """The objects that a layer has now."""
    row = _layer_row(connection, owner, layer)
    table = schema.object_
    return (
        frozenset()
        if row is None
        else frozenset(connection.execute(select(table.c.id).where(table.c.layer_id == row.id)).scalars())
    )


def _layer_row(connection: Connection, owner: int, layer: str) -> Row[Any] | None:
    table = schema.layer
    query = select(table).where(table.c.image_id == owner, table.c.name == layer)
    return connection.execute(query).one_or_none()


def _read_steps(
    connection: Connection, owner: int, layer: str, base: Base | None, path: Place
) -> tuple[Base, list[Step]]:
    edit, preimage = schema.edit, schema.preimage
    query = (
        select(edit, preimage.c.packed, preimage.c.seal.label("preimage_seal"))
        .join(preimage, preimage.c.edit_id == edit.c.id, isouter=True)
        .where(edit.c.image_id == owner, edit.c.layer == layer, edit.c.id > (base.edit_id if base is not None else 0))
        .order_by(edit.c.id)
    )
    runs = {row.name: row for row in run_rows.read_runs(connection, path)}
    steps: list[Step] = []
    for row in connection.execute(query):
        if row.seal != seal("edit", *(row._mapping[name] for name in journal.SEALED_COLUMNS)):
            raise damaged(path, f"line {row.id} of the journal")
        if row.packed is None:
            # An earlier program let go of what it replaced: what was there by then is nobody's.
            base, steps = Base.of(UNKNOWN, row.id), []
            continue
        if row.preimage_seal != seal("preimage", row.id, row.packed):
            raise damaged(path, f"what edit {row.id} replaced")
        steps.append(_step(row, runs))
    return base if base is not None else Base(), steps


def _step(row: Row[Any], runs: Mapping[str, RunRow]) -> Step:
    told = from_text(row.provenance)
    patches, objects = unpack_touched(row.packed)
    origin = origin_of(told, runs, person=row.person, tool=row.tool, when=row.at)
    is_undo = bool(row.is_undo)
    return Step(row.id, origin, is_undo, None if is_undo else restored_by(told), patches, objects)


def touched(connection: Connection, edit_id: int, path: Place) -> tuple[list[Rect], list[int]]:
    """Where an edit changed pixels or replaced objects, and the ids of its objects; empty where that is not kept."""
    table = schema.preimage
    row = connection.execute(select(table).where(table.c.edit_id == edit_id)).one_or_none()
    if row is None:
        return [], []
    if row.seal != seal("preimage", edit_id, row.packed):
        raise damaged(path, f"what edit {edit_id} replaced")
    patches, objects, _ = unpack_preimage(row.packed)
    replaced = [item.bounds() for item in objects.values() if item is not None]
    return [*(patch.rect for patch in patches), *replaced], list(objects)


# ── the base ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_base(connection: Connection, owner: int, layer: str, path: Place) -> Base | None:
    """What a layer's kept history stands on; None where it is whole."""
    query = select(_BASE).where(_BASE.c.image_id == owner, _BASE.c.layer == layer)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.seal != seal(_BASE.name, *(row._mapping[name] for name in SEALED_COLUMNS)):
        raise damaged(path, f"the origins of layer “{layer}”")
    return Base.unpack(row.packed, row.edit_id)


def check_bases(connection: Connection, path: Place) -> None:
    """Raise `UserError` for the first base that is damaged."""
    for owner, layer in connection.execute(select(_BASE.c.image_id, _BASE.c.layer)).all():
        read_base(connection, owner, layer, path)


def put_base(connection: Connection, owner: int, layer: str, base: Base) -> None:
    """Put a base in the place of the one before."""
    connection.execute(delete(_BASE).where(_BASE.c.image_id == owner, _BASE.c.layer == layer))
    _insert_base(connection, owner, layer, base)


def begin(connection: Connection, owner: int, layer: str, origin: Origin) -> None:
    """A layer that was not there before came in with labels of that origin."""
    _insert_base(connection, owner, layer, Base.of(origin, 0))


def _insert_base(connection: Connection, owner: int, layer: str, base: Base) -> None:
    values = owner, layer, base.edit_id, base.pack()
    row = {**dict(zip(SEALED_COLUMNS, values, strict=True)), "seal": seal(_BASE.name, *values)}
    connection.execute(insert(_BASE), row)


def begin_anew(connection: Connection, owner: int, layer: str, origin: Origin | None) -> None:
    """A layer was replaced as a whole, by labels of that origin (None: nothing is known of it)."""
    edit = schema.edit
    newest = select(func.max(edit.c.id)).where(edit.c.image_id == owner, edit.c.layer == layer)
    after: int = connection.execute(newest).scalar() or 0
    if origin is not None or after:
        put_base(connection, owner, layer, Base.of(origin or {"kind": "imported"}, after))
    else:
        connection.execute(delete(_BASE).where(_BASE.c.image_id == owner, _BASE.c.layer == layer))
    connection.execute(delete(_SUM).where(_SUM.c.image_id == owner, _SUM.c.layer == layer))


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_sums(connection: Connection, layer: str, path: Place) -> tuple[dict[str, Counts], list[str]]:
    """Labelled pixels by author of each image whose sum still holds, and the other images that have the layer."""
    image, edit, table = schema.image, schema.edit, schema.layer
    newest = (
        select(edit.c.image_id, func.max(edit.c.id).label("newest"))
        .where(edit.c.layer == layer)
        .group_by(edit.c.image_id)
        .subquery()
    )
    query = (
        select(image.c.key, newest.c.newest, *_SUM.columns)
        .select_from(table)
        .join(image, image.c.id == table.c.image_id)
        .join(newest, newest.c.image_id == image.c.id, isouter=True)
        .join(_SUM, (_SUM.c.image_id == image.c.id) & (_SUM.c.layer == layer), isouter=True)
        .where(table.c.name == layer)
        .order_by(image.c.id)
    )
    counted: dict[str, Counts] = {}
    missing = []
    for row in connection.execute(query):
        holds = row.told is not None and row.edit_id == (row.newest or 0)
        if holds and row.seal == seal(_SUM.name, *(row._mapping[name] for name in _SUM_COLUMNS)):
            counted[row.key] = [(origin, pixels) for origin, pixels in json.loads(row.told)]
        else:
            missing.append(row.key)
    return counted, missing


def count(
    connection: Connection, key: str, layer: str, path: Place, *, cancel: CancelToken | None = None
) -> tuple[int, Counts]:
    """The newest edit of a layer, and the labelled pixels by author after it."""
    owner = layers.image_id(connection, key, path)
    replay = replay_of(connection, owner, layer, path)
    return replay.newest, summed(replay.tally(cancel=cancel))


def put_sums(connection: Connection, layer: str, counted: Iterable[tuple[str, int, Counts]], path: Place) -> None:
    """Keep what was counted of (image key, newest edit, pixels by author); it holds until the next edit."""
    for key, edit_id, counts in counted:
        owner = layers.image_id(connection, key, path)
        connection.execute(delete(_SUM).where(_SUM.c.image_id == owner, _SUM.c.layer == layer))
        told = json.dumps([[dict(origin), pixels] for origin, pixels in counts], ensure_ascii=False)
        values = owner, layer, edit_id, told
        row = {**dict(zip(_SUM_COLUMNS, values, strict=True)), "seal": seal(_SUM.name, *values)}
        connection.execute(insert(_SUM), row)


def total(sums: Iterable[Sequence[tuple[Origin, int]]]) -> Counts:
    """The sums of several images as one."""
    return summed(one for counts in sums for one in counts)
