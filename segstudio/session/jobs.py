"""Work off the GUI thread: lanes of threads, latest-wins keys, progress, cancel, and one way home for the results."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, TypeVar

from segstudio.core.errors import Cancelled
from segstudio.core.event import Event
from segstudio.core.progress import CancelToken

T = TypeVar("T")
Lane = Literal["io", "compute", "batch"]
Hop = Callable[[Callable[[], None]], None]
"""Runs a call on the home (GUI) thread, soon and in order; callable from any thread."""

_THREADS: dict[Lane, int] = {"io": 2, "compute": 1, "batch": 1}


class Job:
    """One piece of work, as shown to the person: title, how far it is, and whether it is still wanted."""

    def __init__(self, title: str, key: str, on_progress: Callable[[Job], None]) -> None:
        self.title = title
        self.key = key
        self.done_items = 0
        self.total_items = 0
        self.text = ""
        self.finished = False
        self.cancel_token = CancelToken()
        self._on_progress = on_progress

    def progress(self, done: int, total: int, text: str = "") -> None:
        """A `Progress` that also ends the work, by raising `Cancelled`, once it is no longer wanted."""
        self.cancel_token.raise_if_cancelled()
        self.done_items, self.total_items, self.text = done, total, text
        self._on_progress(self)

    def cancel(self) -> None:
        self.cancel_token.cancel()


class Jobs:
    """Runs work on named lanes; `done` and `failed` are called on the home thread, never for work that was
    cancelled.
    """

    def __init__(self) -> None:
        self.changed: Event[Job] = Event()
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._hop: Hop = self._waiting.put
        self._home = threading.get_ident()
        self._pools: dict[Lane, ThreadPoolExecutor] = {}
        self._latest: dict[str, Job] = {}
        self._active: list[Job] = []

    def bind(self, hop: Hop) -> None:
        """Send results home through `hop` from now on, those that wait first."""
        self._hop = hop
        while not self._waiting.empty():
            hop(self._waiting.get())

    def home(self, call: Callable[[], None]) -> None:
        """Run `call` on the home thread, soon; callable from any thread."""
        self._hop(call)

    def run_waiting(self, timeout: float = 0.0) -> bool:
        """Without a bound hop: run one waiting result here, waiting up to `timeout` seconds; whether there was one."""
        try:
            call = self._waiting.get(timeout=timeout) if timeout > 0 else self._waiting.get_nowait()
        except queue.Empty:
            return False
        call()
        return True

    @property
    def active(self) -> list[Job]:
        """Jobs with a title that have not finished, oldest first."""
        return [job for job in self._active if job.title and not job.finished]

    @property
    def is_idle(self) -> bool:
        """Whether nothing at all is under way."""
        return not self._active

    def submit(
        self,
        work: Callable[[Job], T],
        *,
        done: Callable[[T], None],
        failed: Callable[[BaseException], None],
        lane: Lane = "io",
        key: str = "",
        title: str = "",
    ) -> Job:
        """Run `work` on `lane`; a newer job with the same non-empty `key` cancels this one. Home thread only."""
        if threading.get_ident() != self._home:
            raise RuntimeError("jobs are started from the home thread only")
        job = Job(title, key, self._report)
        if key:
            if (older := self._latest.get(key)) is not None:
                older.cancel()
            self._latest[key] = job
        self._active.append(job)
        self.changed.emit(job)
        self._start(lane, job, work, done, failed)
        return job

    def show(self, title: str) -> Job:
        """Show work that is not done by a lane; whoever does it tells when it is over (`end`)."""
        job = Job(title, "", self._report)
        self._active.append(job)
        self.changed.emit(job)
        return job

    def end(self, job: Job) -> None:
        """What `show` showed is over."""
        job.finished = True
        if job in self._active:
            self._active.remove(job)
        self.changed.emit(job)

    def cancel(self, key: str) -> None:
        """Cancel the job of that key, if one is under way."""
        if (job := self._latest.get(key)) is not None:
            job.cancel()

    def close(self) -> None:
        """Cancel everything and wait for the threads to end."""
        for job in list(self._active):
            job.cancel()
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        self._pools.clear()
        self._active.clear()

    def _start(
        self,
        lane: Lane,
        job: Job,
        work: Callable[[Job], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        if lane not in self._pools:
            self._pools[lane] = ThreadPoolExecutor(_THREADS[lane], thread_name_prefix=f"segstudio-{lane}")

        def run() -> T:
            job.cancel_token.raise_if_cancelled()
            return work(job)

        def come_home(future: Future[T]) -> None:
            self._hop(lambda: self._finish(job, future, done, failed))

        self._pools[lane].submit(run).add_done_callback(come_home)

    def _finish(
        self, job: Job, future: Future[T], done: Callable[[T], None], failed: Callable[[BaseException], None]
    ) -> None:
        job.finished = True
        if job in self._active:
            self._active.remove(job)
        if job.key and self._latest.get(job.key) is job:
            del self._latest[job.key]
        self.changed.emit(job)
        if future.cancelled() or job.cancel_token.cancelled:
            return
        error = future.exception()
        if error is None:
            done(future.result())
        elif not isinstance(error, Cancelled):
            failed(error)

    def _report(self, job: Job) -> None:
        self._hop(lambda: self.changed.emit(job))


class SyncJobs(Jobs):
    """Runs each piece of work at once, on the calling thread: for tests and for headless work."""

    def __init__(self) -> None:
        super().__init__()
        self.bind(lambda call: call())

    def _start(
        self,
        lane: Lane,
        job: Job,
        work: Callable[[Job], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        future: Future[Any] = Future()
        try:
            future.set_result(work(job))
        except Exception as error:  # noqa: BLE001 (handed to `failed`, as a pool would)
            future.set_exception(error)
        self._finish(job, future, done, failed)
