"""Asking the table: a filter's tree becomes masks over its columns, and these one mask over the images.

An image passes where one of its objects, or one of its classes taken without an object, or the image taken without a
class, makes the whole tree true. Comparisons with what is not known are false.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from typing import Any

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.session.dataset.image_table import ImageTable, Mask
from segstudio.session.dataset.query import And, Node, Not, Or, QueryError, Term, plain
from segstudio.store.image_facts import NO_CLASS

_COMPARE: Mapping[str, Callable[[Any, float], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_SCALARS = {
    "miou": "mean_iou",
    "fp": "false_positive",
    "fn": "false_negative",
    "boundary": "boundary_error",
    "confidence": "confidence",
    "disagreement": "disagreement",
}
_CLASS_NUMBERS = {"area": "pixels", "count": "objects", "iou": "iou"}
_OBJECT_NUMBERS = {"size": "area", "score": "score"}


def find(node: Node, table: ImageTable, class_set: ClassSet) -> Mask:
    """bool `[images]`: which images pass. Raises `QueryError` for a class that is not in the set."""
    run = _Run(table, class_set)
    return run.reduced(run.of(node))[:-1]


@dataclass(frozen=True, slots=True)
class _Levels:
    """A truth value at every place of the table: images without a class (one more than there are, the last is none),
    classes without an object, objects. None: as on the level above.
    """

    image: Mask
    classes: Mask | None = None
    objects: Mask | None = None


class _Run:
    def __init__(self, table: ImageTable, class_set: ClassSet) -> None:
        self._table = table
        self._class_set = class_set

    def of(self, node: Node) -> _Levels:
        if isinstance(node, Term):
            return self._term(node)
        if isinstance(node, Not):
            return _Levels(~self.reduced(self.of(node.node)))
        if isinstance(node, And):
            everywhere = _Levels(np.ones(len(self._table) + 1, np.bool_))
            return reduce(lambda a, b: self._both(a, b, np.logical_and), map(self.of, node.nodes), everywhere)
        assert isinstance(node, Or)
        return reduce(lambda a, b: self._both(a, b, np.logical_or), map(self.of, node.nodes))

    def reduced(self, levels: _Levels) -> Mask:
        """Where an image is true at any of its places."""
        found = levels.image.copy()
        if levels.classes is not None:
            found[self._table.classes["image"][levels.classes]] = True
        if levels.objects is not None:
            rows = self._table.objects["class_row"][levels.objects]
            found[self._table.classes["image"][rows]] = True
        found[-1] = False
        return found

    def _both(self, one: _Levels, other: _Levels, join: Callable[[Mask, Mask], Mask]) -> _Levels:
        classes = objects = None
        if one.objects is not None or other.objects is not None:
            objects = join(self._objects(one), self._objects(other))
        if one.classes is not None or other.classes is not None:
            classes = join(self._classes(one), self._classes(other))
        return _Levels(join(one.image, other.image), classes, objects)

    def _classes(self, levels: _Levels) -> Mask:
        if levels.classes is not None:
            return levels.classes
        return np.asarray(levels.image[self._table.classes["image"]], np.bool_)

    def _objects(self, levels: _Levels) -> Mask:
        if levels.objects is not None:
            return levels.objects
        return np.asarray(self._classes(levels)[self._table.objects["class_row"]], np.bool_)

    def _term(self, term: Term) -> _Levels:
        field, table = term.field, self._table
        nowhere = np.zeros(len(table) + 1, np.bool_)
        if field.grain == "image":
            nowhere[:-1] = self._images(term)
            return _Levels(nowhere)
        if field.grain == "class":
            return _Levels(nowhere, self._class_rows(term))
        without = np.zeros(table.classes.count, np.bool_)
        return _Levels(nowhere, without, _compared(table.objects[_OBJECT_NUMBERS[field.name]], term))

    def _class_rows(self, term: Term) -> Mask:
        classes = self._table.classes
        if term.field.name == "class":
            same = classes["class_id"] == self._class_id(term)
            return np.asarray(same if term.op == ":" else ~same, np.bool_)
        return _compared(classes[_CLASS_NUMBERS[term.field.name]], term)

    def _images(self, term: Term) -> Mask:
        name, table = term.field.name, self._table
        if term.field.kind in ("number", "date"):
            return _compared(table.numbers[_SCALARS.get(name, name)], term)
        if name == "worst":
            same = table.worst == self._class_id(term)
            return np.asarray(same if term.op == ":" else ~same & (table.worst != NO_CLASS), np.bool_)
        if name == "is":
            return self._state(str(term.value)) ^ np.bool_(term.op == "!=")
        if name in table.words:
            column = table.words[name]
            return column.where(np.array([_meets(term, word) for word in column.words], np.bool_))
        if name == "name":
            return np.fromiter((_meets(term, text) for text in table.names), np.bool_, len(table))
        found = np.zeros(len(table), np.bool_)
        for index, remark in table.remarks.items():
            texts = remark.tags if name == "tag" else (remark.note,) if remark.note else ()
            found[index] = any(_meets(term, text, op=":" if term.op == "!=" else term.op) for text in texts)
        return ~found if term.op == "!=" else found

    def _state(self, state: str) -> Mask:
        table = self._table
        if state == "flagged":
            return table.flagged()
        if state == "noted":
            return table.marked(lambda remark: bool(remark.note))
        if state == "scored":
            return ~np.isnan(table.numbers["mean_iou"])
        if state == "labelled":
            column = table.words["status"]
            return column.where(np.array([word != "to do" for word in column.words], np.bool_))
        return table.marked(lambda remark: bool(remark.tags))

    def _class_id(self, term: Term) -> int:
        by_name = {plain(one.name): one for one in self._class_set.classes}
        found = by_name.get(str(term.value))
        if found is None:
            near = get_close_matches(str(term.value), by_name, 1)
            hint = f"did you mean {by_name[near[0]].name}?" if near else ""
            raise QueryError(term.column, f"there is no class “{term.value}”", hint=hint)
        return found.id


def _compared(values: Any, term: Term) -> Mask:
    found = _COMPARE[term.op](values, float(term.value))
    if term.op == "!=":
        found &= ~np.isnan(values)
    return np.asarray(found, np.bool_)


def _meets(term: Term, text: str, *, op: str = "") -> bool:
    wanted, op = str(term.value), op or term.op
    if op == "~":
        return wanted in (plain(text) if term.field.kind == "word" else text.casefold())
    same = plain(text) == wanted if term.field.kind == "word" else text.casefold() == wanted
    return same if op == ":" else not same
