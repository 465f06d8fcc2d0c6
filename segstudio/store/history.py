"""Going back: the state of a layer after any edit that is still kept, and names for states of the project."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, Select, Table, delete, func, insert, select

from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.store import journal, layers, schema
from segstudio.store.faults import damaged
from segstudio.store.packing import unpack_preimage
from segstudio.store.place import Place
from segstudio.store.records import VersionRow
from segstudio.store.seal import Value, seal

VERSION_COLUMNS = ("name", "edit_id", "at", "person")
IMAGE_VERSION_COLUMNS = ("image_id", *VERSION_COLUMNS)


def state_after(connection: Connection, key: str, layer: str, edit_id: int, path: Place) -> Annotation:
    """The layer as it was after edit `edit_id` (0 = before the first): every later edit of it taken back.

    Raises `UserError` where there is no such layer, a later edit is no longer kept, or its row is damaged.
    """
    current = layers.load(connection, key, layer, path)
    if current is None:
        raise UserError(f"{path}: image {key!r} has no layer “{layer}”")
    owner = layers.image_id(connection, key, path)
    edit, preimage = schema.edit, schema.preimage
    query = (
        select(edit.c.id, preimage.c.packed, preimage.c.seal)
        .join(preimage, preimage.c.edit_id == edit.c.id, isouter=True)
        .where(edit.c.image_id == owner, edit.c.layer == layer, edit.c.id > edit_id)
        .order_by(edit.c.id.desc())
    )
    labels_hw = None if current.labels_hw is None else current.labels_hw.copy()
    objects = {item.id: item for item in current.objects}
    segments = {segment.id: segment for segment in current.segments}
    for row in connection.execute(query):
        if row.packed is None:
            raise UserError(f"{path}: the state of image {key!r} before edit {row.id} is no longer kept")
        if row.seal != seal("preimage", row.id, row.packed):
            raise damaged(path, f"what edit {row.id} replaced")
        patches, old_objects, old_segments = unpack_preimage(row.packed)
        for patch in patches:
            assert labels_hw is not None
            labels_hw[patch.rect.slices] = patch.unpack()
        for object_id, item in old_objects.items():
            objects.pop(object_id, None)
            if item is not None:
                objects[object_id] = item
        for segment_id, segment in old_segments.items():
            segments.pop(segment_id, None)
            if segment is not None:
                segments[segment_id] = segment
    ordered = tuple(sorted(objects.values(), key=lambda item: (item.z, item.id)))
    return replace(current, labels_hw=labels_hw, objects=ordered, segments=tuple(segments.values()))


def forget(connection: Connection, owner: int, layer: str) -> None:
    """Drop what a layer's edits replaced; for a layer that is about to be replaced as a whole."""
    edits = select(schema.edit.c.id).where(schema.edit.c.image_id == owner, schema.edit.c.layer == layer)
    connection.execute(delete(schema.preimage).where(schema.preimage.c.edit_id.in_(edits)))


def add_version(connection: Connection, name: str, person: str, path: Place, *, key: str = "") -> VersionRow:
    """Name the state as it is now, of an image or of all. Raises `UserError` where the name is taken."""
    newest = connection.execute(select(func.max(schema.edit.c.id))).scalar() or 0
    row = VersionRow(name, newest, journal.now(), person, key)
    values: tuple[Value, ...] = (row.name, row.edit_id, row.when, row.person)
    if key:
        values = (layers.image_id(connection, key, path), *values)
    table, columns = (schema.image_version, IMAGE_VERSION_COLUMNS) if key else (schema.version, VERSION_COLUMNS)
    if connection.execute(_named(table, name, values[0] if key else None)).first() is not None:
        raise UserError(f"{path}: there is a version {name!r} already")
    fields = dict(zip(columns, values, strict=True))
    connection.execute(insert(table).values(**fields, seal=seal(table.name, *values)))
    return row


def remove_version(connection: Connection, name: str, path: Place, *, key: str = "") -> None:
    """Forget a name, which lets its state be trimmed; unknown names are ignored."""
    table = schema.image_version if key else schema.version
    owner = layers.image_id(connection, key, path) if key else None
    found = connection.execute(_named(table, name, owner)).scalar_one_or_none()
    connection.execute(delete(table).where(table.c.id == found))


def read_versions(connection: Connection, path: Place) -> list[VersionRow]:
    """The named versions of the project, oldest first."""
    found = []
    for row in connection.execute(select(schema.version).order_by(schema.version.c.id)):
        if row.seal != seal("version", *(row._mapping[name] for name in VERSION_COLUMNS)):
            raise damaged(path, f"version {row.name!r}")
        found.append(VersionRow(row.name, row.edit_id, row.at, row.person))
    return found


def read_image_versions(connection: Connection, path: Place, *, key: str | None = None) -> list[VersionRow]:
    """The named versions of one image or of each, oldest first."""
    image, table = schema.image, schema.image_version
    query = select(table, image.c.key.label("image_key")).join(image, image.c.id == table.c.image_id)
    if key is not None:
        query = query.where(image.c.key == key)
    found = []
    for row in connection.execute(query.order_by(table.c.id)):
        if row.seal != seal("image_version", *(row._mapping[name] for name in IMAGE_VERSION_COLUMNS)):
            raise damaged(path, f"version {row.name!r} of image {row.image_key!r}")
        found.append(VersionRow(row.name, row.edit_id, row.at, row.person, row.image_key))
    return found


def _named(table: Table, name: str, owner: Value) -> Select[tuple[int]]:
    query = select(table.c.id).where(table.c.name == name)
    return query if owner is None else query.where(table.c.image_id == owner)
