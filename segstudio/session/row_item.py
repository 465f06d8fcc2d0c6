"""An image of a project as an item of a data set; its path is made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from segstudio.core.dataset import ImageItem
from segstudio.core.layer import Annotation
from segstudio.store import ImageRow


class RowItem(ImageItem):
    """Making 100,000 paths takes longer than all else of opening a project, and a person looks at few of them."""

    __slots__ = ("_path", "_row")
    _path: Path | None
    _row: ImageRow

    @classmethod
    def of(cls, row: ImageRow, read_annotation: Callable[[], Annotation] | None = None) -> RowItem:
        """The item of a row."""
        item = object.__new__(cls)
        put = object.__setattr__
        put(item, "key", row.key)
        put(item, "size_hw", row.size_hw)
        put(item, "split", row.split)
        put(item, "sequence", row.sequence)
        put(item, "read_annotation", read_annotation)
        put(item, "extra", row.extra)
        put(item, "_row", row)
        return item

    def _get_path(self) -> Path | None:
        try:
            found = self._path
        except AttributeError:
            found = self._row.path
            object.__setattr__(self, "_path", found)
        return found

    def _set_path(self, path: Path | None) -> None:
        object.__setattr__(self, "_path", path)

    path: Any = property(_get_path, _set_path)
