"""Work for a worker: questions that it answers while the hand moves on, and what would hold the hand up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from segstudio.core.errors import UserError
from segstudio.session.jobs import Job
from segstudio.session.session import Session

Question = TypeVar("Question")
Answer = TypeVar("Answer")


HEAVY = 2_000_000
"""Weight from which work takes more than about 50 ms: pixels of masks, and 500 for each point of a polygon."""


def work_out(
    session: Session, work: Callable[[], Answer], done: Callable[[Answer], None], *, weight: int, title: str = ""
) -> None:
    """Do light work at once and heavy work in a worker; `done` gets the answer on the home thread.

    A `UserError` of either is told.
    """
    if weight >= HEAVY:
        session.jobs.submit(lambda _: work(), done=done, failed=session.notify.fault, lane="compute", title=title)
        return
    try:
        done(work())
    except UserError as error:
        session.notify.fault(error)


class Asking(Generic[Question, Answer]):
    """Sends questions to the session's compute lane; answers come to `done` on the home thread, in the order asked.

    A hand asks faster than a worker answers: what is being worked out is finished and shown, so that a preview keeps
    up, and of the questions asked meanwhile only the last is asked.
    """

    def __init__(
        self, session: Session, work: Callable[[Question], Answer], done: Callable[[Question, Answer], None]
    ) -> None:
        self._session = session
        self._work = work
        self._done = done
        self._next: list[Question] = []
        self._job: Job | None = None
        self._busy = False
        self._round = 0

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._busy

    def ask(self, question: Question) -> None:
        """Ask soon; at once where nothing is being worked out."""
        self._next = [question]
        if not self._busy:
            self._start()

    def drop(self) -> None:
        """Forget what was asked: no answer comes."""
        self._round += 1
        self._busy = False
        self._next = []
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def _start(self) -> None:
        question = self._next.pop()
        this_round = self._round
        self._busy = True

        def done(answer: Answer) -> None:
            if this_round == self._round:
                self._end()
                self._done(question, answer)

        def failed(error: BaseException) -> None:
            if this_round == self._round:
                self._end()
                self._session.notify.fault(error)

        job = self._session.jobs.submit(lambda _: self._work(question), done=done, failed=failed, lane="compute")
        self._job = None if job.finished else job

    def _end(self) -> None:
        self._job = None
        self._busy = False
        if self._next:
            self._start()
