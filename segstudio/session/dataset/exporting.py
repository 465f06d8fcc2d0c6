"""The labels in the project as a data set, and writing them in a format of the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segstudio import formats
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS, Annotation
from segstudio.core.progress import CancelToken, Progress
from segstudio.formats.report import Loss, WriteReport
from segstudio.session.jobs import Job
from segstudio.session.session import Session

if TYPE_CHECKING:
    from segstudio.store import Project


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an export needs to know, taken on the home thread and read on another."""

    dataset: Dataset
    project: Project
    layer: str = LABELS
    keep_truth: bool = False
    provenance: bool = False

    def as_dataset(self) -> Dataset:
        """The data set whose annotations are the stored layer.

        Images without it are left out, or keep their ground truth where `keep_truth`.
        """
        images = []
        labelled = self.project.keys_with(self.layer)
        for item in self.dataset.images:
            if item.key in labelled:
                images.append(_with_layer(item, self))
            elif self.keep_truth and item.read_annotation is not None:
                images.append(item)
        if not images:
            raise UserError(f"no image of {self.dataset.name} has {self.layer} to export yet")
        return replace(self.dataset, images=tuple(images), skipped=())


def snapshot(session: Session, *, layer: str = LABELS, keep_truth: bool = False, provenance: bool = False) -> Snapshot:
    """The work as it is now, where asked with who and what made each label; raises `UserError` while nothing is
    open.
    """
    dataset, project = session.dataset, session.project
    if dataset is None or project is None:
        raise UserError("nothing is open")
    if not project.read_only:
        project.flush()
    return Snapshot(replace(dataset, class_set=session.classes.current), project, layer, keep_truth, provenance)


def find_losses(session: Session, work: Snapshot, format: str, done: Callable[[list[Loss]], None]) -> Job:
    """Tell in the background what `format` cannot hold."""

    def run(job: Job) -> list[Loss]:
        return formats.losses(work.as_dataset(), format, progress=job.progress, cancel=job.cancel_token)

    return session.jobs.submit(
        run, done=done, failed=session.notify.fault, lane="batch", key="losses", title=f"checking for {format}"
    )


def export(
    session: Session,
    work: Snapshot,
    target: Path,
    *,
    format: str,
    options: Mapping[str, Any] | None = None,
    done: Callable[[WriteReport], None],
) -> Job:
    """Write in the background, beside the target and then swapped in; `done` gets the report."""

    def run(job: Job) -> WriteReport:
        return write_snapshot(work, target, format, options, progress=job.progress, cancel=job.cancel_token)

    return session.jobs.submit(run, done=done, failed=session.notify.fault, lane="batch", title=f"exporting {format}")


def write_snapshot(
    work: Snapshot,
    target: Path,
    format: str,
    options: Mapping[str, Any] | None,
    *,
    progress: Progress,
    cancel: CancelToken,
) -> WriteReport:
    """Write on the calling thread."""
    return formats.write(work.as_dataset(), target, format, options=options, progress=progress, cancel=cancel)


def _with_layer(item: ImageItem, work: Snapshot) -> ImageItem:
    key, project, layer = item.key, work.project, work.layer

    def read() -> Annotation:
        stored = project.load(key, layer)
        if stored is None:
            raise UserError(f"{key}: its {layer} are gone from the project")
        if work.provenance:
            from segstudio.workflows.provenance import with_provenance

            return with_provenance(stored, project, key, layer)
        return stored

    return replace(item, read_annotation=read)
