"""Which class of one set is which of another: by name, with the spellings of the field's data sets folded together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from segstudio.core.class_set import ClassSet

SYNONYMS: Mapping[str, str] = {
    "aeroplane": "airplane",
    "motorbike": "motorcycle",
    "diningtable": "dining table",
    "pottedplant": "potted plant",
    "tvmonitor": "tv",
    "tv monitor": "tv",
    "sofa": "couch",
    "pedestrian": "person",
    "people": "person",
    "bike": "bicycle",
    "tree": "vegetation",
    "pavement": "sidewalk",
    "trafficlight": "traffic light",
    "trafficsign": "traffic sign",
    "sign": "traffic sign",
    "sign symbol": "traffic sign",
}
"""Spellings that name the same class in another data set, normalised on both sides."""


@dataclass(frozen=True, slots=True)
class ClassMapping:
    """`ids` takes a class id of the one set to the other's; `unmatched` names the classes without a counterpart."""

    ids: Mapping[int, int]
    unmatched: tuple[str, ...]


def map_classes(theirs: ClassSet, ours: ClassSet) -> ClassMapping:
    """Find a counterpart in `ours` for each class of `theirs`: the same name first, then a spelling of it."""
    exact = {c.name: c.id for c in ours.classes}
    folded: dict[str, int] = {}
    for c in ours.classes:
        folded.setdefault(fold(c.name), c.id)
    ids: dict[int, int] = {}
    unmatched = []
    for c in theirs.classes:
        found = exact.get(c.name, folded.get(fold(c.name)))
        if found is None:
            unmatched.append(c.name)
        else:
            ids[c.id] = found
    return ClassMapping(ids, tuple(unmatched))


def fold(name: str) -> str:
    """A name without case, punctuation and the endings that data sets append ("wall-brick", "tree-merged")."""
    plain = re.sub(r"[\s_\-/]+", " ", name.casefold()).strip()
    plain = re.sub(r" (merged|other merged|stuff|other)$", "", plain)
    return SYNONYMS.get(plain, plain)
