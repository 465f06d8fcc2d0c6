"""Model runs and the confusion counts of images, which let a list be sorted by IoU without reading a pixel."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, delete, insert, select, update

from segstudio.core.errors import UserError
from segstudio.store import schema
from segstudio.store.faults import damaged
from segstudio.store.packing import from_text, to_text
from segstudio.store.place import Place
from segstudio.store.records import EARLIER_WEIGHTS, RunRow, ScoreRow
from segstudio.store.seal import seal

SEALED_COLUMNS = ("name", "model", "weights_hash", "settings", "device", "at")


def add_run(connection: Connection, row: RunRow, path: Place) -> None:
    """Write a run. Raises `UserError` where its name is taken."""
    table = schema.run
    if connection.execute(select(table.c.id).where(table.c.name == row.name)).first() is not None:
        raise UserError(f"{path}: there is a run {row.name!r} already")
    values = (row.name, row.model, row.weights_hash, to_text(row.settings), row.device, row.when)
    fields: Mapping[str, Any] = dict(zip(SEALED_COLUMNS, values, strict=True))
    connection.execute(insert(table).values(**fields, seal=seal("run", *values)))


def note_weights(connection: Connection, name: str, weights_hash: str, when: str, path: Place) -> None:
    """Give a run other weights from `when` on; what it had stays in its settings with the time up to which it held.

    Nothing happens where they are the same. Raises `UserError` where there is no such run.
    """
    table = schema.run
    row = connection.execute(select(table).where(table.c.name == name).with_for_update()).one_or_none()
    if row is None:
        raise UserError(f"{path}: there is no run {name!r}")
    if row.weights_hash == weights_hash:
        return
    settings = from_text(row.settings)
    earlier = [*settings.get(EARLIER_WEIGHTS, ()), [row.weights_hash, when]]
    fields = {column: row._mapping[column] for column in SEALED_COLUMNS}
    fields |= {"weights_hash": weights_hash, "settings": to_text({**settings, EARLIER_WEIGHTS: earlier})}
    sealed = seal("run", *fields.values())
    connection.execute(update(table).where(table.c.id == row.id).values(**fields, seal=sealed))


def read_runs(connection: Connection, path: Place) -> list[RunRow]:
    """Every run in the order of adding."""
    rows = connection.execute(select(schema.run).order_by(schema.run.c.id)).all()
    for row in rows:
        if row.seal != seal("run", *(row._mapping[name] for name in SEALED_COLUMNS)):
            raise damaged(path, f"run {row.name!r}")
    return [RunRow(r.name, r.model, r.weights_hash, from_text(r.settings), r.device, r.at) for r in rows]


def put_score(
    connection: Connection, owner: int, layer: str, counts: NDArray[np.int64], missed: NDArray[np.int64]
) -> None:
    """Write the confusion counts `[C, C]` and missed pixels `[C]` of an image's layer in the place of the old ones."""
    table = schema.image_score
    square = np.concatenate([counts, missed.reshape(-1, 1)], axis=1).astype("<i8")
    packed = zlib.compress(square.tobytes(), 1)
    values = (owner, layer, len(square), packed)
    connection.execute(delete(table).where(table.c.image_id == owner, table.c.layer == layer))
    row = dict(zip(("image_id", "layer", "classes", "packed"), values, strict=True))
    connection.execute(insert(table).values(**row, seal=seal("image_score", *values)))


def scored_keys(connection: Connection, layer: str) -> list[str]:
    """The images of which that layer has a score, in order."""
    image, table = schema.image, schema.image_score
    query = select(image.c.key).join(table, image.c.id == table.c.image_id).where(table.c.layer == layer)
    return list(connection.execute(query.order_by(image.c.id)).scalars())


def read_scores(
    connection: Connection, layer: str, path: Place, *, keys: Sequence[str] | None = None
) -> list[ScoreRow]:
    """The scores of one layer over all images, or those of some, in the order of the images."""
    image, table = schema.image, schema.image_score
    query = select(table, image.c.key).join(image, image.c.id == table.c.image_id).where(table.c.layer == layer)
    if keys is not None:
        query = query.where(image.c.key.in_(keys))
    return [_score(row, path) for row in connection.execute(query.order_by(image.c.id))]


def _score(row: Row[Any], path: Place) -> ScoreRow:
    if row.seal != seal("image_score", row.image_id, row.layer, row.classes, row.packed):
        raise damaged(path, f"the score of image {row.key!r}")
    square = np.frombuffer(zlib.decompress(row.packed), "<i8").reshape(row.classes, row.classes + 1)
    return ScoreRow(row.key, row.layer, square[:, :-1].astype(np.int64), square[:, -1].astype(np.int64))
