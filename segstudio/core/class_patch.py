"""What an edit did to a class set, kept class by class, so that taking it back touches no other class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segstudio.core.class_set import ClassSet, LabelClass


@dataclass(frozen=True, slots=True)
class ClassSetPatch:
    """The state to go back to of each class that differs (None: it was not there), by id.

    `order` holds the ids as they stood; `head` the set's own name, title and facts, where those differ too.
    """

    states: Mapping[int, LabelClass | None]
    order: tuple[int, ...]
    head: tuple[str, str, Mapping[str, Any]] | None = None

    @classmethod
    def back_to(cls, before: ClassSet, now: ClassSet) -> ClassSetPatch:
        """What leads from `now` to `before`."""
        ids = [*before.by_id, *(key for key in now.by_id if key not in before.by_id)]
        states = {key: before.by_id.get(key) for key in ids if before.by_id.get(key) != now.by_id.get(key)}
        heads = [(each.name, each.title, each.extra) for each in (before, now)]
        return cls(states, tuple(before.by_id), heads[0] if heads[0] != heads[1] else None)

    def swap(self, now: ClassSet) -> tuple[ClassSet, ClassSetPatch]:
        """The set with these states, and the patch that takes this back; classes added meanwhile stay, at the end.

        Raises `UserError` where a name that comes back belongs to another class by now.
        """
        found = {**now.by_id, **self.states}
        place = {key: at for at, key in enumerate(self.order)}
        classes = sorted((c for c in found.values() if c is not None), key=lambda c: place.get(c.id, len(place)))
        name, title, extra = self.head if self.head is not None else (now.name, now.title, now.extra)
        swapped = ClassSet(name, tuple(classes), title, extra)
        return swapped, ClassSetPatch.back_to(now, swapped)
