"""Layouts that are one label raster per picture: where the files lie, as patterns; each format states its own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.segments import Segment, SegmentTable
from segstudio.formats.files import IMAGE_SUFFIXES, Probe, key_of, list_files
from segstudio.formats.format import ReadOptions
from segstudio.formats.rasters import checked_size, present_values
from segstudio.ops.image import probe_size_hw


@dataclass(frozen=True, slots=True)
class LabelFiles:
    """The files of one labelled picture; `instance` is None where the layout has or the image needs none."""

    label: Path
    instance: Path | None
    picture: Path | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a layout keeps its files, relative to the data set.

    `label` is a pattern with a group `stem` and optionally `top` (whatever comes before), `split` and `sequence`;
    `pictures` and `instance` are templates of those groups without suffix.
    """

    name: str
    label: re.Pattern[str]
    pictures: tuple[str, ...]
    instance: str = ""


def matches(layout: Layout, names: Iterable[str]) -> list[tuple[str, re.Match[str]]]:
    """(name, match) of the label files among `names`."""
    found = ((name, layout.label.fullmatch(name)) for name in names)
    return [(name, match) for name, match in found if match]


def sample(probe: Probe, layout: Layout, count: int = 3) -> list[LabelFiles]:
    """Some labelled pictures of a folder under examination."""
    if not probe.is_dir:
        return []
    by_stem = _by_stem(probe.names)
    return [_files(probe.path, layout, name, m, by_stem) for name, m in matches(layout, probe.names)[:count]]


def read_pairs(
    path: Path,
    layout: Layout,
    class_set: ClassSet,
    options: ReadOptions,
    read: Callable[[LabelFiles, ClassSet], Annotation],
    *,
    split_of: Mapping[str, str] | None = None,
) -> Dataset:
    """The data set of a layout; `split_of` (stem → split, from image lists) goes before what folders say.

    Raises `UserError` where `path` holds no file of the layout.
    """
    if not path.is_dir():
        raise UserError(f"{path}: {layout.name} is a folder, this is a file")
    listing = list_files(path)
    by_stem = _by_stem(listing.files)
    chosen = options.class_set or class_set
    images: list[ImageItem] = []
    taken: set[str] = set()
    for name, match in matches(layout, listing.files):
        files = _files(path, layout, name, match, by_stem)
        groups = match.groupdict()
        stem = groups["stem"]
        split = (split_of or {}).get(stem, groups.get("split") or "")
        sequence = groups.get("sequence") or ""
        key = "/".join(part for part in (groups.get("split") or "", sequence, stem) if part)
        if key in taken:
            key = key_of(name)
        taken.add(key)
        reader = partial(read, files, chosen)
        images.append(ImageItem(key, files.picture, split=split, sequence=sequence, read_annotation=reader))
    if not images:
        raise UserError(f"{path}: holds no label files of {layout.name}")
    skipped = tuple(Skipped(name, reason) for name, reason in listing.refused)
    return Dataset(path.name, path, layout.name, chosen, images, skipped)


def _by_stem(names: Sequence[str]) -> dict[str, str]:
    """Relative name without suffix → picture."""
    return {key_of(n): n for n in names if posixpath.splitext(n)[1].lower() in IMAGE_SUFFIXES}


def _files(root: Path, layout: Layout, name: str, match: re.Match[str], by_stem: Mapping[str, str]) -> LabelFiles:
    groups = {key: value or "" for key, value in match.groupdict().items()}

    def first(templates: Iterable[str]) -> Path | None:
        for template in templates:
            found = by_stem.get(posixpath.normpath(template.format(**groups)))
            if found and found != name:
                return root / found
        return None

    return LabelFiles(root / name, first([layout.instance]) if layout.instance else None, first(layout.pictures))


def check_sizes(files: LabelFiles, values_hw: NDArray[np.generic]) -> None:
    """Raise `UserError` naming both where the label raster is not of the picture's size."""
    if files.picture is not None:
        found_hw = values_hw.shape[0], values_hw.shape[1]
        checked_size(found_hw, probe_size_hw(files.picture), files.label, files.picture)


def annotation_of_pairs(
    class_hw: NDArray[Any],
    instance_hw: NDArray[Any],
    class_set: ClassSet,
    *,
    where: str,
    void: frozenset[int] = frozenset((0, 255)),
) -> Annotation:
    """The annotation of class ids and instance numbers `[H, W]`: one segment per class, one per instance of a thing.

    Instance 0 means the class as a whole; for stuff classes the number is not looked at. Values of `void` without a
    class are unlabelled; other unknown ids raise `UserError` naming `where`.
    """
    if class_hw.shape != instance_hw.shape:
        raise UserError(f"{where}: the class and instance rasters differ in size")
    table = SegmentTable.for_classes(class_set)
    whole = {s.class_id: s.id for s in table}
    values = present_values(class_hw, where=where)
    unknown = [v for v in values if v not in whole and v not in void]
    if unknown:
        listed = ", ".join(map(str, unknown[:8]))
        raise UserError(f"{where}: class ids {listed} are not in the class set {class_set.name!r}")
    lut = np.zeros(max(values, default=0) + 1, np.uint16)
    for value in values:
        lut[value] = whole.get(value, 0)
    ids_hw = lut[class_hw]
    things = np.array([v for v in values if v in whole and class_set.by_id[v].is_thing], np.int64)
    numbered = np.isin(class_hw, things) & (instance_hw > 0)
    if numbered.any():
        codes = class_hw[numbered].astype(np.int64) << 32 | instance_hw[numbered].astype(np.int64)
        unique, inverse = np.unique(codes, return_inverse=True)
        new_ids = []
        for code in unique.tolist():
            segment = Segment(table.free_id(), code >> 32, code & 0xFFFFFFFF)
            table.put(segment)
            new_ids.append(segment.id)
        ids_hw[numbered] = np.array(new_ids, np.uint16)[inverse.reshape(-1)]
    height, width = ids_hw.shape
    return Annotation((height, width), ids_hw, tuple(table))
