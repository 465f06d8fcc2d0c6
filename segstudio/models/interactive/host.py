"""Runs segmenters in a child process: what they do can neither block, nor crash, nor slow down the window.

One task runs at a time, the most urgent first; a prompt interrupts the embedding of an image that is not on screen, and
that begins again afterwards. A task that is cancelled is told so at once, whether the segmenter obeys or not; one that
does not end in time costs the process, which starts again with the next task.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from segstudio.core.errors import SegStudioError
from segstudio.core.progress import CancelToken
from segstudio.models.channel import ChannelClosed
from segstudio.models.interactive.bench import MissingPixels, PromptBench
from segstudio.models.interactive.cache import DISK_BYTES
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.tasks import CURRENT, Ask, Encode, Failure, Reply, Result, Task, Working
from segstudio.models.interactive.worker_main import MODULE, frame_bytes, truth_offset
from segstudio.models.process import ModelProcess
from segstudio.models.registry import default_registry

ASK_S, WORK_S = 30.0, 600.0
"""How long a prompt may take, embedding included only where it was not asked for before, and everything else."""
GRACE_S = 3.0
"""How long a cancelled task may go on before the process is ended."""
_NO_PIXELS = np.zeros((0, 0, 3), np.uint8)

OnReply = Callable[[Reply], object]


class PromptJob:
    """A submitted task. Its last reply is a `Result` or a `Failure`, exactly one."""

    def __init__(self, number: int, task: Task, priority: int, on_reply: OnReply) -> None:
        self.number = number
        self.task = task
        self.priority = priority
        self.token = CancelToken()
        self.again = False
        """Whether it was interrupted for something more urgent and shall begin again."""
        self._on_reply = on_reply
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._last: Result | Failure | None = None

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def wait(self, timeout: float | None = None) -> Result | Failure | None:
        """The last reply, once it came; None where `timeout` seconds were not enough."""
        self._ended.wait(timeout)
        return self._last

    def tell(self, reply: Reply) -> None:
        """Pass a reply on; for hosts only. Nothing follows the last one."""
        last = isinstance(reply, (Result, Failure))
        with self._lock:
            if self._last is not None:
                return
            if isinstance(reply, (Result, Failure)):
                self._last = reply
        try:
            self._on_reply(reply)
        finally:
            if last:
                self._ended.set()


class Host(Protocol):
    """What runs tasks: `PromptHost` in a process of its own, or anything that answers like it."""

    def submit(self, task: Task, *, priority: int = ..., on_reply: OnReply = ...) -> PromptJob: ...

    def cancel(self, job: PromptJob) -> None: ...

    def close(self) -> None: ...


class DirectHost:
    """Runs each task at once on the calling thread: for tests and scripts."""

    def __init__(self, bench: PromptBench) -> None:
        self.bench = bench
        self._numbers = itertools.count(1)

    def submit(self, task: Task, *, priority: int = CURRENT, on_reply: OnReply = lambda _: None) -> PromptJob:
        job = PromptJob(next(self._numbers), task, priority, on_reply)
        try:
            self.bench.run(task, job.tell, job.token)
        except MissingPixels:
            job.tell(Failure("the image has no pixels"))
        return job

    def cancel(self, job: PromptJob) -> None:
        """It ended already."""

    def close(self) -> None:
        """Nothing is held."""


class PromptHost:
    """The parent's end of the segmenters' process. All methods return at once, except `close`.

    `on_reply` is called on a thread of the host. Pictures must not change until the last reply.
    """

    def __init__(
        self,
        folders: Iterable[Path] | None = None,
        *,
        cache_folder: Path | None = None,
        disk_bytes: int = DISK_BYTES,
        ask_s: float = ASK_S,
        work_s: float = WORK_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self._folders = tuple(default_registry().folders if folders is None else folders)
        self._cache_folder = cache_folder
        self._disk_bytes = disk_bytes
        self._limits = ask_s, work_s, grace_s
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._waiting: list[PromptJob] = []
        self._running: PromptJob | None = None
        self._deadline = 0.0
        self._resend = False
        self._sent: set[str] = set()
        self._process: ModelProcess | None = None
        self._reader: threading.Thread | None = None
        self._dispatcher: threading.Thread | None = None
        self._closed = False
        self.starts = 0
        """How often the process was started."""

    @property
    def pid(self) -> int | None:
        """The process id of the child, None while there is none."""
        process = self._process
        return None if process is None else process.pid

    def submit(self, task: Task, *, priority: int = CURRENT, on_reply: OnReply = lambda _: None) -> PromptJob:
        """Queue a task, least `priority` first."""
        if self._closed:
            raise RuntimeError("this host is closed")
        with self._changed:
            job = PromptJob(next(self._numbers), task, priority, on_reply)
            self._waiting.append(job)
            self._make_way(job)
            if self._dispatcher is None:
                self._dispatcher = threading.Thread(target=self._dispatch, name="prompt-dispatch", daemon=True)
                self._dispatcher.start()
            self._changed.notify_all()
        return job

    def cancel(self, job: PromptJob) -> None:
        """Its last reply comes before this returns; where it runs, the segmenter is asked to stop, then made to."""
        job.token.cancel()
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)
            elif job is self._running and not job.ended:
                job.again = False
                self._stop_running()
        job.tell(Failure("cancelled", cancelled=True))

    def close(self) -> None:
        """Cancel everything, end the process and wait until it and the threads are gone."""
        with self._changed:
            self._closed = True
            waiting, self._waiting = self._waiting, []
            self._changed.notify_all()
        for job in waiting:
            job.tell(Failure("cancelled", cancelled=True))
        if self._dispatcher is not None:
            self._dispatcher.join()

    def __enter__(self) -> PromptHost:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make_way(self, job: PromptJob) -> None:
        """Interrupt the embedding of another image for what is more urgent; called with the lock held."""
        running = self._running
        if running is None or running.again or running.token.cancelled or job.priority >= running.priority:
            return
        if isinstance(running.task, Encode) and running.task.frame.id != job.task.frame.id:
            running.again = True
            self._stop_running()

    def _stop_running(self) -> None:
        running, process = self._running, self._process
        if running is None or process is None:
            return
        self._deadline = min(self._deadline, time.monotonic() + self._limits[2])
        self._changed.notify_all()
        try:
            process.channel.send("cancel", running.number)
        except ChannelClosed:
            return  # the reader sees the same end

    def _dispatch(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (self._running is not None or not self._waiting) and not self._resend:
                    left = None if self._running is None else max(0.0, self._deadline - time.monotonic())
                    if left == 0.0 and self._process is not None:
                        self._deadline = float("inf")
                        self._process.kill()
                        continue
                    self._changed.wait(left if left is None or left < 1e6 else None)
                if self._closed:
                    break
                resend, self._resend = self._resend, False
                if not resend:
                    self._take()
                job = self._running
            if job is not None:
                self._send(job, with_pixels=resend)
        self._stop()

    def _take(self) -> None:
        job = min(self._waiting, key=lambda waiting: (waiting.priority, waiting.number))
        self._waiting.remove(job)
        limit = self._limits[0] if isinstance(job.task, Ask) and job.task.frame.id in self._sent else self._limits[1]
        self._deadline = time.monotonic() + limit
        self._running = job

    def _send(self, job: PromptJob, *, with_pixels: bool) -> None:
        frame = job.task.frame
        try:
            process = self._process or self._start()
            needs = with_pixels or frame.id not in self._sent
            shape = frame.image_hwc.shape if needs else None
            if needs:
                _put_frame(process, frame)
                self._sent.add(frame.id)
            bare = replace(job.task, frame=Frame(frame.id, _NO_PIXELS))
            process.channel.send("task", job.number, bare, shape, needs and frame.truth_hw is not None)
            if job.token.cancelled or job.again:
                process.channel.send("cancel", job.number)
        except ChannelClosed:
            return  # the reader sees the same end and tells the job
        except SegStudioError as error:
            self._finish(job, Failure(error.message, error.hint))
        except (OSError, MemoryError) as error:
            self._finish(job, Failure(f"the image cannot be handed to the segmenter: {error}"))

    def _start(self) -> ModelProcess:
        cache = "" if self._cache_folder is None else str(self._cache_folder)
        process = ModelProcess(cache, self._folders, worker=MODULE)
        with suppress(ChannelClosed):  # where it is gone already, the reader says so
            process.channel.send("limits", self._disk_bytes)
        self.starts += 1
        self._sent.clear()
        self._process = process
        self._reader = threading.Thread(target=self._read, args=(process,), name="prompt-replies", daemon=True)
        self._reader.start()
        return process

    def _read(self, process: ModelProcess) -> None:
        while True:
            try:
                kind, *rest = process.channel.receive()
            except ChannelClosed:
                break
            job = self._running
            if job is None or not rest or rest[0] != job.number:
                continue
            if kind == "missing":
                with self._changed:
                    self._resend = True
                    self._changed.notify_all()
            elif kind == "reply":
                self._reply(job, rest[1])
        self._died(process)

    def _reply(self, job: PromptJob, reply: Any) -> None:
        if isinstance(reply, Working):
            job.tell(reply)
        elif isinstance(reply, Failure) and reply.cancelled and job.again:
            with self._changed:
                job.again = False
                self._waiting.append(job)
                self._running = None
                self._changed.notify_all()
        else:
            self._finish(job, reply)

    def _finish(self, job: PromptJob, reply: Result | Failure) -> None:
        with self._changed:
            if self._running is job:
                self._running = None
            self._changed.notify_all()
        job.tell(reply)

    def _died(self, process: ModelProcess) -> None:
        words = process.last_words()
        with self._changed:
            job, self._running, self._resend = self._running, None, False
            self._process = None
            hung = self._deadline == float("inf")
        process.close()
        if job is not None:
            if job.again and not self._closed:
                job.again = False
                self._waiting.append(job)
            else:
                what = "did not answer in time and was ended" if hung else f"ended ({words})"
                job.tell(
                    Failure(f"the segmenter's process {what}", "it starts again with the next prompt", self._closed)
                )
        with self._changed:
            self._changed.notify_all()

    def _stop(self) -> None:
        process, reader = self._process, self._reader
        if process is not None:
            process.kill()
        if reader is not None:
            reader.join()
        job, self._running = self._running, None
        if job is not None:
            job.tell(Failure("cancelled", cancelled=True))


def _put_frame(process: ModelProcess, frame: Frame) -> None:
    image, truth = frame.image_hwc, frame.truth_hw
    height, width, depth = image.shape
    shape = (height, width, depth)
    process.arena.reserve(frame_bytes(shape, truth is not None))
    process.arena.array(shape, "u1")[...] = image
    if truth is not None:
        process.arena.array((height, width), "u2", truth_offset(shape))[...] = truth
