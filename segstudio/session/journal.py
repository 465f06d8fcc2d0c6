"""What the journal of an image tells, and the way back to any state in it: restoring is an edit like all others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.core.transaction import Edit
from segstudio.session.edits.landing import Writes, at_once, land
from segstudio.store.records import DELTA_IOU, RESTORES, EditRow, RunRow, VersionRow

if TYPE_CHECKING:
    from segstudio.session.document import Document
    from segstudio.session.session import Session
    from segstudio.session.stroke import Stroke
    from segstudio.store import Project

LINES = 2000
"""The newest lines of an image's journal that are shown."""


class EditGains:
    """Notes with each edit of the open image what it did to the mean IoU, where there is a truth."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._before: float | None = None
        session.document_changed.connect(self._on_document)

    def told(self, document: Document, edit: Edit) -> Edit:
        """The edit with its gain in its provenance; as it is where nothing can be said."""
        if document is not self._session.document:
            return edit
        before, self._before = self._before, self._now()
        if before is None or self._before is None:
            return edit
        gain = round(self._before - before, 6)
        return replace(edit, provenance={**edit.provenance, DELTA_IOU: gain})

    def _on_document(self, document: Document | None) -> None:
        self._before = self._now()

    def _now(self) -> float | None:
        live = self._session.live
        if not live.has_truth:
            return None
        found = live.image_matrix().mean_iou()
        return None if np.isnan(found) else float(found)


@dataclass(frozen=True, slots=True)
class Journal:
    """The newest edits of an image, oldest first, the names given to its states, and the runs that they may name."""

    key: str
    edits: tuple[EditRow, ...]
    versions: tuple[VersionRow, ...]
    runs: tuple[RunRow, ...] = ()

    def weights_of(self, run: str, when: str) -> str:
        """The hash of the weights that a run used at a time (UTC, ISO 8601); "" where it is not known."""
        return next((row.weights_at(when) for row in self.runs if row.name == run), "")


def read_journal(project: Project, key: str) -> Journal:
    """Read an image's journal; for a worker. Raises `UserError` where it is damaged."""
    edits = tuple(project.edits(key, limit=LINES))
    return Journal(key, edits, tuple(project.versions(key)), tuple(project.runs()))


def restore(document: Document, annotation: Annotation, name: str, *, edit_id: int | None = None) -> Edit | None:
    """Make the labels what they were, as one edit; None where they are that already.

    They were so after edit `edit_id` of the journal, where who had made them is looked up.
    Raises `UserError` where the state is of another size or an edit is open.
    """
    return at_once(*_restoring(document, annotation, name, edit_id))


def _restoring(document: Document, annotation: Annotation, name: str, edit_id: int | None) -> tuple[Stroke, Writes]:
    """The open edit that has restored all but the raster, and what is written to that."""
    layer = document.labels
    if annotation.size_hw != layer.size_hw:
        raise UserError(f"{document.item.name}: that state is of another size")
    wanted = annotation.labels_hw
    told = {} if edit_id is None else {RESTORES: edit_id}
    stroke = document.begin(name, tool="history", provenance=told)

    def write(part: Rect) -> None:
        then_hw = wanted[part.slices] if wanted is not None else np.zeros((part.height, part.width), np.uint16)
        box = Rect.of_mask(layer.raster.view(part) != then_hw)
        if not box.is_empty:
            stroke.write(box.moved(part.x0, part.y0), then_hw[box.slices])

    try:
        for segment in annotation.segments:
            if layer.segments.get(segment.id) != segment:
                stroke.put_segment(segment)
        then = {item.id for item in annotation.objects}
        gone = [item.id for item in layer.objects if item.id not in then]
        changed = [item for item in annotation.objects if layer.objects.get(item.id) != item]
        stroke.change_objects(put=changed, remove=gone)
    except BaseException:
        stroke.cancel()
        raise
    return stroke, [(layer.raster.bounds, write)]


def mark_edit(session: Session, edit_id: int | None) -> None:
    """Outline on the picture what an edit of the journal changed, as far as that is still kept; None takes it away."""
    document, project = session.document, session.project
    if edit_id is None or document is None or project is None:
        session.jobs.cancel("mark-edit")
        session.view.set(marked=())
        return

    def arrived(found: tuple[list[Rect], list[int]]) -> None:
        if session.document is document:
            rects, object_ids = found
            now = [item.bounds() for key in object_ids if (item := document.labels.objects.get(key)) is not None]
            session.view.set(marked=(*rects, *now))

    work = partial(project.authors.touched, edit_id)
    session.jobs.submit(lambda job: work(), done=arrived, failed=session.notify.fault, key="mark-edit")


def restore_after(session: Session, edit_id: int, name: str) -> None:
    """Read the open image's state after an edit of the journal, then restore it; what stands against it is told."""
    document, project = session.document, session.project
    if document is None or project is None:
        return

    def told(edit: Edit | None) -> None:
        if edit is None:
            session.notify.info("the labels are as they were then")

    def arrived(annotation: Annotation) -> None:
        if session.document is not document:
            return
        try:
            land(session, *_restoring(document, annotation, name, edit_id), done=told)
        except UserError as error:
            session.notify.fault(error)

    session.jobs.submit(
        lambda job: project.state_after(document.key, document.labels.name, edit_id),
        done=arrived,
        failed=session.notify.fault,
        key="restore",
    )
