"""What reviewers said of images, kept beside the status they set, and who did how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from segstudio.store import journal, schema
from segstudio.store.faults import damaged
from segstudio.store.place import Place
from segstudio.store.seal import seal

_TABLE = schema.review
SEALED_COLUMNS = ("image_id", "at", "person", "status", "comment")


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One word of a reviewer: of which image, when (UTC, ISO 8601), by whom, the status set and the comment."""

    image_key: str
    when: str
    person: str
    status: str
    comment: str


@dataclass(frozen=True, slots=True)
class PersonWork:
    """What one person did: committed edits (undone ones not counted), on how many images, pixels, seconds, reviews."""

    person: str
    edits: int
    images: int
    pixels: int
    seconds: float
    reviews: int


def add(connection: Connection, owner: int, *, person: str, status: str, comment: str) -> None:
    """Note that a person set an image's status."""
    values = (owner, journal.now(), person, status, comment)
    row = dict(zip(SEALED_COLUMNS, values, strict=True))
    connection.execute(insert(_TABLE).values(**row, seal=seal("review", *values)))


def read(connection: Connection, path: Place, *, key: str | None) -> list[ReviewRow]:
    """What was said, oldest first, of one image or of all. Raises `UserError` where a row is damaged."""
    image = schema.image
    query = select(_TABLE, image.c.key.label("image_key")).join(image, image.c.id == _TABLE.c.image_id)
    if key is not None:
        query = query.where(image.c.key == key)
    return [_row(row, path) for row in connection.execute(query.order_by(_TABLE.c.id))]


def work_by_person(connection: Connection) -> list[PersonWork]:
    """Everybody who edited or reviewed, by name."""
    edit = schema.edit
    counts = (
        func.count().label("edits"),
        func.count(edit.c.image_id.distinct()).label("images"),
        func.sum(edit.c.pixels).label("pixels"),
        func.sum(edit.c.seconds).label("seconds"),
    )
    edits = connection.execute(select(edit.c.person, *counts).where(edit.c.is_undo == 0).group_by(edit.c.person)).all()
    said = connection.execute(select(_TABLE.c.person, func.count()).group_by(_TABLE.c.person)).all()
    reviews = {person: int(count) for person, count in said}
    rows = {row.person: row for row in edits}
    return [_work(person, rows.get(person), reviews.get(person, 0)) for person in sorted({*rows, *reviews})]


def _work(person: str, row: Row[Any] | None, reviews: int) -> PersonWork:
    if row is None:
        return PersonWork(person, 0, 0, 0, 0.0, reviews)
    return PersonWork(person, int(row.edits), int(row.images), int(row.pixels), float(row.seconds), reviews)


def _row(row: Row[Any], path: Place) -> ReviewRow:
    if row.seal != seal("review", *(row._mapping[name] for name in SEALED_COLUMNS)):
        raise damaged(path, f"a review of image {row.image_key!r}")
    return ReviewRow(row.image_key, row.at, row.person, row.status, row.comment)
