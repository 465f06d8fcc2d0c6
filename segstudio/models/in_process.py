"""The model host's interface without a second process: one thread of this one, for batch runs and scripts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from segstudio.models.backend import TORCH, Workbench, make_backend
from segstudio.models.events import DeviceInfo, Event, Failed, Started
from segstudio.models.jobs import ON_SCREEN, Job, JobQueue
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictRequest


class InProcessHost:
    """As `ModelHost`; a model that crashes takes the program with it, and a running step cannot be ended."""

    def __init__(self, folders: Iterable[Path] | None = None, *, backend: str = TORCH) -> None:
        self._folders = tuple(default_registry().folders if folders is None else folders)
        self._backend = backend
        self._queue = JobQueue()
        self._thread: threading.Thread | None = None
        self._running: Job | None = None
        self._closed = False
        self._line = ""

    def submit(
        self,
        request: PredictRequest,
        *,
        priority: int = ON_SCREEN,
        on_event: Callable[[Event], object] = lambda _: None,
    ) -> Job:
        """Queue a request; `on_event` is called on the host's thread."""
        if self._closed:
            raise RuntimeError("this host is closed")
        job = self._queue.put(request, priority, on_event, self._cancel)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="models", daemon=True)
            self._thread.start()
        return job

    def device_line(self) -> str:
        """Where models run, "" before the first one did."""
        return self._line

    def close(self) -> None:
        """Cancel what waits and what runs, and wait for the thread."""
        self._closed = True
        for job in self._queue.drain():
            job.tell(Failed(job.key, "cancelled", cancelled=True))
        running = self._running
        if running is not None:
            running.token.cancel()
        with self._queue.changed:
            self._queue.changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> InProcessHost:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cancel(self, job: Job, grace: float) -> None:
        if job is not self._running:
            job.tell(Failed(job.key, "cancelled", cancelled=True))

    def _work(self) -> None:
        workbench = Workbench(make_backend(self._backend, self._folders))
        while True:
            with self._queue.changed:
                job = self._queue.take()
                while job is None and not self._closed:
                    self._queue.changed.wait()
                    job = self._queue.take()
                self._running = job
            if job is None:
                return
            job.tell(Started(job.key))
            workbench.run(job.request, self._teller(job), job.token)
            self._running = None

    def _teller(self, job: Job) -> Callable[[Event], None]:
        def tell(event: Event) -> None:
            if isinstance(event, DeviceInfo):
                self._line = event.line
            job.tell(event)

        return tell
