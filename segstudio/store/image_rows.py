"""The image rows: added by the hundred thousand, read at once, changed one by one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any, overload

from sqlalchemy import Connection, bindparam, insert, select, update

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.progress import Progress, no_progress
from segstudio.store import meta, schema
from segstudio.store.faults import damaged
from segstudio.store.packing import from_text, to_text
from segstudio.store.place import Place
from segstudio.store.records import IDENTITY, STATUSES, ImageRow
from segstudio.store.seal import Value, plain_seal, seal

SEALED_COLUMNS = ("key", "root", "file", "height", "width", "split", "sequence", "status", "note", "tags", "extra")
_STATUS, _NOTE, _TAGS = (SEALED_COLUMNS.index(name) for name in ("status", "note", "tags"))
_CHECKED_AT_ONCE = 2000
_TABLE = schema.image
_KNOWN = select(_TABLE.c.key).where(_TABLE.c.key.in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True, slots=True)
class Roots:
    """The folders that relative picture paths start from."""

    project: Path
    dataset: Path | None

    def split(self, path: Path | None) -> tuple[str, str]:
        """(root, file) of a picture: relative to the data set or to the project where it lies inside, else absolute."""
        if path is None:
            return "", ""
        absolute = os.path.abspath(path)
        for root, folder in (("dataset", self.dataset), ("project", self.project)):
            prefix = f"{folder}{os.sep}"
            if folder is not None and absolute.startswith(prefix):
                return root, absolute[len(prefix) :].replace(os.sep, "/")
        return "", absolute

    def folder(self, root: str) -> str:
        """The folder that `root` stands for."""
        return {"dataset": str(self.dataset or ""), "project": str(self.project)}.get(root, "")


def add(connection: Connection, items: Sequence[ImageItem], roots: Roots, path: Place) -> int:
    """Insert the images whose keys are new; returns how many were."""
    _counted(connection, path)  # held until the end, so that two who add the same images come one after the other
    known = set(connection.execute(_KNOWN, {"keys": [item.key for item in items]}).scalars())
    rows = []
    for item in items:
        if item.key not in known:
            known.add(item.key)
            rows.append(_new_row(item, roots))
    if rows:
        connection.execute(insert(_TABLE), rows)
        _count(connection, path, added=len(rows), change=_xor(row["seal"] for row in rows))
    return len(rows)


class ImageRows(Sequence[ImageRow]):
    """Every image of a project in the order of adding; a row is made when somebody asks for it.

    That all rows are there is known from the beginning; `check` says whether each is as it was written.
    """

    def __init__(self, rows: list[tuple[Any, ...]], folders: Mapping[str, str], path: Place) -> None:
        self._rows = rows
        self._folders = folders
        self._path = path

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> ImageRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[ImageRow]: ...

    def __getitem__(self, index: int | slice) -> ImageRow | list[ImageRow]:
        if isinstance(index, slice):
            return [_image_row(row, self._folders) for row in self._rows[index]]
        return _image_row(self._rows[index], self._folders)

    @property
    def keys(self) -> list[str]:
        """The key of each."""
        return [row[0] for row in self._rows]

    @property
    def statuses(self) -> list[str]:
        """The status of each."""
        return [row[_STATUS] for row in self._rows]

    def remarked(self) -> list[ImageRow]:
        """The rows that have a note or tags."""
        return [_image_row(row, self._folders) for row in self._rows if row[_NOTE] or row[_TAGS]]

    def with_more(self, rows: list[tuple[Any, ...]]) -> ImageRows:
        """These, followed by others of the same project."""
        return ImageRows(self._rows + rows, self._folders, self._path)

    def check(self, *, progress: Progress = no_progress) -> None:
        """Raise `UserError` where a row does not bear its seal; `progress` is told now and then, and may raise."""
        for start in range(0, len(self._rows), _CHECKED_AT_ONCE):
            progress(start, len(self._rows), "checking the list of images")
            for row in self._rows[start : start + _CHECKED_AT_ONCE]:
                if plain_seal("image", row[:-1]) != row[-1]:
                    raise damaged(self._path, f"the row of image {row[0]!r}")


def read_all(connection: Connection, roots: Roots, path: Place) -> ImageRows:
    """Every image, its seal unchecked (see `ImageRows.check`). Raises `UserError` where one is missing."""
    columns = (*(_TABLE.c[name] for name in SEALED_COLUMNS), _TABLE.c.seal)
    result = connection.execute(select(*columns).order_by(_TABLE.c.id))
    rows = list(result.cursor.fetchall())  # the driver's own tuples: 100,000 rows of plain values
    result.close()
    count, digest = _counted(connection, path, to_change=False)
    if (count, digest) != (len(rows), _xor(row[-1] for row in rows)):
        raise damaged(path, f"{count} images were added, {len(rows)} are there")
    return ImageRows(rows, {root: roots.folder(root) for root in ("dataset", "project", "")}, path)


def read_after(connection: Connection, known: ImageRows) -> ImageRows:
    """`known`, followed by the images that were added since, their seals unchecked."""
    columns = (*(_TABLE.c[name] for name in SEALED_COLUMNS), _TABLE.c.seal)
    result = connection.execute(select(*columns).order_by(_TABLE.c.id).offset(len(known)))
    rows = list(result.cursor.fetchall())
    result.close()
    return known.with_more(rows)


def change(connection: Connection, key: str, values: Mapping[str, Any], path: Place) -> None:
    """Set columns (`status`, `note`, `tags`, `height`, …) of one image. Raises `UserError` for an unknown key."""
    row = connection.execute(select(_TABLE).where(_TABLE.c.key == key).with_for_update()).one_or_none()
    if row is None:
        raise UserError(f"{path}: there is no image {key!r} in this project")
    merged = {**{name: row._mapping[name] for name in SEALED_COLUMNS}, **values}
    new_seal = seal("image", *(merged[name] for name in SEALED_COLUMNS))
    connection.execute(update(_TABLE).where(_TABLE.c.id == row.id).values(**merged, seal=new_seal))
    _count(connection, path, added=0, change=row.seal ^ new_seal)


def note_identity(connection: Connection, key: str, identity: str, path: Place) -> None:
    """Set which file the picture of an image is (see `records.IDENTITY`). Raises `UserError` for an unknown key."""
    query = select(_TABLE.c.extra).where(_TABLE.c.key == key).with_for_update()
    extra = from_text(connection.execute(query).scalar_one_or_none() or "")
    change(connection, key, {"extra": to_text({**extra, IDENTITY: identity})}, path)


def identity_of(connection: Connection, key: str) -> str:
    """Which file the picture of an image was when it was noted; "" where it never was."""
    extra = connection.execute(select(_TABLE.c.extra).where(_TABLE.c.key == key)).scalar_one_or_none()
    return str(from_text(extra or "").get(IDENTITY, ""))


def columns_of(
    *,
    status: str | None = None,
    note: str | None = None,
    tags: Sequence[str] | None = None,
    size_hw: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """The columns that hold what is given of an image."""
    values: dict[str, Any] = {"status": status, "note": note}
    values["tags"] = None if tags is None else "\n".join(tag.replace("\n", " ") for tag in tags)
    values["height"], values["width"] = size_hw or (None, None)
    return {column: value for column, value in values.items() if value is not None}


def recount(connection: Connection) -> None:
    """Take the rows that are there as all that there are; for repair only."""
    seals = connection.execute(select(_TABLE.c.seal)).scalars().all()
    meta.put(connection, "images", [len(seals), _xor(seals)])


def _new_row(item: ImageItem, roots: Roots) -> dict[str, Any]:
    height, width = item.size_hw or (None, None)
    root, file = roots.split(item.path)
    extra = to_text(item.extra)
    values: tuple[Value, ...] = (item.key, root, file, height, width, item.split, item.sequence, STATUSES[0], "", "")
    row: dict[str, Any] = dict(zip(SEALED_COLUMNS, (*values, extra), strict=True))
    row["seal"] = seal("image", *values, extra)
    return row


def _image_row(row: Sequence[Any], folders: Mapping[str, str]) -> ImageRow:
    key, root, file, height, width, split, sequence, status, note, tags, extra, _ = row
    size_hw = None if height is None or width is None else (height, width)
    names = tuple(tags.split("\n")) if tags else ()
    return ImageRow(key, folders[root], file, size_hw, split, sequence, status, note, names, from_text(extra))


def _counted(connection: Connection, path: Place, *, to_change: bool = True) -> tuple[int, int]:
    count, digest = meta.get(connection, "images", path, to_change=to_change) or (0, 0)
    return count, digest


def _count(connection: Connection, path: Place, *, added: int, change: int) -> None:
    count, digest = _counted(connection, path)
    meta.put(connection, "images", [count + added, digest ^ change])


def _xor(seals: Iterable[int]) -> int:
    return reduce(xor, seals, 0)
