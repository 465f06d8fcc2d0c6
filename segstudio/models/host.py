"""Runs models in a child process: nothing they do can block, crash or slow down the program itself.

One request runs at a time, the most urgent first; what was predicted before is not run again. The process is started
with the first request and again after its death, which costs the request that ran and no other. It is ended when it is
not heard any more, and between two requests when it has grown too large.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.errors import SegStudioError
from segstudio.models.backend import TORCH
from segstudio.models.channel import ChannelClosed
from segstudio.models.events import DeviceInfo, Done, Event, Failed, Started
from segstudio.models.jobs import ON_SCREEN, Job, JobQueue
from segstudio.models.process import ModelProcess, as_message
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictRequest
from segstudio.models.results import Results
from segstudio.models.worker_main import arena_bytes, confidence_offset, labels_offset

_FREE = "the model process ended"
_NEXT = "it starts again with the next image; the others are not lost"

HANG_S = 30.0
"""A process that says nothing for so long hangs. A thread of its own speaks every second, however long a network
computes, so only a process that is stopped or stuck as a whole falls silent.
"""
UNKEPT = 4
"""Results that wait to be written for later; where the disk is slower than the model the others are not."""
MEMORY_SHARE = 0.6
"""Of the machine's memory, what the process may hold when a request has ended."""


class ModelHost:
    """The parent's end of the model process. All methods return at once, except `close`."""

    def __init__(
        self,
        folders: Iterable[Path] | None = None,
        *,
        backend: str = TORCH,
        results: Results | None = None,
        hang_s: float = HANG_S,
        memory_bytes: int = 0,
    ) -> None:
        """`results` are looked up before anything is run; `memory_bytes` 0 means a share of what the machine has."""
        self._folders = tuple(default_registry().folders if folders is None else folders)
        self._results = results
        self._hang_s = hang_s
        self._memory_bytes = memory_bytes or int(MEMORY_SHARE * machine_bytes())
        self._fresh: deque[Job] = deque()
        self._keys: dict[int, str] = {}
        self._unkept: deque[tuple[str, Done]] = deque()
        self._used_bytes = 0
        self._hung = False
        self._backend = backend
        self._queue = JobQueue()
        self._changed = self._queue.changed
        self._process: ModelProcess | None = None
        self._reader: threading.Thread | None = None
        self._dispatcher: threading.Thread | None = None
        self._running: Job | None = None
        self._kill_at: float | None = None
        self._closed = False
        self._line = ""
        self._heard = time.monotonic()
        self._starts = 0

    def submit(
        self,
        request: PredictRequest,
        *,
        priority: int = ON_SCREEN,
        on_event: Callable[[Event], object] = lambda _: None,
    ) -> Job:
        """Queue a request (least `priority` first); `on_event` is called on a thread of the host.

        The image must not change until the last event, a `Done` or a `Failed`.
        """
        if self._closed:
            raise RuntimeError("this host is closed")
        with self._changed:
            job = self._queue.put(request, priority, on_event, self._cancel)
            self._fresh.append(job)
        if self._dispatcher is None:
            self._dispatcher = threading.Thread(target=self._dispatch, name="model-dispatch", daemon=True)
            self._dispatcher.start()
        return job

    def device_line(self) -> str:
        """Where models run, "" before the first one did."""
        return self._line

    @property
    def pid(self) -> int | None:
        """The process id of the child, None while there is none."""
        process = self._process
        return None if process is None else process.pid

    @property
    def starts(self) -> int:
        """How often the child was started."""
        return self._starts

    @property
    def used_bytes(self) -> int:
        """Memory of the process as it last said, 0 without one."""
        return 0 if self._process is None else self._used_bytes

    def silent_for(self) -> float:
        """Seconds since the running child was last heard (it speaks every second unless it hangs); 0 without one."""
        return 0.0 if self._process is None else time.monotonic() - self._heard

    def close(self) -> None:
        """Cancel everything, end the process and wait until it and the threads are gone."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for job in self._queue.drain():
            job.tell(_cancelled(job))
        if self._dispatcher is not None:
            self._dispatcher.join()

    def __enter__(self) -> ModelHost:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cancel(self, job: Job, grace: float) -> None:
        with self._changed:
            process = self._process if job is self._running else None
            if process is not None:
                self._kill_at = time.monotonic() + grace
                self._changed.notify_all()
        if process is None:
            self._keys.pop(job.number, None)
            job.tell(_cancelled(job))
            return
        try:
            process.channel.send("cancel", job.number)
        except ChannelClosed:
            return

    def _dispatch(self) -> None:
        while True:
            with self._changed:
                job = None
                while not self._closed:
                    self._end_overdue()
                    job = self._next_fresh() or self._next_waiting()
                    if job is not None or self._unkept:
                        break
                    self._changed.wait(self._patience())
                if self._closed:
                    break
            if job is None:
                self._keep_one()
            elif job.number not in self._keys:
                self._look_up(job)
            else:
                self._send(job)
        while self._unkept:
            self._keep_one()
        self._stop()

    def _next_fresh(self) -> Job | None:
        """A job for which nobody has looked yet whether its result is known already."""
        while self._fresh:
            job = self._fresh.popleft()
            if not job.ended:
                return job
        return None

    def _next_waiting(self) -> Job | None:
        """The job to run now, where nothing runs."""
        if self._running is not None:
            return None
        job = self._queue.take()
        if job is not None:
            self._running, self._kill_at = job, None
        return job

    def _look_up(self, job: Job) -> None:
        key = "" if self._results is None else self._results.key(job.request)
        known = None if self._results is None else self._results.find(key)
        self._keys[job.number] = key
        if known is not None and not job.ended:
            del self._keys[job.number]
            job.tell(Started(job.key))
            job.tell(Done(job.key, known, cached=True))

    def _keep_one(self) -> None:
        key, done = self._unkept.popleft()
        if self._results is not None:
            self._results.keep(key, done.prediction)

    def _patience(self) -> float | None:
        times = [] if self._kill_at is None else [self._kill_at]
        if self._running is not None and self._process is not None:
            times.append(self._heard + self._hang_s)
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _end_overdue(self) -> None:
        if self._running is None or self._process is None:
            return
        now = time.monotonic()
        if now >= self._heard + self._hang_s:
            self._hung = True
        elif self._kill_at is None or now < self._kill_at:
            return
        self._kill_at, self._heard = None, now
        self._process.kill()

    def _send(self, job: Job) -> None:
        height, width = job.request.image.shape[:2]
        try:
            if self._process is not None and self._used_bytes > self._memory_bytes:
                self._end_process()
            process = self._process or self._start()
            job.tell(Started(job.key))
            process.put_image(job.request.image, arena_bytes(height, width))
            process.channel.send("predict", job.number, as_message(job.request), job.request.image.shape)
            if job.token.cancelled:  # asked for before there was a process to tell
                process.channel.send("cancel", job.number)
        except ChannelClosed:
            return  # the reader sees the same end and tells the job
        except SegStudioError as error:
            self._finish(job, Failed(job.key, error.message, error.hint))
        except (OSError, MemoryError) as error:
            self._finish(job, Failed(job.key, f"the image cannot be handed to the model process: {error}"))

    def _start(self) -> ModelProcess:
        process = ModelProcess(self._backend, self._folders)
        self._heard = time.monotonic()
        self._used_bytes, self._hung = 0, False
        self._starts += 1
        self._process = process
        self._reader = threading.Thread(target=self._read, args=(process,), name="model-events", daemon=True)
        self._reader.start()
        return process

    def _read(self, process: ModelProcess) -> None:
        while True:
            try:
                kind, *rest = process.channel.receive()
            except ChannelClosed:
                break
            self._heard = time.monotonic()
            if kind == "event":
                self._event(process, *rest)
            elif kind == "beat":
                (self._used_bytes,) = rest
        self._died(process)

    def _event(self, process: ModelProcess, number: int, event: Any) -> None:
        job = self._running
        if job is None or job.number != number:
            return
        if isinstance(event, tuple):
            done, self._used_bytes = _from_arena(process, *event[:3]), event[3]
            self._finish(job, done)
        elif isinstance(event, Failed):
            self._finish(job, event)
        else:
            if isinstance(event, DeviceInfo):
                self._line = event.line
            job.tell(event)

    def _finish(self, job: Job, event: Done | Failed) -> None:
        with self._changed:
            key = self._keys.pop(job.number, "")
            if self._running is job:
                self._running, self._kill_at = None, None
            if key and isinstance(event, Done) and len(self._unkept) < UNKEPT:
                self._unkept.append((key, event))
            self._changed.notify_all()
        job.tell(event)

    def _died(self, process: ModelProcess) -> None:
        words = process.last_words()
        with self._changed:
            job, self._running, self._kill_at = self._running, None, None
            self._process = None
        process.close()
        if job is not None:
            self._keys.pop(job.number, None)
            what = f"the model process did not answer for {self._hang_s:.0f} s and was ended" if self._hung else ""
            lost = Failed(job.key, what or f"{_FREE} ({words})", _NEXT)
            job.tell(_cancelled(job) if job.token.cancelled or self._closed else lost)
        with self._changed:
            self._changed.notify_all()

    def _end_process(self) -> None:
        """End a process that waits, and wait for its end; the job that is about to run is not its own."""
        process, reader = self._process, self._reader
        with self._changed:
            job, self._running = self._running, None
        if process is not None and reader is not None:
            process.kill()
            reader.join()
        with self._changed:
            self._running = job

    def _stop(self) -> None:
        process, reader = self._process, self._reader
        if process is not None:
            process.kill()
        if reader is not None:
            reader.join()
        job = self._running
        if job is not None:
            self._running = None
            job.tell(_cancelled(job))


def machine_bytes() -> int:
    """The memory of this machine; 16 GiB where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 16 << 30


def _cancelled(job: Job) -> Failed:
    return Failed(job.key, "cancelled", cancelled=True)


def _from_arena(process: ModelProcess, event: Done, kind: str, has_confidence: bool) -> Done:
    """The event with copies of the arrays that the child left in the shared memory."""
    height, width = event.prediction.size_hw
    arena, shape = process.arena, (height, width)
    labels = np.array(arena.array(shape, kind, labels_offset(height, width))) if kind else None
    confidence = np.array(arena.array(shape, "u1", confidence_offset(height, width))) if has_confidence else None
    return Done(event.key, replace(event.prediction, labels_hw=labels, confidence_hw=confidence))
