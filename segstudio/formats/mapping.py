"""From one class set to another: renamed, merged and dropped classes, by name or by a person's table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.formats.files import read_json
from segstudio.formats.report import DROPPED, Loss
from segstudio.formats.writing import class_pixels


@dataclass(frozen=True)
class ClassMapping:
    """Class id of `source` → class id of `target`, None where the class is dropped."""

    source: ClassSet
    target: ClassSet
    target_of: Mapping[int, int | None]

    def applied(self, annotation: Annotation) -> Annotation:
        """The annotation in terms of the target; dropped pixels are unlabelled, dropped objects gone."""
        segments = [s for s in annotation.segments if self.target_of.get(s.class_id) is not None]
        dropped = [s.id for s in annotation.segments if self.target_of.get(s.class_id) is None]
        labels_hw = annotation.labels_hw
        if labels_hw is not None and dropped:
            lut = np.arange(65536, dtype=np.uint16)
            lut[dropped] = 0
            labels_hw = lut[labels_hw]
        kept = [(o, self.target_of.get(o.class_id)) for o in annotation.objects]
        return replace(
            annotation,
            labels_hw=labels_hw,
            segments=tuple(replace(s, class_id=_known(self.target_of[s.class_id])) for s in segments),
            objects=tuple(replace(o, class_id=class_id) for o, class_id in kept if class_id is not None),
        )

    def losses(self, annotation: Annotation) -> Iterable[Loss]:
        """What the mapping drops of one annotation."""
        lost = [n for class_id, n in class_pixels(annotation).items() if self.target_of.get(class_id) is None]
        objects = sum(self.target_of.get(o.class_id) is None for o in annotation.objects)
        yield Loss("classes without a target", len(lost) + objects, sum(lost))


def _known(class_id: int | None) -> int:
    assert class_id is not None
    return class_id


def by_name(source: ClassSet, target: ClassSet) -> ClassMapping:
    """Classes of the same name (without regard to case, "-", "_" and spaces) become each other; the rest is dropped."""
    ids = {_plain(c.name): c.id for c in reversed(target.classes)}
    return ClassMapping(source, target, {c.id: ids.get(_plain(c.name)) for c in source.classes})


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def mapping_of_file(path: Path, source: ClassSet) -> ClassMapping:
    """A mapping from JSON: `{"target": "cityscapes", "classes": {"auto": "car", "dirt": null}, "rest": "keep"}`.

    `target` is a bundled class set or a class-set document; without it the source's classes are renamed and merged.
    `rest` says what becomes of classes that `classes` does not name: "keep" (the default: by name where there is a
    target) or "drop". A bare `{"auto": "car", …}` is the table alone. Raises `UserError` naming the file.
    """
    document = read_json(path)
    if not isinstance(document, dict):
        raise UserError(f"{path}: not a class mapping: an object is needed")
    table = document.get("classes") if isinstance(document.get("classes"), dict) else None
    if table is None:
        table, document = document, {}
    for name in table:
        if name not in source.by_name:
            raise UserError(f"{path}: there is no class {name!r} in {source.name!r}", hint="see its class names")
    keep = document.get("rest", "keep") == "keep"
    wanted = document.get("target")
    if wanted is None:
        return _renaming(source, table, keep, path)
    target = ClassSet.load(wanted) if isinstance(wanted, str) else ClassSet.from_json(wanted, where=str(path))
    target_of = dict(by_name(source, target).target_of if keep else dict.fromkeys(c.id for c in source.classes))
    for name, new in table.items():
        if new is not None and new not in target.by_name:
            raise UserError(f"{path}: there is no class {new!r} in {target.name!r}")
        target_of[source.by_name[name].id] = None if new is None else target.by_name[new].id
    return ClassMapping(source, target, target_of)


def _renaming(source: ClassSet, table: Mapping[str, str | None], keep: bool, path: Path) -> ClassMapping:
    """A target made of the source's classes: the first class of a new name gives it id and colour."""
    classes: dict[str, LabelClass] = {}
    target_of: dict[int, int | None] = {}
    for c in source.classes:
        new = table.get(c.name, c.name if keep else None)
        if new is not None and not isinstance(new, str):
            raise UserError(f"{path}: the new name of {c.name!r} is no text")
        if new is None:
            target_of[c.id] = None
            continue
        if new not in classes:
            classes[new] = replace(source.by_name.get(new, c), name=new)
        target_of[c.id] = classes[new].id
    return ClassMapping(source, ClassSet(f"{source.name}-mapped", tuple(classes.values())), target_of)


def mapped(dataset: Dataset, mapping: ClassMapping) -> Dataset:
    """The data set in terms of the mapping's target; annotations are mapped when they are read."""
    images = [
        replace(item, read_annotation=partial(_mapped, mapping, item.read_annotation)) if item.read_annotation else item
        for item in dataset.images
    ]
    return replace(dataset, class_set=mapping.target, images=images)


def _mapped(mapping: ClassMapping, read: Callable[[], Annotation]) -> Annotation:
    annotation = read()
    result = mapping.applied(annotation)
    dropped = [[loss.kind, loss.count, loss.pixels] for loss in mapping.losses(annotation) if loss.count]
    return replace(result, extra={**result.extra, DROPPED: dropped}) if dropped else result


def is_mapping_file(path: Path) -> bool:
    """Whether a JSON file is a class mapping (a table of names) and no class set (a list of classes)."""
    document = read_json(path)
    return isinstance(document, dict) and not isinstance(document.get("classes"), list)
