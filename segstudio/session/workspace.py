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
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session.dataset.images import Badge, Remark
from segstudio.session.dataset.row_item import RowItems
from segstudio.session.jobs import Job
from segstudio.settings import load_settings
from segstudio.store import DatasetSource, ScoreRow
from segstudio.store.place import Place, TeamAddress
from segstudio.workflows.moved_folders import Moves, load_moves

if TYPE_CHECKING:
    from segstudio.store import Project
    from segstudio.store.image_rows import ImageRows

PROJECT_SUFFIX = ".segproj"
UNTITLED = "untitled"
"""Name of the class set that images without any classes begin with."""


AT_ONCE = 5000
"""Beyond so many images a project is shown before its list is checked, its truth found and its scores read."""


AT_FIRST = 1000
"""So many images of a large data set are shown before the others are known."""


@dataclass(frozen=True, slots=True)
class Later:
    """What a large project is shown without at first: see `dataset/catching_up.py`."""

    rows: ImageRows
    items: RowItems
    source: DatasetSource | None
    class_set: ClassSet | None = None
    is_growing: bool = False
    """Whether images of the data set may be missing that are to be added."""


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
    later: Later | None = None


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
            return _of_project(project, load_moves(data_dir, project.path), job)
    name = format if format != "auto" else formats.format_of(path, class_set=class_set)
    large = _of_large(path, name, class_set, data_dir, current)
    if large is not None:
        return large
    dataset = formats.read(path, name, class_set=class_set)
    if not dataset.images:
        raise UserError(f"{path}: there are no images in it")
    target = project_path(path, data_dir, dataset.format)
    if not target.exists():
        _create(target, dataset, path)
    with _opened(target, current) as project:
        if not project.read_only:
            project.add_images(dataset.images, progress=job.progress, cancel=job.cancel_token)
        rows = project.image_rows()
        rows.check(progress=job.progress)
        first = _index_of_file(dataset, path)
        return _workspace(dataset, project, rows, scores=project.scores(LABELS), first=first)


def _of_large(
    path: Path, format: str, class_set: ClassSet | None, data_dir: Path, current: Project | None
) -> Workspace | None:
    """A large data set, shown before it was read: with what its project has of it, or with its first images.

    None where reading it is quick.
    """
    target = project_path(path, data_dir, format)
    first = formats.first_images(path, format, count=AT_FIRST, class_set=class_set)
    if first is None:
        return None
    if not first.images:
        raise UserError(f"{path}: there are no images in it")
    if not target.exists():
        _create(target, first, path)
    with _opened(target, current) as project:
        if not project.read_only and not project.image_rows():
            project.intake.note_unfinished(True)
            project.add_images(first.images)
        rows = project.image_rows()
        items = RowItems(rows)
        source = DatasetSource(path.resolve(), format)
        whole = Dataset(project.name, project.folder, format, project.class_set, items)
        later = Later(rows, items, source, class_set, is_growing=not project.read_only)
        return _workspace(whole, project, rows, scores=(), later=later)


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
    project = Project.open(path, history_megabytes=load_settings().history_megabytes)
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


def _of_project(project: Project, moves: Moves, job: Job) -> Workspace:
    rows = project.image_rows()
    if not rows:
        raise UserError(f"{project.path}: there are no images in it")
    source = project.dataset_source
    if source is not None:
        source = replace(source, path=moves.path(source.path))
    format_name = source.format if source is not None else "images"
    items = RowItems(rows, moves=moves)
    whole = Dataset(project.name, project.folder, format_name, project.class_set, items)
    is_growing = source is not None and not project.read_only and project.intake.is_unfinished
    if len(rows) > AT_ONCE or is_growing:
        later = Later(rows, items, source, is_growing=is_growing)
        return _workspace(whole, project, rows, scores=(), later=later)
    rows.check(progress=job.progress)
    notes: tuple[str, ...] = ()
    if source is not None:
        job.progress(0, 0, "reading the data set")
        try:
            dataset = formats.read(source.path, source.format)
            items.know(dataset.by_key)
            whole = replace(whole, skipped=dataset.skipped)
        except UserError as error:
            notes = (f"the ground truth is not there: {error.message}",)
    return _workspace(whole, project, rows, scores=project.scores(LABELS), notes=notes)


def _workspace(
    dataset: Dataset,
    project: Project,
    rows: ImageRows,
    *,
    scores: Sequence[ScoreRow],
    first: int = 0,
    notes: tuple[str, ...] = (),
    later: Later | None = None,
) -> Workspace:
    class_set = project.class_set
    statuses = rows.statuses
    plain = {status: Badge(status) for status in set(statuses)}
    badges = {key: plain[status] for key, status in zip(rows.keys, statuses, strict=True)}
    matrices = {key: matrix for key, matrix in matrices_of(scores, class_set).items() if key in badges}
    for key, matrix in matrices.items():
        badges[key] = badge_of(badges[key].status, matrix, class_set)
    remarks = {row.key: Remark(row.note, row.tags) for row in rows.remarked()}
    notes = (*project.notes, *notes)
    return Workspace(dataset, project, class_set, badges, matrices, remarks, first, notes, later)


def matrices_of(scores: Sequence[ScoreRow], class_set: ClassSet) -> dict[str, ConfusionMatrix]:
    """The confusion matrices by image key, of the scores that were counted with as many classes as there are now."""
    found = ((score.image_key, _matrix(score, class_set)) for score in scores)
    return {key: matrix for key, matrix in found if matrix is not None}


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
