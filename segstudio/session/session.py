"""The whole of what is open: data set, project, images, the document, live scores, predictions; one object, no
widgets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset
from segstudio.core.errors import EditConflict, EnvironmentFault, UserError
from segstudio.core.event import Event
from segstudio.core.history import HistoryBook
from segstudio.core.layer import LABELS
from segstudio.core.transaction import Edit
from segstudio.session import recent
from segstudio.session.assist.forest import LiveForest
from segstudio.session.assist.learning import Learning
from segstudio.session.assist.prompting import Prompting
from segstudio.session.dataset.catching_up import CatchingUp
from segstudio.session.dataset.images import ImageList
from segstudio.session.dataset.overview import Overview
from segstudio.session.document import ClassBook, Document, Recorded
from segstudio.session.edits.landing import after_saving
from segstudio.session.edits.object_view import ObjectView
from segstudio.session.edits.origins import LiveOrigins
from segstudio.session.edits.stepping import step
from segstudio.session.jobs import Job, Jobs
from segstudio.session.journal import EditGains
from segstudio.session.notify import Notifier
from segstudio.session.picture_check import PictureCheck
from segstudio.session.pictures import PictureCache
from segstudio.session.prediction.predictions import Host, Predictions
from segstudio.session.scores.live import LiveScores
from segstudio.session.scores.truth_index import truth_index
from segstudio.session.team import TeamWork
from segstudio.session.turns import Turns
from segstudio.session.view import ViewState
from segstudio.settings import data_directory, load_settings
from segstudio.store import lease
from segstudio.store.place import place_of

if TYPE_CHECKING:
    from segstudio.formats.report import AmbiguousFormat
    from segstudio.session.opening import Opened
    from segstudio.session.workspace import Workspace
    from segstudio.store import Project
    from segstudio.store.place import TeamAddress

T = TypeVar("T")
NO_CLASSES = ClassSet("none", ())
UNREVIEWED = ("to do", "labelled")
"""States that follow from the labels; the others are a person's word."""


class Session:
    """What a person has open and does.

    Without arguments everything is as the program itself uses it. `document_changed` is emitted when another image is
    shown (None = nothing), `opened` when another data set or project is; both come after everything else is in place.
    All methods belong to the home thread. `ambiguous` is emitted where a folder fits several formats and a person must
    say which.
    """

    def __init__(
        self,
        *,
        jobs: Jobs | None = None,
        data_dir: Path | None = None,
        make_host: Callable[[], Host] | None = None,
        person: str | None = None,
    ) -> None:
        self.jobs = jobs if jobs is not None else Jobs()
        self.turns = Turns(self.jobs)
        self.data_dir = data_dir if data_dir is not None else data_directory()
        self.notify = Notifier()
        self.view = ViewState()
        self.images = ImageList()
        self.classes = ClassBook(NO_CLASSES)
        self.live = LiveScores(NO_CLASSES)
        self.histories = _histories()
        self.predictions = Predictions(self, make_host)
        self.opened: Event[Workspace | None] = Event()
        self.team = TeamWork(self)
        self.document_changed: Event[Document | None] = Event()
        self.ambiguous: Event[AmbiguousFormat] = Event()
        self.document: Document | None = None
        self.person = person if person is not None else lease.person()
        self._workspace: Workspace | None = None
        self._pictures = PictureCache()
        self._wanted: int | None = None
        self._is_new = False
        self.overview = Overview(self)
        self.classes.changed.connect(self._on_classes)
        self.object_view = ObjectView(self)
        self.origins = LiveOrigins(self)
        self.forest = LiveForest(self)
        self.prompting = Prompting(self)
        self.catching_up = CatchingUp(self)
        self._gains = EditGains(self)
        self.learning = Learning(self)
        self.picture_check = PictureCheck(self)

    @property
    def pictures(self) -> PictureCache:
        """The decoded pictures."""
        return self._pictures

    @property
    def dataset(self) -> Dataset | None:
        return replace(self._workspace.dataset, images=self.images.items) if self._workspace is not None else None

    @property
    def project(self) -> Project | None:
        return self._workspace.project if self._workspace is not None else None

    @property
    def read_only(self) -> bool:
        """Whether what is open cannot keep edits."""
        return self.project is not None and self.project.read_only

    @property
    def index(self) -> int | None:
        """Where the open image stands in `images`."""
        return self.images.index_of(self.document.key) if self.document is not None else None

    def open_path(
        self, path: str | Path | TeamAddress, *, format: str = "auto", class_set: ClassSet | None = None
    ) -> Job:
        """Open an image, a folder, a data set or a project; what is open stays until the new one is complete.

        A team's project is given by its address, "postgresql://person@host/database?project=name".
        """
        current = self.project

        def work(job: Job) -> Workspace:
            from segstudio.session.workspace import open_workspace

            return open_workspace(
                place_of(path), data_dir=self.data_dir, format=format, class_set=class_set, job=job, current=current
            )

        def done(workspace: Workspace) -> None:
            self._show_workspace(workspace)
            recent.remember(place_of(path), self.notify)

        return self.jobs.submit(
            work, done=done, failed=self._path_failed, key="open-path", title=f"opening {Path(str(path)).name}"
        )

    def go(self, index: int) -> None:
        """Show image number `index`; the open image stays until the new one is there."""
        if not 0 <= index < len(self.images):
            return
        if index == self.index:
            # It is open and being edited: reading it again would show what it was, not what it is.
            self.jobs.cancel("open-image")
            self._wanted = None
            return
        self._wanted = index
        read = self.reader(index)
        self.jobs.submit(lambda job: read(), done=self._show, failed=self._open_failed, key="open-image")

    def reader(self, index: int) -> Callable[[], Opened]:
        """A call that reads image number `index` as it is stored, without showing it; for a worker."""
        item, project, class_set = self.images[index], self.project, self.classes.current

        self.team.reading(item.key)

        def read() -> Opened:
            from segstudio.session.opening import open_image

            return open_image(item, pictures=self._pictures, project=project, class_set=class_set)

        return read

    def document_of(self, opened: Opened) -> Document:
        """A document of an image that was read; its edits are kept, and can be undone once it is shown."""
        document = Document(
            opened.item,
            opened.pyramid,
            opened.labels,
            classes=self.classes,
            history=self.histories.of(opened.item.key),
            truth=opened.truth,
            truth_index_hw=opened.truth_index_hw,
            provenance={"person": self.person},
            label_counts=opened.label_counts,
        )
        document.recorded.connect(self._on_recorded)
        return document

    def reopen(self, index: int) -> None:
        """Show the open image anew, as it is stored; what was done on it here is on its way or given up."""
        self._wanted = index
        read = self.reader(index)
        self.jobs.submit(lambda job: read(), done=self._show, failed=self._open_failed, key="open-image")

    def next_image(self) -> None:
        self._step(1)

    def previous_image(self) -> None:
        self._step(-1)

    def undo(self) -> Edit | None:
        """Undo the latest edit of the open image; what stands against it is told.

        An edit of a whole large image is undone between the events of the window, after those asked for before; one
        that is still being made is taken back.
        """
        if self.document is None or self.turns.cancel():
            return None
        return step(self, self.document.history.next_undo(), self.document.undoing)

    def redo(self) -> Edit | None:
        document = self.document
        return step(self, document.history.next_redo(), document.redoing) if document is not None else None

    def set_status(self, status: str, *, comment: str = "") -> None:
        """Say what a person thinks of the open image ("reviewed", "rejected"); said again, it is taken back.

        With a comment it stands, however often it is said. Who said what, and when, is kept.
        """
        document = self.document
        index = self.index
        if document is None or index is None:
            return
        badge = self.images.badge(index)
        said = status if badge.status != status or comment else "to do" if document.is_bare else "labelled"
        self.images.set_badge(document.key, replace(badge, status=said))
        self._store(lambda project: project.people.review(document.key, said, person=self.person, comment=comment))

    def close_document(self) -> None:
        """Put the open image away; an open stroke becomes part of its labels."""
        document = self.document
        if document is None:
            return
        self.turns.finish()
        if document.stroke is not None:
            document.stroke.commit()
        self._store_score(document)
        self.team.leaving(document)
        if self.read_only:
            # Nothing was kept: the labels come back without these edits, and undo must not meet them.
            self.histories = _histories()
        self.live.close()
        self.document = None
        self.document_changed.emit(None)

    def close(self) -> None:
        """Put everything away; returns when all is on disk and no thread or process of ours is left."""
        self.close_document()
        self.learning.close()
        self.predictions.close()
        self.prompting.close()
        self.jobs.close()
        self._put_away()

    def _step(self, step: int) -> None:
        # An image that could not be opened is a place too: one goes on from there, not back to it.
        current = self._wanted if self._wanted is not None else self.index
        if current is not None:
            self.go(self.images.step(current, step))

    def _put_away(self, *, keep: Project | None = None) -> None:
        """Close the document and the project, unless it is `keep`; edits that cannot be written are told and given
        up.
        """
        self.close_document()
        self.predictions.cancel()
        self.jobs.cancel("back-up")
        project, self._workspace = self.project, None
        if project is not None and project is not keep:
            try:
                project.close()
            except EnvironmentFault as fault:
                self.notify.fault(fault)
                project.close(discard=True)

    def _show_workspace(self, workspace: Workspace) -> None:
        self._put_away(keep=workspace.project)
        self._workspace = workspace
        self.histories = _histories()
        self.live.reset(NO_CLASSES)
        self.classes.replace(workspace.class_set)
        self.images.replace(workspace.dataset.images, workspace.badges, workspace.remarks)
        for key, matrix in workspace.matrices.items():
            if matrix.num_classes == workspace.class_set.num_classes:
                self.live.set_image(key, matrix)
        first = next((c.id for c in workspace.class_set.evaluated), None)
        self.view.set(active_class=first, previous_class=None, hidden_classes=frozenset(), selection=frozenset())
        self._tell_notes(workspace)
        self._wanted = None
        self._is_new = True
        self.opened.emit(workspace)
        self.go(workspace.first_index)

    def _tell_notes(self, workspace: Workspace) -> None:
        """One message about what is unusual: what was left out, recovered, or cannot be changed."""
        skipped = workspace.dataset.skipped
        notes = list(workspace.notes)
        if skipped:
            more = f" and {len(skipped) - 1} more" if len(skipped) > 1 else ""
            notes.append(f"left out {skipped[0].name}{more}: {skipped[0].reason}")
        if workspace.project.read_only:
            text = f"{workspace.project.path.name} is read-only: {'; '.join(notes)}"
            self.notify.tell("warning", text, hint="what is drawn here now will not be kept")
        elif notes:
            self.notify.tell("warning" if skipped else "info", "; ".join(notes))

    def _show(self, opened: Opened) -> None:
        if self.turns.is_busy:
            self.turns.then(lambda: self._show(opened))
            return
        self.close_document()
        self.team.shown(opened)
        document = self.document_of(opened)
        for layer in opened.predictions:
            document.predictions[layer.name] = layer
            if layer.name not in self.view.now.shown:
                self.view.show_layer(layer.name, False)
        self.document = document
        self._wanted = None
        self.view.set(selection=frozenset(), hovered_object=None)
        if self._is_new:
            # Whoever made the data set thought in objects or in pixels; one goes on in the same.
            self.view.set(mode="objects" if opened.truth_is_objects else "semantic")
            self._is_new = False
        self.live.open(document, opened.counted)
        self._refresh_badge(document)
        self.document_changed.emit(document)
        self._prefetch()
        self._back_up()

    def _path_failed(self, error: BaseException) -> None:
        from segstudio.formats.report import AmbiguousFormat

        if isinstance(error, AmbiguousFormat):
            self.ambiguous.emit(error)
        else:
            self.notify.fault(error)

    def _open_failed(self, error: BaseException) -> None:
        self.notify.fault(error)

    def _prefetch(self) -> None:
        index = self.index
        if index is None:
            return
        for by in (1, -1):
            neighbour = self.images.step(index, by)
            item = self.images[neighbour]
            if neighbour != index and (path := item.path) is not None:
                self.jobs.submit(
                    lambda job, path=path, page=item.page: self._pictures.get_ahead(path, page),  # type: ignore[misc]
                    done=lambda _: None,
                    failed=lambda _: None,
                    key=f"prefetch{by:+d}",
                )

    def _back_up(self) -> None:
        """Copy the project beside itself where the last copy is an hour old: at opening, and while one goes on."""
        project = self.project
        if project is not None and not project.read_only:
            settings = load_settings()
            self.jobs.submit(
                lambda job: project.back_up(keep=settings.backups, minutes=settings.backup_minutes),
                done=lambda _: None,
                failed=self.notify.fault,
                key="back-up",
                lane="batch",
            )

    def _on_recorded(self, recorded: Recorded) -> None:
        document = recorded.document
        edit = self._gains.told(document, recorded.edit)
        classes = self.classes.current if edit.changes.classes else None
        layer = document.layer(edit.layer)
        facts = self.overview.facts_after(document, edit)
        receipt = None
        try:
            receipt = self._store(
                lambda p: p.record(document.key, layer, edit, undo=recorded.is_undo, class_set=classes, facts=facts)
            )
        except EditConflict as conflict:
            self.team.keep_own(document, conflict)
        self.histories.trim()
        after_saving(self.turns, edit, receipt, partial(self._refresh_badge, document))

    def _refresh_badge(self, document: Document) -> None:
        index = self.images.index_of(document.key)
        if index is None:
            return
        labelled = not document.is_bare
        status = before = self.images.badge(index).status
        if status in UNREVIEWED:
            status = "labelled" if labelled else "to do"
        if status != before:
            self._store(lambda project: project.set_status(document.key, status))
        from segstudio.session.workspace import badge_of

        matrix = self.live.matrix_of(document.key) if labelled else None
        if document is self.document:
            matrix = self.live.image_matrix() if labelled and self.live.has_truth else None
        self.images.set_badge(document.key, badge_of(status, matrix, self.classes.current))

    def _store_score(self, document: Document) -> None:
        index = self.images.index_of(document.key)
        if index is None:
            return
        status = self.images.badge(index).status
        self._store(lambda project: project.set_status(document.key, status))
        matrix = self.live.matrix_of(document.key)
        if matrix is not None and status != "to do":
            self._store(lambda project: project.set_score(document.key, LABELS, matrix.counts, matrix.missed))

    def _store(self, write: Callable[[Project], T]) -> T | None:
        """Write to the project; what the machine refuses is told, and a read-only project is left as it is."""
        if self.project is None or self.read_only:
            return None
        try:
            return write(self.project)
        except EditConflict:
            raise
        except (EnvironmentFault, UserError) as fault:
            self.notify.fault(fault)
        return None

    def _on_classes(self, class_set: ClassSet) -> None:
        document = self.document
        if document is not None and document.truth is not None and not self.live.counts_alike(class_set):
            document.truth_index_hw = truth_index(document.truth, class_set)
        self.live.change_classes(class_set)
        if self.view.now.active_class not in class_set.by_id:
            first = next((c.id for c in class_set.evaluated), None)
            self.view.set(active_class=first, previous_class=None, error_class=None)


def _histories() -> HistoryBook:
    return HistoryBook(load_settings().undo_megabytes * 2**20)
