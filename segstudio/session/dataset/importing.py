"""A data set taken into the project that is open, in the background: its images at the end of the list, its labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segstudio.session.dataset.growing import Growing
from segstudio.session.dataset.row_item import RowItems
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.workflows.importing import ImportReport


def import_into(session: Session, path: str | Path, *, format: str = "auto") -> Job | None:
    """Add the images and labels of `path` to the open project; what is labelled there already stays as it is.

    None where nothing is open that can be added to, which is told. What came in before the job is cancelled stays.
    """
    project, path = session.project, Path(path)
    if project is None or project.read_only:
        session.notify.tell("warning", "nothing can be imported: open a project that can be changed first")
        return None

    def work(job: Job) -> ImportReport:
        from segstudio import formats
        from segstudio.workflows.importing import take_in

        job.progress(0, 0, "reading the data set")
        dataset = formats.read(path, format)
        growing = Growing(session, project, RowItems(project.image_rows()))

        def saved(keys: Sequence[str]) -> None:
            session.jobs.home(lambda: _show_labels(session, keys))

        try:
            return take_in(project, dataset, progress=growing.follow(job), cancel=job.cancel_token, saved=saved)
        finally:
            growing.show()

    def done(report: ImportReport) -> None:
        session.overview.caught_up()
        session.catching_up.caught_up.emit(None)
        told = f"{path.name}: {report.added:,} new images, {report.written:,} with labels"
        known = report.read - report.added
        if known:
            told += f"; {known:,} were here already, by their names"
        if report.skipped:
            told += f"; left out {len(report.skipped):,}: {report.skipped[0].name}: {report.skipped[0].reason}"
        session.notify.tell("warning" if report.skipped else "info", told)

    return session.jobs.submit(
        work, done=done, failed=session.notify.fault, lane="batch", key="import", title=f"importing {path.name}"
    )


def _show_labels(session: Session, keys: Sequence[str]) -> None:
    """The open image may be among those whose labels have come."""
    document, index = session.document, session.index
    if document is not None and index is not None and document.key in keys and document.is_bare:
        session.reopen(index)
