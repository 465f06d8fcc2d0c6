"""What is said about objects besides their shape, and their order; each call is one edit.

Objects are given by id; unknown ones are left alone, and so are locked ones by everything but `lock`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from segstudio.core.objects import SegObject
from segstudio.session.document import Document
from segstudio.session.edits.reshape import put_in_order

NAME = "name"
"""The attribute that a person gives an object to find it again."""


def lock(document: Document, ids: Iterable[int], locked: bool = True) -> int:
    """Keep objects from being edited and selected on the canvas, or free them; returns how many changed."""
    items = [item for key in sorted(set(ids)) if (item := document.labels.objects.get(key)) is not None]
    return _put(document, "lock" if locked else "unlock", items, lambda item: replace(item, locked=locked))


def set_crowd(document: Document, ids: Iterable[int], is_crowd: bool) -> int:
    """Say that objects stand for many of their kind at once (COCO's iscrowd), or not."""
    name = "mark as crowd" if is_crowd else "mark as single"
    return _put(document, name, _free(document, ids), lambda item: replace(item, is_crowd=is_crowd))


def set_attribute(document: Document, ids: Iterable[int], name: str, value: Any) -> int:
    """Give an attribute a value; None takes the attribute away."""

    def change(item: SegObject) -> SegObject:
        rest = {key: old for key, old in item.attributes.items() if key != name or value is not None}
        return replace(item, attributes={**rest, name: value} if value is not None else rest)

    return _put(document, "rename" if name == NAME else f"set {name}", _free(document, ids), change)


def reorder(document: Document, ids: Iterable[int], in_front_of: int | None) -> int:
    """Lay objects right in front of the object `in_front_of`, or behind all (None), in the order they have."""
    chosen = {item.id for item in _free(document, ids)} - {in_front_of}
    order = document.labels.objects.in_order()
    moved = [item for item in order if item.id in chosen]
    rest = [item for item in order if item.id not in chosen]
    place = next((at + 1 for at, item in enumerate(rest) if item.id == in_front_of), 0)
    return put_in_order(document, [*rest[:place], *moved, *rest[place:]], "reorder")


def bring_to_front(document: Document, ids: Iterable[int]) -> int:
    """Lay objects in front of all others."""
    chosen = set(ids)
    rest = [item.id for item in document.labels.objects.in_order() if item.id not in chosen]
    return reorder(document, chosen, rest[-1]) if rest else 0


def send_to_back(document: Document, ids: Iterable[int]) -> int:
    """Lay objects behind all others."""
    return reorder(document, ids, None)


def value_of(text: str) -> str | int | float | bool:
    """What a person typed as an attribute: a number or yes/no where it reads as one, else the text."""
    words = {"true": True, "false": False}
    if text.casefold() in words:
        return words[text.casefold()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _free(document: Document, ids: Iterable[int]) -> list[SegObject]:
    found = (document.labels.objects.get(key) for key in sorted(set(ids)))
    return [item for item in found if item is not None and not item.locked]


def _put(document: Document, name: str, items: list[SegObject], change: Callable[[SegObject], SegObject]) -> int:
    changed = [new for item in items if (new := change(item)) != item]
    if changed:
        with document.begin(name, tool="objects") as stroke:
            for item in changed:
                stroke.put_object(item)
    return len(changed)
