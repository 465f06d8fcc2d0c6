"""All images of what is open in columns: the facts of each, of its classes and of its objects; asked as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.dataset import ImageItem
from segstudio.session.dataset.images import FLAG, Remark
from segstudio.store.image_facts import NO_CLASS, FactColumns, ImageFacts

Mask = NDArray[np.bool_]
SCALARS = ("mean_iou", "boundary_error", "confidence", "disagreement", "false_positive", "false_negative")
_CLASS_COLUMNS = {"image": np.int32, "class_id": np.int32, "pixels": np.float64, "objects": np.int32, "iou": np.float32}
_OBJECT_COLUMNS = {"class_row": np.int32, "area": np.float32, "score": np.float32}
_ENOUGH_DEAD = 20_000


class WordColumn:
    """A word for each image out of a few: codes and a vocabulary."""

    def __init__(self, count: int, word: str = "") -> None:
        self.words = [word]
        self.codes = np.zeros(count, np.int32)
        self._code_of = {word: 0}

    def fill(self, words: Iterable[str]) -> None:
        """Set all at once."""
        self.codes[:] = [self._code(word) for word in words]

    def set(self, index: int, word: str) -> None:
        self.codes[index] = self._code(word)

    def get(self, index: int) -> str:
        return self.words[int(self.codes[index])]

    def where(self, wanted: NDArray[np.bool_]) -> Mask:
        """The images whose word is wanted; `wanted` has one entry per word of the vocabulary."""
        return np.asarray(wanted[self.codes], np.bool_)

    def _code(self, word: str) -> int:
        code = self._code_of.get(word)
        if code is None:
            code = self._code_of[word] = len(self.words)
            self.words.append(word)
        return code


class _Rows:
    """Columns that grow at their end."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self._columns: dict[str, NDArray[Any]] = {name: np.zeros(0, dtype) for name, dtype in columns.items()}
        self.count = 0

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name][: self.count]

    def append(self, values: Mapping[str, Any], count: int) -> None:
        """Add `count` rows."""
        end = self.count + count
        for name, column in self._columns.items():
            if end > len(column):
                column = np.concatenate([column, np.zeros(max(end, 2 * len(column)) - len(column), column.dtype)])
                self._columns[name] = column
            column[self.count : end] = values[name]
        self.count = end


class ImageTable:
    """The columns. Row `i` is image `i` of the list that it was made from; NaN stands for what is not known.

    `classes` has a row for each class that an image has, `objects` one for each object; a row of the former that was
    replaced points at image number `len(table)`, which is none.
    """

    def __init__(self, items: Sequence[ImageItem]) -> None:
        count = len(items)
        self._items = items
        self.numbers: dict[str, NDArray[np.float64]] = {name: np.full(count, np.nan) for name in SCALARS}
        sizes = [item.size_hw or (np.nan, np.nan) for item in items]
        height_width = np.array(sizes, np.float64).reshape(count, 2)
        self.numbers["height"], self.numbers["width"] = height_width[:, 0].copy(), height_width[:, 1].copy()
        self.numbers["edited"] = np.full(count, np.nan)
        self.numbers["objects"] = np.zeros(count)
        self.worst = np.full(count, NO_CLASS, np.int32)
        self.words = {"status": WordColumn(count, "to do")}
        self.words |= {name: WordColumn(count) for name in ("split", "sequence", "person")}
        self.words["split"].fill(item.split for item in items)
        self.words["sequence"].fill(item.sequence for item in items)
        self.remarks: dict[int, Remark] = {}
        self._names: list[str] | None = None
        self._clear_facts()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def names(self) -> list[str]:
        """The keys without case, to be searched."""
        if self._names is None:
            self._names = [item.key.casefold() for item in self._items]
        return self._names

    def set_remark(self, index: int, remark: Remark) -> None:
        """Tags and note of one image."""
        if remark == Remark():
            self.remarks.pop(index, None)
        else:
            self.remarks[index] = remark

    def flagged(self) -> Mask:
        return self.marked(lambda remark: FLAG in remark.tags)

    def marked(self, holds: Callable[[Remark], bool]) -> Mask:
        """The images whose remark is such."""
        found = np.zeros(len(self), np.bool_)
        found[[index for index, remark in self.remarks.items() if holds(remark)]] = True
        return found

    def load_facts(self, columns: FactColumns, images: NDArray[np.int64]) -> None:
        """Replace all facts; number `i` of `columns` belongs to image `images[i]`."""
        self._clear_facts()
        for name in SCALARS:
            self.numbers[name][images] = columns.heads[name]
        self.worst[images] = columns.heads["worst_class"]
        self.numbers["objects"][images] = columns.heads["objects"]
        first = columns.class_start[:-1]
        self._class_start[images], self._class_count[images] = first, columns.heads["classes"]
        owner = np.repeat(images, columns.heads["classes"])
        self._append_classes(columns.classes, owner)
        object_owner = np.repeat(images, columns.heads["objects"])
        self._append_objects(columns.objects, object_owner, np.arange(len(owner)))

    def set_facts(self, index: int, facts: ImageFacts) -> None:
        """Replace the facts of one image."""
        for name in SCALARS:
            self.numbers[name][index] = getattr(facts, name)
        self.worst[index] = facts.worst_class
        self.numbers["objects"][index] = len(facts.objects)
        start, count = int(self._class_start[index]), int(self._class_count[index])
        self.classes["image"][start : start + count] = len(self)
        self._dead += count
        self._class_start[index], self._class_count[index] = self.classes.count, len(facts.classes)
        before = self.classes.count
        self._append_classes(facts.classes, np.full(len(facts.classes), index, np.int64))
        rows = np.arange(before, self.classes.count)
        self._append_objects(facts.objects, np.full(len(facts.objects), index, np.int64), rows)
        if self._dead > max(_ENOUGH_DEAD, self.classes.count // 4):
            self._compact()

    def class_rows(self, index: int) -> slice:
        """Where the classes of one image stand in `classes`."""
        start = int(self._class_start[index])
        return slice(start, start + int(self._class_count[index]))

    def _clear_facts(self) -> None:
        count = len(self)
        self.classes, self.objects = _Rows(_CLASS_COLUMNS), _Rows(_OBJECT_COLUMNS)
        self._class_start, self._class_count = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._dead = 0
        for name in SCALARS:
            self.numbers[name][:] = np.nan
        self.numbers["objects"][:] = 0
        self.worst[:] = NO_CLASS

    def _append_classes(self, facts: NDArray[np.void], images: NDArray[np.int64]) -> None:
        values: dict[str, Any] = {name: facts[name] for name in ("class_id", "pixels", "objects", "iou")}
        self.classes.append({**values, "image": images}, len(facts))

    def _append_objects(self, facts: NDArray[np.void], images: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """`rows` are the class rows among which those of the objects are."""
        if not len(facts):
            return
        # The class row of an object is its image's row of that class, found by one search over (image, class).
        key_of_row = _pair(self.classes["image"][rows], self.classes["class_id"][rows])
        order = np.argsort(key_of_row, kind="stable")
        keys = _pair(images, facts["class_id"])
        places = np.minimum(np.searchsorted(key_of_row[order], keys), len(rows) - 1)
        found = rows[order[places]]
        known = key_of_row[order[places]] == keys
        values: dict[str, Any] = {"class_row": found[known], "area": facts["area"][known]}
        self.objects.append({**values, "score": facts["score"][known]}, int(known.sum()))

    def _compact(self) -> None:
        """Drop the rows that were replaced."""
        old_classes, old_objects = self.classes, self.objects
        alive = old_classes["image"] < len(self)
        new_row = np.cumsum(alive) - 1
        kept = alive[old_objects["class_row"]]
        self.classes, self.objects = _Rows(_CLASS_COLUMNS), _Rows(_OBJECT_COLUMNS)
        self.classes.append({name: old_classes[name][alive] for name in _CLASS_COLUMNS}, int(alive.sum()))
        objects = {name: old_objects[name][kept] for name in _OBJECT_COLUMNS}
        self.objects.append({**objects, "class_row": new_row[objects["class_row"]]}, int(kept.sum()))
        has_any = self._class_count > 0
        self._class_start[has_any] = new_row[self._class_start[has_any]]
        self._dead = 0


def _pair(images: NDArray[Any], class_ids: NDArray[Any]) -> NDArray[np.int64]:
    return images.astype(np.int64) * 2**32 + (class_ids.astype(np.int64) + 2**31)
