"""The images of a project as items of a data set; an item and its path are made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from segstudio.core.dataset import ImageItem
from segstudio.core.layer import Annotation
from segstudio.store import ImageRow
from segstudio.workflows.moved_folders import Moves

if TYPE_CHECKING:
    from segstudio.store.image_rows import ImageRows

NOWHERE = Moves()


class RowItem(ImageItem):
    """Making 100,000 paths takes longer than all else of opening a project, and a person looks at few of them."""

    __slots__ = ("_moves", "_path", "_row")
    _path: Path | None
    _row: ImageRow
    _moves: Moves

    @classmethod
    def of(
        cls, row: ImageRow, read_annotation: Callable[[], Annotation] | None = None, moves: Moves = NOWHERE
    ) -> RowItem:
        """The item of a row, its picture where `moves` say that it is now."""
        item = object.__new__(cls)
        put = object.__setattr__
        put(item, "key", row.key)
        put(item, "size_hw", row.size_hw)
        put(item, "split", row.split)
        put(item, "sequence", row.sequence)
        put(item, "read_annotation", read_annotation)
        put(item, "extra", row.extra)
        put(item, "_row", row)
        put(item, "_moves", moves)
        return item

    def _get_path(self) -> Path | None:
        try:
            found = self._path
        except AttributeError:
            found = self._row.path
            if found is not None and self._moves is not NOWHERE:
                found = self._moves.path(found)
            object.__setattr__(self, "_path", found)
        return found

    def _set_path(self, path: Path | None) -> None:
        object.__setattr__(self, "_path", path)

    path: Any = property(_get_path, _set_path)


class RowItems(Sequence[ImageItem]):
    """The items of a project's rows, with the truth that the data set has of them once `know` was told of it."""

    def __init__(self, rows: ImageRows, *, moves: Moves = NOWHERE) -> None:
        self.keys = rows.keys
        """The key of each, without making an item."""
        self._rows = rows
        self._known: Mapping[str, ImageItem] = {}
        self._moves = moves if moves.pairs else NOWHERE
        self._made: dict[int, ImageItem] = {}

    def know(self, known: Mapping[str, ImageItem]) -> None:
        """Take the data set's items, by key, for their truth; where a picture is gone, also for the picture."""
        self._known = known
        self._made = {}

    def grown(self, rows: ImageRows) -> RowItems:
        """These, followed by the items of the rows that were added since; `rows` are all."""
        items = RowItems(rows, moves=self._moves)
        items._known, items._made = self._known, self._made
        return items

    @property
    def rows(self) -> ImageRows:
        """The rows that the items are made from."""
        return self._rows

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> ImageItem: ...

    @overload
    def __getitem__(self, index: slice) -> list[ImageItem]: ...

    def __getitem__(self, index: int | slice) -> ImageItem | list[ImageItem]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        found = self._made.get(index)
        if found is None:
            row = self._rows[index]
            found = self._made[index] = _item(row, self._known.get(row.key), self._moves)
        return found


def _item(row: ImageRow, known: ImageItem | None, moves: Moves) -> ImageItem:
    """The image of a row with the truth that the data set has of it; where its picture is gone, with that one's."""
    if known is None:
        return RowItem.of(row, moves=moves)
    item = RowItem.of(row, known.read_annotation, moves)
    if known.path is not None and known.path != item.path and (item.path is None or not item.path.exists()):
        return replace(item, path=known.path)
    return item
