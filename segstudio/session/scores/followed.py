"""Counts that follow the open image while somebody looks at them, and know the other images from the background."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import ClassVar, Generic, TypeVar

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.layer import LABELS, Annotation
from segstudio.session.document import Document
from segstudio.session.jobs import Job
from segstudio.session.scores.sides import SideReader
from segstudio.session.session import Session

Counts = TypeVar("Counts")


class FollowedCounts(ABC, Generic[Counts]):
    """Counts from `start` to `stop`; `Counts` is what is kept of an image at rest.

    A kind of counts says how they begin anew, what is done with the image that opens and the one that goes, which of a
    document's events it hears, and how an image at rest is counted.
    """

    job: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self._session = session
        self._document: Document | None = None
        self._is_on = False
        session.document_changed.connect(self._on_document)
        session.opened.connect(self._on_other_classes)
        session.classes.changed.connect(self._on_other_classes)

    def start(self) -> None:
        """Count from now on."""
        if not self._is_on:
            self._is_on = True
            self._begin()

    def stop(self) -> None:
        """Count no more."""
        self._is_on = False
        self._session.jobs.cancel(self.job)
        self._follow(None)

    @abstractmethod
    def _renew(self) -> Callable[[str, Counts], None]:
        """Forget everything; what takes an image's counts from the background, until the next renewal."""

    @abstractmethod
    def _open(self) -> None:
        """Count the open image, where there is one that can be scored, and tell."""

    @abstractmethod
    def _leave(self, document: Document) -> None:
        """Another image opens after `document`."""

    @abstractmethod
    def _hear(self, document: Document) -> None:
        """Connect to the edits of the image that opens."""

    @abstractmethod
    def _hear_no_more(self, document: Document) -> None:
        """Undo `_hear`."""

    @abstractmethod
    def _counter(self, classes: ClassSet) -> Callable[[str, Annotation, Annotation], Counts | None]:
        """What counts key, truth and labels of an image at rest, on another thread; None where nothing is to count."""

    def _begin(self) -> None:
        take = self._renew()
        self._on_document(self._session.document)
        self._count_others(take)

    def _on_other_classes(self, _: object) -> None:
        if self._is_on:
            self._begin()

    def _on_document(self, document: Document | None) -> None:
        if not self._is_on:
            return
        if self._document is not None:
            self._leave(self._document)
        self._follow(document)
        self._open()

    def _on_truth(self, _: object) -> None:
        self._open()

    def _follow(self, document: Document | None) -> None:
        if self._document is not None:
            self._hear_no_more(self._document)
            self._document.truth_changed.disconnect(self._on_truth)
        self._document = document
        if document is not None:
            self._hear(document)
            document.truth_changed.connect(self._on_truth)

    def _count_others(self, take: Callable[[str, Counts], None]) -> None:
        session = self._session
        reader, items = SideReader.of(session, LABELS), list(session.images)
        count = self._counter(session.classes.current)

        def work(job: Job) -> None:
            for key, truth, labels in reader.annotations(items, job.cancel_token):
                with suppress(UserError):
                    counts = count(key, truth, labels)
                    if counts is not None:
                        session.jobs.home(partial(take, key, counts))

        session.jobs.submit(
            work, done=lambda _: None, failed=session.notify.fault, lane="batch", key=self.job, title=self.title
        )
