"""Whatever a verb is given, as a data set: a project's layer, or what `formats.read` reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from segstudio import formats
from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS, Annotation
from segstudio.settings.folders import data_directory
from segstudio.store.place import place_of
from segstudio.workflows.moved_folders import load_moves
from segstudio.workflows.provenance import with_provenance

if TYPE_CHECKING:
    from segstudio.store import Project

PROJECT_SUFFIX = ".segproj"


@contextmanager
def opened(
    path: str | Path,
    format: str = "auto",
    *,
    class_set: ClassSet | None = None,
    split: str | None = None,
    layer: str = LABELS,
    provenance: bool = False,
) -> Iterator[Dataset]:
    """The data set at `path` while the context lasts; of a project, its `layer`, with `provenance` saying of each
    label where it comes from.

    Raises `UserError` naming the path and the reason.
    """
    place = place_of(path)
    if isinstance(place, Path) and place.suffix.lower() != PROJECT_SUFFIX:
        path = Path(path)
        if provenance:
            raise UserError(f"{path}: only a project knows where its labels come from")
        yield formats.read(path, format, class_set=class_set, split=split)
        return
    from segstudio.store import Project

    with Project.open(place, read_only=True) as project:
        dataset = dataset_of(project, layer=layer, provenance=provenance)
        if split:
            dataset = replace(dataset, images=[item for item in dataset.images if item.split == split])
        yield dataset


def dataset_of(project: Project, *, layer: str = LABELS, provenance: bool = False) -> Dataset:
    """A project's images with the annotations of one layer, read when asked for; images without it have none.

    Pictures are looked for where their folder has moved, as far as that was said on this machine. Valid while the
    project is open.
    """
    images = []
    known = project.keys_with(layer)
    moves = load_moves(data_directory(), project.path)
    for row in project.images():
        read = partial(_stored, project, row.key, layer, provenance) if row.key in known else None
        path = row.path and moves.path(row.path)
        images.append(ImageItem(row.key, path, row.size_hw, row.split, row.sequence, read, row.extra))
    source = project.dataset_source
    name = source.format if source is not None else "images"
    return Dataset(project.name, project.folder, name, project.class_set, images)


def _stored(project: Project, key: str, layer: str, provenance: bool) -> Annotation:
    annotation = project.load(key, layer)
    if annotation is None:
        raise UserError(f"{project.path}: {key} has no layer “{layer}” any more")
    return with_provenance(annotation, project, key, layer) if provenance else annotation
