"""Looking through what nothing is known of yet: stored layers and the truth, a little at a time, in the background."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.event import Event
from segstudio.core.layer import TRUTH
from segstudio.session.dataset.image_facts import stored_facts
from segstudio.session.jobs import Job
from segstudio.store.image_facts import ImageFacts

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.store import Project

_SLICE_SECONDS = 0.3
"""So long other batch work may have to wait."""
Rows = list[tuple[str, str, ImageFacts]]


class FactScan:
    """Finds the facts that the project lacks and keeps them there. `changed` tells of progress.

    What was found stays; stopped or interrupted, it goes on with the rest another time. Home thread only.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self.total = 0
        self._session = session
        self._due: OrderedDict[str, list[str]] = OrderedDict()
        self._wanted = False
        self._is_asked = False
        session.opened.connect(self._on_opened)
        session.catching_up.caught_up.connect(self._on_caught_up)

    @property
    def left(self) -> int:
        """Images still to be looked through."""
        return len(self._due)

    def start(self) -> None:
        """Find out what is lacking, and go through it."""
        session = self._session
        project, items = session.project, session.images.items
        if project is None or project.read_only or self._wanted:
            return
        self._wanted = self._is_asked = True

        def work(job: Job) -> OrderedDict[str, list[str]]:
            return _lacking(project, items)

        def done(due: OrderedDict[str, list[str]]) -> None:
            self._due, self.total = due, len(due)
            self._next()

        session.jobs.submit(work, done=done, failed=self._failed, lane="batch", key="fact-scan")

    def stop(self) -> None:
        """Leave the rest for another time."""
        self._wanted = self._is_asked = False
        self._due.clear()
        self._session.jobs.cancel("fact-scan")
        self.changed.emit(None)

    def _next(self) -> None:
        session = self._session
        project, classes = session.project, session.classes.current
        self.changed.emit(None)
        if project is None or not self._due or not self._wanted:
            self._wanted = False
            return
        index_of, images = session.images.index_of, session.images
        batch = [
            (images[index], names)
            for key, names in list(self._due.items())[:64]
            if (index := index_of(key)) is not None
        ]

        def work(job: Job) -> tuple[list[str], Rows]:
            return _look_through(batch, project, classes, job)

        def done(found: tuple[list[str], Rows]) -> None:
            keys, rows = found
            for key in keys or list(self._due)[:64]:
                self._due.pop(key, None)
            session.overview.take_rows(rows)
            self._next()

        session.jobs.submit(work, done=done, failed=self._failed, lane="batch", key="fact-scan")

    def _failed(self, error: BaseException) -> None:
        self._session.notify.fault(error)
        self.stop()

    def _on_opened(self, _: object) -> None:
        self.stop()

    def _on_caught_up(self, _: None) -> None:
        if self._is_asked:  # more is known now than what was looked for
            self.stop()
            self.start()


def _lacking(project: Project, items: Sequence[ImageItem]) -> OrderedDict[str, list[str]]:
    """Layer names by image key, those of stored layers before those of the truth alone."""
    due: OrderedDict[str, list[str]] = OrderedDict()
    for key, name in project.layers_without_facts():
        due.setdefault(key, []).append(name)
    known = project.keys_with_facts(TRUTH)

    for item in items:
        if item.read_annotation is not None and item.key not in known:
            due.setdefault(item.key, []).append(TRUTH)
    return due


def _look_through(
    batch: list[tuple[ImageItem, list[str]]], project: Project, classes: ClassSet, job: Job
) -> tuple[list[str], Rows]:
    """As many images of the batch as fit into the slice: their keys, and what was found of them."""
    until = time.monotonic() + _SLICE_SECONDS
    keys: list[str] = []
    rows: Rows = []
    for item, names in batch:
        job.cancel_token.raise_if_cancelled()
        rows += stored_facts(item, names, project, classes)
        keys.append(item.key)
        if time.monotonic() > until:
            break
    project.put_facts(rows)
    return keys, rows
