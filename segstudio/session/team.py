"""A project that a team shares: the open image is held, another person's is only looked at, no conflict loses work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from segstudio.core.errors import EditConflict, EnvironmentFault
from segstudio.core.event import Event
from segstudio.store.records import OWN_RUN

if TYPE_CHECKING:
    from segstudio.session.document import Document
    from segstudio.session.opening import Opened
    from segstudio.session.session import Session
    from segstudio.session.workspace import Workspace
    from segstudio.store import Project
    from segstudio.store.image_leases import Holder
    from segstudio.store.review_rows import PersonWork, ReviewRow

OWN_VERSION = f"prediction:{OWN_RUN}"
"""How the layer is called under which a person's labels are kept that could not become the image's."""


@dataclass(frozen=True, slots=True)
class PeopleState:
    """Who did how much, who works on which image now, and what was said of images, newest first."""

    work: tuple[PersonWork, ...]
    holders: Mapping[str, str]
    reviews: tuple[ReviewRow, ...]


def read_people(project: Project, *, reviews: int = 100) -> PeopleState:
    """Read it from the project; for a worker."""
    people = project.people
    held = {key: str(holder) for key, holder in people.holders().items()}
    said = tuple(reversed(people.reviews()))[:reviews]
    return PeopleState(tuple(people.work()), held, said)


class TeamWork:
    """What a session does differently where others work in the same project; nothing in a file of one person."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._taken: set[str] = set()
        self.holders: Mapping[str, str] = {}
        """Who else works on an image, by key, as it was looked up last."""
        self.holders_changed: Event[None] = Event()
        self.held_by = ""
        """Who holds the open image, where that is somebody else."""
        session.opened.connect(self._on_opened)

    @property
    def is_team(self) -> bool:
        """Whether others may be at work in what is open."""
        project = self._session.project
        return project is not None and project.people.is_team

    @property
    def note(self) -> str:
        """What a title says of it: "" for a file of one person."""
        if not self.is_team:
            return ""
        return f"team, held by {self.held_by}" if self.held_by else "team"

    def look(self) -> None:
        """Look up who works on which image; `holders_changed` tells where that is news."""
        project = self._session.project
        if project is None or not self.is_team:
            return
        self._session.jobs.submit(
            lambda job: project.people.holders(), done=self._take_holders, failed=lambda _: None, key="holders"
        )

    def _take_holders(self, found: Mapping[str, Holder]) -> None:
        held = {key: str(holder) for key, holder in found.items() if key not in self._taken}
        if held != self.holders:
            self.holders = held
            self.holders_changed.emit(None)

    def _on_opened(self, _: Workspace | None) -> None:
        self.holders, self.held_by = {}, ""
        self.holders_changed.emit(None)

    def shown(self, opened: Opened) -> None:
        """An image is about to be shown that `open_image` took, or found held."""
        self.held_by = opened.held_by
        project = self._session.project
        if project is None or not self.is_team:
            return
        if opened.held_by:
            opened.labels.locked = True
            text = f"{opened.item.name} is being edited by {opened.held_by}"
            self._session.notify.tell("info", text, hint="you can look at it; open it again later to edit it")
        # Somebody else may have been here since, so what was done before cannot be taken back step by step.
        self._session.histories.forget(opened.item.key)
        if opened.class_set is not None and opened.class_set != self._session.classes.current:
            self._session.classes.replace(opened.class_set)
        for key in self._taken - {opened.item.key}:
            self._session.jobs.submit(
                lambda job, key=key: project.people.release(key),  # type: ignore[misc]
                done=lambda _: None,
                failed=self._session.notify.fault,
            )
        self._taken = set() if opened.held_by else {opened.item.key}
        self.look()

    def reading(self, key: str) -> None:
        """An image is going to be read, and held if nobody else has it."""
        if self.is_team:
            self._taken.add(key)

    def leaving(self, document: Document) -> None:
        """The document is about to be put away: nothing of it may be on its way any more."""
        project = self._session.project
        if project is None or not self.is_team or self._session.read_only:
            return
        try:
            project.flush()
        except EditConflict as conflict:
            self._keep(project, document, conflict)
        except EnvironmentFault as fault:
            self._session.notify.fault(fault)

    def closed(self) -> None:
        """The project was put away, which let everything go."""
        self._taken.clear()

    def keep_own(self, document: Document, conflict: EditConflict) -> None:
        """The labels of an image could not be kept because of somebody else's: keep them beside, and show both."""
        session = self._session
        assert session.project is not None
        self._keep(session.project, document, conflict)
        session.histories.forget(document.key)
        index = session.images.index_of(document.key)
        if index is not None and document is session.document:
            session.reopen(index)

    def _keep(self, project: Project, document: Document, conflict: EditConflict) -> None:
        name = f"{OWN_VERSION} {datetime.now():%Y-%m-%d %H.%M.%S}"
        project.save_annotation(document.key, name, document.labels.to_annotation(), locked=True)
        self._session.notify.fault(conflict)
