"""The two sides of an evaluation, truth and prediction: their entries by key and the classes that both are read in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from segstudio import formats
from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.segments import SegmentTable
from segstudio.formats.coco_files import RAW as COCO
from segstudio.formats.rasters import rasterised
from segstudio.store.place import place_of
from segstudio.workflows.class_mapping import ClassMatch, match_classes
from segstudio.workflows.id_maps import (
    IdMap,
    IdMaps,
    IndexRaster,
    find_id_maps,
    holds_only_id_maps,
    index_map,
    plain_class_set,
)
from segstudio.workflows.project_truth import truth_of
from segstudio.workflows.reading import PROJECT_SUFFIX, opened

ID_MAPS = "class-id-png"
_NAMELESS = frozenset(("coco-results",))


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of one side: a PNG of class ids, or an item of a data set with the way to the evaluation's classes."""

    source: IdMap | ImageItem
    classes: ClassSet | None
    match: ClassMatch | None = None

    def annotation(self) -> Annotation:
        """The labels in terms of the evaluation's classes. Raises `UserError` where there are none."""
        if isinstance(self.source, IdMap):
            raise UserError(f"{self.source.path}: class-id PNGs hold no instances")
        if self.source.read_annotation is None:
            raise UserError(f"{self.source.key}: has no labels")
        annotation = self.source.read_annotation()
        if self.match is None or self.match.is_identity:
            return annotation
        return self.match.mapping.applied(annotation)

    def index_map(self) -> IndexRaster:
        """Evaluation indices `[H, W]`; objects are painted where there is no raster."""
        if isinstance(self.source, IdMap):
            return index_map(self.source, self.classes, self.match)
        assert self.classes is not None
        annotation = rasterised(self.annotation())
        assert annotation.labels_hw is not None
        return SegmentTable(annotation.segments).index_lut(self.classes)[annotation.labels_hw]

    def image_number(self) -> int | None:
        """The number that COCO gives the image, where the format has one."""
        raw = self.source.extra.get(COCO) if isinstance(self.source, ImageItem) else None
        number = raw.get("id") if isinstance(raw, Mapping) else None
        return number if isinstance(number, int) else None


@dataclass(frozen=True, slots=True)
class Side:
    """One side. `format` is the one it was read in; `class_set` the side's own, None for plain ids."""

    path: Path
    format: str
    class_set: ClassSet | None
    entries: Mapping[str, Entry]
    skipped: tuple[Skipped, ...] = ()
    id_maps: IdMaps | None = None
    notes: tuple[str, ...] = ()

    def in_classes(self, classes: ClassSet | None, *, truth: IdMaps | None = None) -> Side:
        """The side with its entries read in the evaluation's classes; PNGs follow the truth's encoding."""
        match = None
        if classes is not None and self.class_set is not None and self.class_set != classes:
            match = match_classes(self.class_set, classes)
        if self.id_maps is not None:
            maps = self.id_maps.following(truth) if truth is not None else self.id_maps
            return replace(self, entries={key: Entry(one, classes, match) for key, one in maps.by_key.items()})
        entries = {key: replace(entry, classes=classes, match=match) for key, entry in self.entries.items()}
        return replace(self, entries=entries)

    @property
    def values(self) -> str:
        """What the numbers in this side's PNGs were taken for: "class ids" or "train ids"."""
        sources = (entry.source for entry in self.entries.values())
        train_ids = any(isinstance(source, IdMap) and source.is_train_ids for source in sources)
        return "train ids" if train_ids else "class ids"

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Names of this side's classes that the evaluation's classes do not have."""
        first = next(iter(self.entries.values()), None)
        return () if first is None or first.match is None else tuple(c.name for c in first.match.unmatched)


@contextmanager
def both_sides(
    truth: Path, prediction: Path, *, classes: ClassSet | None, split: str | None = None, truth_from: str = "auto"
) -> Iterator[tuple[Side, Side, ClassSet]]:
    """Open truth and prediction in common classes: those given, else the truth's, else plain ids.

    `truth_from` says what of a project is the truth (see `project_truth.py`). Where only the prediction says what its
    ids mean (a `class_set.json`), a truth of plain ids is read in those. Raises `UserError` naming the path.
    """
    with (
        one_truth(truth, classes, split, truth_from) as own,
        one_side(prediction, classes or _borrowed(prediction, own)) as other,
    ):
        common = classes or own.class_set or other.class_set
        yield own.in_classes(common), other.in_classes(common, truth=own.id_maps), common or plain_class_set()


def _borrowed(prediction: Path, truth: Side) -> ClassSet | None:
    """The truth's classes, for predictions of a format that numbers classes and does not name them."""
    if _is_project(prediction) or truth.class_set is None:
        return None
    found = formats.detect(prediction)
    return truth.class_set if found and found[0].name in _NAMELESS else None


@contextmanager
def one_truth(path: Path, classes: ClassSet | None, split: str | None, truth_from: str) -> Iterator[Side]:
    """The side of the truth; of a project what `truth_from` says, and `notes` tell what that was."""
    if not _is_project(path):
        if truth_from != "auto":
            raise UserError(f"{path}: only of a project there is more than one truth")
        with one_side(path, classes, split) as side:
            yield side
        return
    from segstudio.store import Project

    with Project.open(path, read_only=True) as project:
        dataset, said = truth_of(project, truth_from)
        images = [item for item in dataset.images if item.read_annotation and split in (None, item.split)]
        if not images:
            raise UserError(f"{path}: there are no labels in it")
        entries = {item.key: Entry(item, dataset.class_set) for item in images}
        yield Side(path, dataset.format, dataset.class_set, entries, notes=(said,) if said else ())


@contextmanager
def one_side(path: Path, classes: ClassSet | None, split: str | None = None) -> Iterator[Side]:
    if not _is_project(path) and _is_id_maps(path, classes):
        if split is not None:
            raise UserError(f"{path}: class-id PNGs have no splits")
        maps = find_id_maps(path, classes)
        entries = {key: Entry(one, maps.class_set) for key, one in maps.by_key.items()}
        yield Side(path, ID_MAPS, maps.class_set, entries, (), maps)
        return
    with opened(path, class_set=classes, split=split) as dataset:
        entries = {item.key: Entry(item, dataset.class_set) for item in dataset.images if item.read_annotation}
        if not entries:
            raise UserError(f"{path}: there are no labels in it")
        yield Side(path, dataset.format, dataset.class_set, entries, dataset.skipped)


def _is_project(path: Path) -> bool:
    place = place_of(path)
    return not isinstance(place, Path) or place.suffix.lower() == PROJECT_SUFFIX


def _is_id_maps(path: Path, classes: ClassSet | None) -> bool:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    if holds_only_id_maps(path):
        return True
    found = formats.detect(path)
    if not found or found[0].name != ID_MAPS:
        return False
    try:
        find_id_maps(path, classes)
    except UserError:
        return False  # colour-coded PNGs, which the format itself reads
    return True
