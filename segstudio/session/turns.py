"""Long work on the home thread, a few milliseconds at a time, between the events of its loop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from segstudio.core.errors import Cancelled
from segstudio.session.jobs import Job, Jobs

T = TypeVar("T")
Steps = Generator[int, None, T]
"""Work in steps of a few milliseconds at most; each tells how much has been done so far."""
Later = Callable[[Callable[[], None]], None]
"""Runs a call on the home thread after the events that wait now."""

AT_ONCE = 2_500_000
"""Raster pixels up to which an edit is made in one go: what a person does to pictures of ordinary size ends before the
next event.
"""
_TURN_SECONDS = 0.012
_WAITS = -1
"""Told by steps that have nothing to do before something elsewhere has ended."""


@dataclass(eq=False)
class _Task:
    job: Job
    steps: Steps[Any]
    total: int
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    instead: Callable[[], Steps[Any]] | None


class Turns:
    """Edits of whole large images belong to the home thread, where views and scores follow them, but must not hold its
    events up. Tasks run one after another; without `bind` (headless, in tests) each runs at once. Home thread only.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._later: Later | None = None
        self._tasks: deque[_Task] = deque()
        self._after: list[Callable[[], None]] = []
        self._is_stepping = False

    def bind(self, later: Later) -> None:
        """Take turns with the events of a loop from now on."""
        self._later = later

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._tasks)

    def run(
        self,
        steps: Steps[T],
        *,
        total: int,
        title: str,
        done: Callable[[T], None],
        failed: Callable[[BaseException], None],
        instead: Callable[[], Steps[Any]] | None = None,
    ) -> None:
        """Do `steps`, of which `total` will have been done at the end; `done` gets what they return.

        Where a person cancels, the steps are closed and those of `instead` are done, which put everything back;
        without it nothing can be cancelled.
        """
        self._tasks.append(_Task(self._jobs.show(title), steps, total, done, failed, instead))
        if self._later is None:
            self.finish()
        elif len(self._tasks) == 1:
            self._turn()

    def hold(self, ended: Callable[[], bool], *, title: str, then: Callable[[], None]) -> None:
        """Let nothing that is asked for from now on begin before something elsewhere has `ended`; calls `then`."""

        def steps() -> Steps[None]:
            while not ended():
                yield _WAITS

        self.run(steps(), total=0, title=title, done=lambda _: then(), failed=_raised)

    def cancel(self) -> bool:
        """Put back what is under way; whether it can be."""
        if not self._tasks or self._tasks[0].instead is None:
            return False
        self._tasks[0].job.cancel()
        return True

    def then(self, call: Callable[[], None]) -> None:
        """Run `call` when nothing is under way: at once, or after the last task."""
        if self._tasks:
            self._after.append(call)
        else:
            call()

    def finish(self) -> None:
        """Do all that is under way before this returns."""
        while self._tasks and not self._is_stepping:
            if not self._step():
                time.sleep(0.001)

    def _turn(self) -> None:
        until = time.perf_counter() + _TURN_SECONDS
        while self._tasks and not self._is_stepping:
            if not self._step() or time.perf_counter() >= until:
                break
        if self._tasks and self._later is not None:
            self._later(self._turn)

    def _step(self) -> bool:
        """Do one step; whether there was anything to do."""
        task = self._tasks[0]
        self._is_stepping = True  # whoever is told of a step may ask for all of them to be finished
        try:
            if task.instead is not None and task.job.cancel_token.cancelled:
                task.steps.close()
                task.steps, task.instead = task.instead(), None
                task.done = _nothing
            count = next(task.steps)
            if count == _WAITS:
                return False
            task.job.done_items, task.job.total_items = count, task.total
        except StopIteration as end:
            self._end(task, task.done, end.value)
        except Exception as error:  # noqa: BLE001 (handed to `failed`, as a pool would)
            self._end(task, task.failed, error)
        finally:
            self._is_stepping = False
        return True

    def _end(self, task: _Task, tell: Callable[[Any], None], result: object) -> None:
        self._tasks.popleft()
        self._jobs.end(task.job)
        self._is_stepping = False
        if not isinstance(result, Cancelled):
            tell(result)
        while self._after and not self._tasks:
            self._after.pop(0)()


def drained(steps: Generator[object, None, T]) -> T:
    """Do all steps now; returns what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def _raised(error: BaseException) -> None:
    raise error


def _nothing(_: object) -> None:
    """Nobody waits for it."""
