"""Whether the picture that is opened is the one that was labelled: noted at the first opening, compared at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.errors import SegStudioError
from segstudio.ops.picture_identity import identity_of
from segstudio.session.document import Document, Recorded
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.session.session import Session


class PictureCheck:
    """Looks at each picture's file after it is shown, beside everything else, so that nobody waits for it.

    A picture that nothing is labelled on is taken as it is. Another one than was labelled is told each time it is
    opened, until an edit is made on it: from then on it is the one that was labelled.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        session.document_changed.connect(self._on_document)

    def _on_document(self, document: Document | None) -> None:
        if document is None or document.item.path is None or self._session.project is None:
            return
        key, path, project = document.key, document.item.path, self._session.project
        self._session.jobs.submit(
            lambda job: (project.identity_of(key), identity_of(path)),
            done=lambda both: self._compare(document, *both),
            failed=lambda _: None,
            key="picture-check",
        )

    def _compare(self, document: Document, known: str, found: str) -> None:
        if not found or found == known or self._session.document is not document:
            return
        if not known or document.is_bare:
            self._note(document.key, found)
            return
        self._session.notify.tell(
            "warning",
            f"{document.item.path}: this picture is not the one that was labelled",
            hint="its file has changed since; labels may not fit it any more",
        )
        taken = False

        def take(_: Recorded) -> None:
            nonlocal taken
            if not taken:
                taken = True
                self._note(document.key, found)

        document.recorded.connect(take)

    def _note(self, key: str, identity: str) -> None:
        project = self._session.project
        if project is None or project.read_only:
            return

        def write(job: Job) -> None:
            project.note_identity(key, identity)

        def failed(error: BaseException) -> None:
            # A project that was closed meanwhile notes it the next time.
            if self._session.project is project and isinstance(error, SegStudioError):
                self._session.notify.fault(error)

        self._session.jobs.submit(write, done=lambda _: None, failed=failed)
