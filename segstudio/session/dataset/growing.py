"""The list of images while more of them come into the project: what the window shows follows a few times a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from segstudio.core.progress import Progress
from segstudio.session.dataset.row_item import RowItems
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.store import Project

_SECONDS = 0.4
"""Between two growths of what is shown."""


class Growing:
    """Brings what was added to the project into the session's list; for the worker that adds."""

    def __init__(self, session: Session, project: Project, items: RowItems) -> None:
        self._session = session
        self._project = project
        self._items = items
        self._shown = time.monotonic()

    def follow(self, job: Job) -> Progress:
        """A `Progress` that tells the job, and shows what is new now and then."""

        def progress(done: int, total: int, text: str = "") -> None:
            if time.monotonic() - self._shown > _SECONDS:
                self.show()
            job.progress(done, total, text)

        return progress

    def show(self) -> RowItems:
        """Show all that is there now."""
        rows = self._project.intake.rows_after(self._items.rows)
        if len(rows) > len(self._items):
            items = self._items = self._items.grown(rows)
            self._session.jobs.home(lambda: self._take(items))
        self._shown = time.monotonic()
        return self._items

    def _take(self, items: RowItems) -> None:
        images = self._session.images
        if self._session.project is self._project and len(items) > len(images):
            images.grow(items)
