"""The facts of layers in the file: written with the edit that changes them, dropped where they no longer hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from segstudio.store import schema
from segstudio.store.image_facts import ImageFacts
from segstudio.store.seal import seal

_TABLE = schema.image_facts
_FORGET = delete(_TABLE).where(_TABLE.c.image_id == bindparam("owner"), _TABLE.c.layer == bindparam("layer_name"))
_ALL = select(schema.image.c.key, _TABLE.c.image_id, _TABLE.c.layer, _TABLE.c.packed, _TABLE.c.seal).join(
    schema.image, schema.image.c.id == _TABLE.c.image_id
)


@dataclass(frozen=True, slots=True)
class PackedFacts:
    """The facts of one layer of an image, as `ImageFacts.pack` wrote them."""

    key: str
    layer: str
    packed: bytes


@dataclass(frozen=True, slots=True)
class LastEdit:
    """Who edited an image last, and when (UTC, ISO 8601)."""

    person: str
    when: str


def forget(connection: Connection, owner: int, layer: str) -> None:
    """Drop the facts of a layer that is not as it was."""
    connection.execute(_FORGET, {"owner": owner, "layer_name": layer})


def put(connection: Connection, owner: int, layer: str, facts: ImageFacts) -> None:
    """Write the facts of a layer in the place of the old ones."""
    forget(connection, owner, layer)
    packed = facts.pack()
    values = {"image_id": owner, "layer": layer, "packed": packed}
    connection.execute(insert(_TABLE), {**values, "seal": seal("image_facts", owner, layer, packed)})


def put_many(connection: Connection, rows: Iterable[tuple[str, str, ImageFacts]]) -> None:
    """Write the facts of many (image key, layer name); images that are no longer there are left out."""
    rows = list(rows)
    image = schema.image
    known = select(image.c.key, image.c.id).where(image.c.key.in_([key for key, _, _ in rows]))
    owners = {key: owner for key, owner in connection.execute(known)}
    for key, layer, facts in rows:
        if key in owners:
            put(connection, owners[key], layer, facts)


def read_all(connection: Connection) -> list[PackedFacts]:
    """The facts of every layer that has them, in the order of the images.

    A row that does not bear its seal is left out: facts can be found anew, and wrong ones are worse than none.
    """
    rows = connection.execute(_ALL.order_by(_TABLE.c.image_id, _TABLE.c.layer)).all()
    return [
        PackedFacts(key, layer, packed)
        for key, owner, layer, packed, stamp in rows
        if stamp == seal("image_facts", owner, layer, packed)
    ]


def keys_with(connection: Connection, layer: str) -> frozenset[str]:
    """The images of which the facts of that layer are known."""
    query = select(schema.image.c.key).join(_TABLE, schema.image.c.id == _TABLE.c.image_id)
    return frozenset(connection.execute(query.where(_TABLE.c.layer == layer)).scalars())


def layers_without(connection: Connection) -> list[tuple[str, str]]:
    """(image key, layer name) of the stored layers whose facts are not known, in the order of the images."""
    image, layer = schema.image, schema.layer
    beside = (_TABLE.c.image_id == layer.c.image_id) & (_TABLE.c.layer == layer.c.name)
    query = (
        select(image.c.key, layer.c.name)
        .join(image, image.c.id == layer.c.image_id)
        .join(_TABLE, beside, isouter=True)
        .where(_TABLE.c.image_id.is_(None))
        .order_by(image.c.id, layer.c.id)
    )
    return [(key, name) for key, name in connection.execute(query)]


def last_edits(connection: Connection) -> Mapping[str, LastEdit]:
    """The last edit of each image that was edited."""
    image, edit = schema.image, schema.edit
    newest = select(func.max(edit.c.id)).group_by(edit.c.image_id)
    query = select(image.c.key, edit.c.person, edit.c.at).join(image, image.c.id == edit.c.image_id)
    return {key: LastEdit(person, at) for key, person, at in connection.execute(query.where(edit.c.id.in_(newest)))}
