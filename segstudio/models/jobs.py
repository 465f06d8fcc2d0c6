"""Requests waiting for a model, in the order in which they should run."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from segstudio.core.progress import CancelToken
from segstudio.models.events import Done, Event, Failed
from segstudio.models.request import PredictRequest

ON_SCREEN, NEIGHBOUR, BATCH = 0, 10, 20
"""Usual priorities: the image on screen first, then its neighbours, then the batch."""

_GRACE_S = 3.0


class Job:
    """A submitted request: what `submit` returns. Its last event is a `Done` or a `Failed`, exactly one."""

    def __init__(
        self,
        number: int,
        request: PredictRequest,
        on_event: Callable[[Event], object],
        on_cancel: Callable[[Job, float], None],
    ) -> None:
        self.number = number
        self.request = request
        self.token = CancelToken()
        self._on_event = on_event
        self._on_cancel = on_cancel
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._result: Done | Failed | None = None

    @property
    def key(self) -> str:
        return self.request.key

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def cancel(self, *, grace: float = _GRACE_S) -> None:
        """Do not start it any more; where it runs, stop between two steps, or end the process after `grace` seconds."""
        if not self.ended:
            self.token.cancel()
            self._on_cancel(self, grace)

    def wait(self, timeout: float | None = None) -> Done | Failed | None:
        """The last event, once it came; None where `timeout` seconds were not enough."""
        self._ended.wait(timeout)
        return self._result

    def tell(self, event: Event) -> None:
        """Pass an event on; for hosts only. Nothing follows the last event."""
        last = isinstance(event, (Done, Failed))
        with self._lock:
            if self._result is not None:
                return
            if isinstance(event, (Done, Failed)):
                self._result = event
        try:
            self._on_event(event)
        finally:
            if last:
                self._ended.set()


class JobQueue:
    """Jobs by priority (least first), then by arrival. Safe from any thread."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Job]] = []
        self._numbers = itertools.count(1)
        self.changed = threading.Condition()

    def put(
        self,
        request: PredictRequest,
        priority: int,
        on_event: Callable[[Event], object],
        on_cancel: Callable[[Job, float], None],
    ) -> Job:
        with self.changed:
            job = Job(next(self._numbers), request, on_event, on_cancel)
            heapq.heappush(self._heap, (priority, job.number, job))
            self.changed.notify_all()
        return job

    def take(self) -> Job | None:
        """The next job that nobody cancelled; call it with `changed` held."""
        while self._heap:
            job = heapq.heappop(self._heap)[2]
            if not job.ended:
                return job
        return None

    def drain(self) -> list[Job]:
        """Every waiting job, out of the queue."""
        with self.changed:
            jobs = [job for _, _, job in sorted(self._heap, key=lambda row: row[:2])]
            self._heap.clear()
        return jobs
