"""A data set together with the project that keeps the work on it; opening either gives both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segstudio import formats
from segstudio.core.class_set import ClassSet, LabelClass, distinct_color
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session.images import Badge, Remark
from segstudio.session.jobs import Job
from segstudio.session.row_item import RowItem
from segstudio.store import DatasetSource, ImageRow, ScoreRow
from segstudio.store.place import Place, TeamAddress

if TYPE_CHECKING:
    from segstudio.store import Project

PROJECT_SUFFIX = ".segproj"
UNTITLED = "untitled"
"""Name of the class set that images without any classes begin with."""


@dataclass(frozen=True)
class Workspace:
    """What is open: the images with their truth, the project that holds the labels, and what is known of each image."""

    dataset: Dataset
    project: Project
    class_set: ClassSet
    badges: Mapping[str, Badge] = field(default_factory=dict)
    matrices: Mapping[str, ConfusionMatrix] = field(default_factory=dict)
    remarks: Mapping[str, Remark] = field(default_factory=dict)
    first_index: int = 0
    notes: tuple[str, ...] = ()


def open_workspace(
    path: Place,
    *,
    data_dir: Path,
    format: str,
    class_set: ClassSet | None,
    job: Job,
    current: Project | None = None,
) -> Workspace:
    """Open a project, or a data set with the project that belongs to it (made on the first opening).

    `current` is the project that is open already: opened again it stays the same one, not a second hand on its file.
    Raises `UserError` naming the path and the reason.
    """
    if isinstance(path, TeamAddress) or path.suffix == PROJECT_SUFFIX:
        with _opened(path, current) as project:
            return _of_project(project, job)
    dataset = formats.read(path, format, class_set=class_set)
    if not dataset.images:
        raise UserError(f"{path}: there are no images in it")
    target = project_path(path, data_dir, dataset.format)
    if not target.exists():
        _create(target, dataset, path)
    with _opened(target, current) as project:
        if not project.read_only:
            project.add_images(dataset.images, progress=job.progress, cancel=job.cancel_token)
        return _workspace(dataset, project, project.images(), first=_index_of_file(dataset, path))


def project_path(dataset_path: Path, data_dir: Path, format: str) -> Path:
    """Where the project of a data set opened as one lies: named after the data set, told apart by path and format."""
    full = f"{dataset_path.resolve()}\0{format}"
    digest = hashlib.sha256(full.encode("utf-8", "surrogateescape")).hexdigest()[:10]
    return data_dir / "projects" / f"{dataset_path.resolve().stem or 'dataset'}-{digest}{PROJECT_SUFFIX}"


@contextmanager
def _opened(path: Place, current: Project | None) -> Iterator[Project]:
    """The project at `path`; closed again where the block raises, unless it was open before."""
    from segstudio.store import Project

    if current is not None and current.path == (path.absolute() if isinstance(path, Path) else path):
        yield current
        return
    project = Project.open(path)
    try:
        yield project
    except BaseException:
        project.close()
        raise


def _create(target: Path, dataset: Dataset, path: Path) -> None:
    from segstudio.store import Project

    target.parent.mkdir(parents=True, exist_ok=True)
    classes = dataset.class_set if dataset.class_set.classes else _one_class()
    source = DatasetSource(path.resolve(), dataset.format)
    Project.create(target, class_set=classes, name=dataset.name, dataset_source=source).close()


def _of_project(project: Project, job: Job) -> Workspace:
    rows = project.images()
    truths: Mapping[str, ImageItem] = {}
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    source = project.dataset_source
    if source is not None:
        job.progress(0, 0, "reading the data set")
        try:
            dataset = formats.read(source.path, source.format)
            truths, skipped = dataset.by_key, dataset.skipped
        except UserError as error:
            notes = (f"the ground truth is not there: {error.message}",)
    items = [_item(row, truths.get(row.key)) for row in rows]
    format_name = source.format if source is not None else "images"
    whole = Dataset(project.name, project.folder, format_name, project.class_set, tuple(items), tuple(skipped))
    if not items:
        raise UserError(f"{project.path}: there are no images in it")
    return _workspace(whole, project, rows, notes=notes)


def _item(row: ImageRow, known: ImageItem | None) -> ImageItem:
    """The image of a row with the truth that the data set has of it; where its picture is gone, with that one's."""
    if known is None:
        return RowItem.of(row)
    item = RowItem.of(row, known.read_annotation)
    if known.path is not None and known.path != item.path and (item.path is None or not item.path.exists()):
        return replace(item, path=known.path)
    return item


def _workspace(
    dataset: Dataset, project: Project, rows: Sequence[ImageRow], *, first: int = 0, notes: tuple[str, ...] = ()
) -> Workspace:
    class_set = project.class_set
    matrices = {}
    for score in project.scores(LABELS):
        matrix = _matrix(score, class_set)
        if matrix is not None:
            matrices[score.image_key] = matrix
    plain = {status: Badge(status) for status in {row.status for row in rows}}
    badges = {row.key: plain[row.status] for row in rows}
    for row in rows if matrices else ():
        if (matrix := matrices.get(row.key)) is not None:
            badges[row.key] = badge_of(row.status, matrix, class_set)
    remarks = {row.key: Remark(row.note, row.tags) for row in rows if row.note or row.tags}
    return Workspace(dataset, project, class_set, badges, matrices, remarks, first, (*project.notes, *notes))


def badge_of(status: str, matrix: ConfusionMatrix | None, class_set: ClassSet) -> Badge:
    """What the filmstrip shows of an image with that status and, where it was scored, that confusion matrix."""
    if matrix is None:
        return Badge(status)
    iou = matrix.iou()
    if np.isnan(iou).all():
        return Badge(status)
    return Badge(status, float(matrix.mean_iou()), class_set.evaluated[int(np.nanargmin(iou))].name)


def _matrix(score: ScoreRow, class_set: ClassSet) -> ConfusionMatrix | None:
    if score.counts.shape[0] != class_set.num_classes:
        return None
    return ConfusionMatrix.from_counts(score.counts, score.missed, ignore_index=class_set.ignored_index)


def _index_of_file(dataset: Dataset, path: Path) -> int:
    if not path.is_file():
        return 0
    full = path.resolve()
    return next((i for i, item in enumerate(dataset.images) if item.path is not None and item.path == full), 0)


def _one_class() -> ClassSet:
    return ClassSet(UNTITLED, (LabelClass(1, "object", distinct_color(0), train_id=0, is_thing=True),))
