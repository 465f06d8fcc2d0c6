"""Runs models in a child process: nothing they do can block, crash or slow down the program itself.

One request runs at a time, the most urgent first. The process is started with the first request and again after its
death, which costs the request that ran and no other.
"""

from __future__ import annotations

import threading
import time
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
from segstudio.models.worker_main import arena_bytes, confidence_offset, labels_offset

_FREE = "the model process ended"


class ModelHost:
    """The parent's end of the model process. All methods return at once, except `close`."""

    def __init__(self, folders: Iterable[Path] | None = None, *, backend: str = TORCH) -> None:
        self._folders = tuple(default_registry().folders if folders is None else folders)
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
        job = self._queue.put(request, priority, on_event, self._cancel)
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
                    if self._running is None:
                        job = self._queue.take()
                        if job is not None:
                            self._running, self._kill_at = job, None
                            break
                    self._changed.wait(self._patience())
                if self._closed:
                    break
            assert job is not None
            self._send(job)
        self._stop()

    def _patience(self) -> float | None:
        return None if self._kill_at is None else max(0.0, self._kill_at - time.monotonic())

    def _end_overdue(self) -> None:
        if self._kill_at is not None and self._running is not None and time.monotonic() >= self._kill_at:
            self._kill_at = None
            if self._process is not None:
                self._process.kill()

    def _send(self, job: Job) -> None:
        height, width = job.request.image.shape[:2]
        try:
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
        self._died(process)

    def _event(self, process: ModelProcess, number: int, event: Any) -> None:
        job = self._running
        if job is None or job.number != number:
            return
        if isinstance(event, tuple):
            self._finish(job, _from_arena(process, *event))
        elif isinstance(event, Failed):
            self._finish(job, event)
        else:
            if isinstance(event, DeviceInfo):
                self._line = event.line
            job.tell(event)

    def _finish(self, job: Job, event: Done | Failed) -> None:
        with self._changed:
            if self._running is job:
                self._running, self._kill_at = None, None
            self._changed.notify_all()
        job.tell(event)

    def _died(self, process: ModelProcess) -> None:
        words = process.last_words()
        with self._changed:
            job, self._running, self._kill_at = self._running, None, None
            self._process = None
        process.close()
        if job is not None:
            lost = Failed(job.key, f"{_FREE} ({words})", "it starts again with the next image; the others are not lost")
            job.tell(_cancelled(job) if job.token.cancelled or self._closed else lost)
        with self._changed:
            self._changed.notify_all()

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


def _cancelled(job: Job) -> Failed:
    return Failed(job.key, "cancelled", cancelled=True)


def _from_arena(process: ModelProcess, event: Done, kind: str, has_confidence: bool) -> Done:
    """The event with copies of the arrays that the child left in the shared memory."""
    height, width = event.prediction.size_hw
    arena, shape = process.arena, (height, width)
    labels = np.array(arena.array(shape, kind, labels_offset(height, width))) if kind else None
    confidence = np.array(arena.array(shape, "u1", confidence_offset(height, width))) if has_confidence else None
    return Done(event.key, replace(event.prediction, labels_hw=labels, confidence_hw=confidence))
