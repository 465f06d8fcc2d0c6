"""What a large project is shown without at first, brought afterwards: its list checked, the rest of its images, its
truth, its scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from segstudio.core.errors import SegStudioError
from segstudio.core.event import Event
from segstudio.core.layer import LABELS, TRUTH
from segstudio.core.transaction import Changes
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session.dataset.growing import Growing
from segstudio.session.dataset.images import Badge
from segstudio.session.dataset.row_item import RowItems
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.core.dataset import Dataset
    from segstudio.session.document import Document
    from segstudio.session.opening import Opened
    from segstudio.session.session import Session
    from segstudio.session.workspace import Workspace

_PORTION = 500
"""Scores that are taken over at once: a few milliseconds of the window's time."""
_Scored = Sequence[tuple[str, Badge, ConfusionMatrix]]


class CatchingUp:
    """Follows what a session opens; nothing is to be done for a project of few images."""

    def __init__(self, session: Session) -> None:
        self.caught_up: Event[None] = Event()
        """All images and their truth are known."""
        self._session = session
        session.opened.connect(self._on_opened)
        session.document_changed.connect(self._on_document)

    def _on_opened(self, workspace: Workspace | None) -> None:
        jobs = self._session.jobs
        for key in ("catching-up", "late-truth", "late-scores"):
            jobs.cancel(key)
        later = workspace.later if workspace is not None else None
        if workspace is None or later is None:
            return
        failed, fault = self._truth_failed, self._session.notify.fault
        jobs.submit(
            lambda job: later.rows.check(progress=job.progress),
            done=lambda _: None,
            failed=fault,
            lane="batch",
            key="catching-up",
            title="checking the list of images",
        )
        if later.source is not None:
            title = f"importing {later.source.path.name}" if later.is_growing else "reading the data set"
            jobs.submit(
                lambda job: self._read_dataset(workspace, job),
                done=lambda dataset: self._take_truth(workspace, dataset),
                failed=failed,
                lane="batch",
                key="late-truth",
                title=title,
            )
        jobs.submit(
            lambda job: self._read_scores(workspace, job),
            done=lambda _: None,
            failed=fault,
            lane="batch",
            key="late-scores",
            title="reading the scores",
        )

    # ── the truth ────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_dataset(self, workspace: Workspace, job: Job) -> Dataset:
        """For a worker: the data set, of which all images are in the project and in the list afterwards."""
        from segstudio import formats

        later, project = workspace.later, workspace.project
        assert later is not None
        assert later.source is not None
        job.progress(0, 0, "reading the data set")
        dataset = formats.read(later.source.path, later.source.format, class_set=later.class_set)
        if later.is_growing:
            growing = Growing(self._session, project, later.items)
            project.add_images(dataset.images, progress=growing.follow(job), cancel=job.cancel_token)
            growing.show()
            project.intake.note_unfinished(False)
        dataset.by_key  # noqa: B018 (made here, not on the home thread)
        return dataset

    def _truth_failed(self, error: BaseException) -> None:
        reason = error.message if isinstance(error, SegStudioError) else str(error)
        self._session.notify.tell("warning", f"the ground truth is not there: {reason}")

    def _take_truth(self, workspace: Workspace, dataset: Dataset) -> None:
        items = self._session.images.items
        if self._session.project is workspace.project and isinstance(items, RowItems):
            items.know(dataset.by_key)
            self._session.overview.caught_up()
            self.caught_up.emit(None)
            self._on_document(self._session.document)
            if workspace.later is not None and workspace.later.is_growing and dataset.skipped:
                first, more = dataset.skipped[0], len(dataset.skipped) - 1
                also = f" and {more:,} more" if more else ""
                self._session.notify.tell("warning", f"left out {first.name}{also}: {first.reason}")

    def _on_document(self, document: Document | None) -> None:
        """Find the truth of an image that was read before it was known that there is one."""
        index = self._session.index
        if document is None or index is None or document.item.read_annotation is not None:
            return
        if self._session.images[index].read_annotation is None:
            return
        read = self._session.reader(index)
        self._session.jobs.submit(
            lambda job: read(), done=self._show_truth, failed=self._session.notify.fault, key="late-truth"
        )

    def _show_truth(self, opened: Opened) -> None:
        """Give the open image the truth that has come; its labels stay what they are meanwhile."""
        document = self._session.document
        if document is None or document.key != opened.item.key or opened.truth is None or document.truth is not None:
            return
        document.item = opened.item
        document.truth, document.truth_index_hw = opened.truth, opened.truth_index_hw
        self._session.live.open(document)
        document.layers_changed.emit(TRUTH)
        document.changed.emit(Changes(TRUTH, pixels=opened.truth.raster.bounds, segments=True))

    # ── the scores ───────────────────────────────────────────────────────────────────────────────────────────────

    def _read_scores(self, workspace: Workspace, job: Job) -> None:
        from segstudio.session.workspace import badge_of, matrices_of

        keys = workspace.project.scored_keys(LABELS)
        for start in range(0, len(keys), _PORTION):
            job.progress(start, len(keys), "reading the scores")
            portion = keys[start : start + _PORTION]
            matrices = matrices_of(workspace.project.scores(LABELS, portion), workspace.class_set)
            found = [(key, badge_of("", matrix, workspace.class_set), matrix) for key, matrix in matrices.items()]
            self._session.jobs.home(lambda found=found: self._take_scores(workspace, found))  # type: ignore[misc]

    def _take_scores(self, workspace: Workspace, found: _Scored) -> None:
        session = self._session
        document = session.document
        if session.project is not workspace.project:
            return
        for key, badge, matrix in found:
            index = session.images.index_of(key)
            is_open = document is not None and document.key == key
            is_newer = is_open or session.live.matrix_of(key) is not None
            if index is None or is_newer or matrix.num_classes != session.classes.current.num_classes:
                continue
            session.live.set_image(key, matrix)
            session.images.set_badge(key, replace(badge, status=session.images.badge(index).status))
