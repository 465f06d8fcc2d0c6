"""Which class of one set is which class of another: by name, however each community writes it."""

from __future__ import annotations

from dataclasses import dataclass

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.formats.mapping import ClassMapping

# The same thing under the names that the field's data sets give it (Cityscapes, COCO, VOC, ADE20K, Mapillary, CamVid).
_SYNONYMS = (
    ("motorcycle", "motorbike", "motorcyclist vehicle", "minibike"),
    ("airplane", "aeroplane", "plane"),
    ("couch", "sofa"),
    ("tv", "tvmonitor", "tv monitor", "television", "television receiver"),
    ("dining table", "diningtable"),
    ("potted plant", "pottedplant"),
    ("person", "pedestrian"),
    ("bicycle", "bike"),
    ("car", "auto", "automobile"),
    ("vegetation", "tree", "trees"),
    ("sidewalk", "pavement"),
    ("traffic sign", "traffic sign front", "signsymbol"),
    ("rider", "bicyclist"),
    ("cell phone", "mobile phone"),
)
_ENDINGS = ("-other-merged", "-merged", "-other", "-stuff")


@dataclass(frozen=True)
class ClassMatch:
    """The mapping, and the counted classes of the source that have no partner in the target."""

    mapping: ClassMapping
    unmatched: tuple[LabelClass, ...]

    @property
    def is_identity(self) -> bool:
        """Whether every class keeps its id, so that nothing needs to be mapped."""
        return all(source == target for source, target in self.mapping.target_of.items())


def match_classes(source: ClassSet, target: ClassSet) -> ClassMatch:
    """Pair the classes of two sets by exact name, then without case and punctuation, then by the field's synonyms.

    Each class of the source gets at most one of the target; several may share one ("road" and "road-merged").
    """
    exact = {c.name: c.id for c in target.classes}
    plain = {_plain(c.name): c.id for c in reversed(target.classes)}
    alike = {_meaning(c.name): c.id for c in reversed(target.classes)}
    target_of: dict[int, int | None] = {}
    for c in source.classes:
        found = exact.get(c.name)
        if found is None:
            found = plain.get(_plain(c.name))
        if found is None:
            found = alike.get(_meaning(c.name))
        target_of[c.id] = found
    unmatched = tuple(c for c in source.evaluated if target_of[c.id] is None)
    return ClassMatch(ClassMapping(source, target, target_of), unmatched)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _meaning(name: str) -> str:
    lowered = name.casefold()
    for ending in _ENDINGS:
        lowered = lowered.removesuffix(ending)
    plain = _plain(lowered)
    return _FIRST_NAME.get(plain, plain)


_FIRST_NAME = {_plain(name): _plain(names[0]) for names in _SYNONYMS for name in names}
