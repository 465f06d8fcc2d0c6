"""A data set taken into a project: its images and, image by image, its labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from segstudio import formats
from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS, Annotation
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.formats.report import Loss, LossTally, told_by_source
from segstudio.store import DatasetSource, Project
from segstudio.store.journal import now
from segstudio.store.lease import person
from segstudio.store.origin_replay import Origin
from segstudio.store.place import Place, place_of
from segstudio.store.server import is_shared
from segstudio.workflows.class_mapping import match_classes
from segstudio.workflows.parallel import in_order
from segstudio.workflows.reading import PROJECT_SUFFIX

SAVED_AT_ONCE = 50
"""Images whose labels share a transaction: their disk's time is shared too, and a stroke waits a few milliseconds."""


@dataclass(frozen=True)
class ImportReport:
    """How many images were read, how many have their labels in the project now, and what was skipped and why."""

    project: Place
    read: int
    written: int
    skipped: tuple[Skipped, ...] = ()
    losses: tuple[Loss, ...] = ()
    added: int = 0
    """Images that the project did not have before."""

    def to_json(self) -> dict[str, Any]:
        """The document of `segstudio import --json`."""
        return {
            "read": self.read,
            "written": self.written,
            "skipped": [{"name": one.name, "reason": one.reason} for one in self.skipped],
            "losses": [loss.to_json() for loss in self.losses],
        }


def import_dataset(
    source: str | Path,
    project: str | Path,
    *,
    source_format: str = "auto",
    layer: str = LABELS,
    classes: ClassSet | None = None,
    split: str | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> ImportReport:
    """Add the images of `source` to a project, made anew where there is none, with their labels as `layer`.

    Images that the project already has keep their labels: an import never overwrites work. Classes are mapped by name
    onto those of an existing project. What was added when `cancel` is seen stays. Raises `UserError`.
    """
    target = place_of(project)
    if isinstance(target, Path) and target.suffix.lower() != PROJECT_SUFFIX:
        raise UserError(f"{target}: a project's name ends in {PROJECT_SUFFIX}")
    dataset = formats.read(source, source_format, class_set=classes, split=split)
    if not dataset.images:
        raise UserError(f"{source}: there are no images in it")
    with _opened_or_made(target, dataset, Path(source)) as opened:
        if opened.read_only:
            raise UserError(f"{target}: cannot be changed: {', '.join(opened.notes)}")
        return take_in(opened, dataset, layer=layer, progress=progress, cancel=cancel)


def take_in(
    project: Project,
    dataset: Dataset,
    *,
    layer: str = LABELS,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
    saved: Callable[[Sequence[str]], None] = lambda keys: None,
) -> ImportReport:
    """Add a data set to an open project as `import_dataset` does; `saved` hears the keys of those that got labels."""
    added = project.add_images(dataset.images, progress=progress, cancel=cancel)
    return replace(_take_labels(project, dataset, layer, progress, cancel, saved), added=added)


def _opened_or_made(target: Place, dataset: Dataset, source: Path) -> Project:
    place = DatasetSource(source.resolve(), dataset.format)
    if isinstance(target, Path):
        if target.exists():
            return Project.open(target)
        target.parent.mkdir(parents=True, exist_ok=True)
    elif is_shared(target):
        return Project.open(target)
    return Project.create(target, class_set=dataset.class_set, name=dataset.name, dataset_source=place)


def origin_of_import(dataset: Dataset) -> Origin:
    """What an import says of the labels that it brings."""
    start = f"{dataset.name} ({dataset.format})" if dataset.name else dataset.format
    return {"kind": "imported", "person": person(), "tool": "import", "when": now(), "from": start}


def _take_labels(
    project: Project,
    dataset: Dataset,
    layer: str,
    progress: Progress,
    cancel: CancelToken | None,
    saved: Callable[[Sequence[str]], None],
) -> ImportReport:
    match = match_classes(dataset.class_set, project.class_set)
    origin = origin_of_import(dataset)
    skipped = list(dataset.skipped)
    tally = LossTally()
    written = 0
    waiting: list[tuple[str, Annotation]] = []
    known = project.keys_with(layer)
    due = [item for item in dataset.images if item.read_annotation and item.key not in known]

    def read(item: ImageItem) -> Annotation | UserError:
        assert item.read_annotation is not None
        try:
            annotation = item.read_annotation()
        except UserError as error:
            return error
        return annotation if match.is_identity else match.mapping.applied(annotation)

    for done, (item, outcome) in enumerate(zip(due, in_order(read, due, cancel=cancel), strict=True), 1):
        if isinstance(outcome, UserError):
            skipped.append(Skipped(item.key, str(outcome)))
        else:
            tally.add(item.key, told_by_source(outcome))
            waiting.append((item.key, outcome))
        if len(waiting) == SAVED_AT_ONCE or (waiting and done == len(due)):
            keys = project.intake.save(layer, waiting, origin=origin)
            saved(keys)
            written += len(keys)
            waiting = []
        progress(done, len(due), item.name)
    losses = list(tally.total())
    if match.unmatched and not match.is_identity:
        losses.append(Loss("classes that the project does not have", len(match.unmatched)))
    return ImportReport(project.path, len(dataset.images), written, tuple(skipped), tuple(losses))
