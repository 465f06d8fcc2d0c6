"""The model process: `python -m segstudio.models.worker_main`, started by `ModelHost` and by nobody else.

The main thread runs requests; a second one listens, so that a cancel is heard while a model works and the process ends
with its parent; a third one tells that it is alive.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.progress import CancelToken
from segstudio.models.arena import Arena
from segstudio.models.backend import Workbench, make_backend
from segstudio.models.channel import Channel, ChannelClosed
from segstudio.models.events import Done, Event, Failed
from segstudio.models.request import PredictRequest

BEAT_S = 1.0
NICENESS = 5
"""The window comes first where both want the processor."""


def main() -> None:
    """Serve requests from stdin until it ends; answers go to what was stdout."""
    run_worker(_serve)


def run_worker(serve: Callable[[Channel], None]) -> None:
    """Give `serve` the pipes to the parent; ends this process when it returns, raises, or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever libraries print must not end up among the messages
    channel = Channel(sys.stdin.buffer, answers)
    try:
        serve(channel)
    except ChannelClosed:
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the parent reads the last line; leaving by an exception waits for threads
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _serve(channel: Channel) -> None:
    _, backend, folders, handle = channel.receive()
    waiting: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    tokens: dict[int, CancelToken] = {}
    threading.Thread(target=_listen, args=(channel, waiting, tokens), daemon=True).start()
    threading.Thread(target=beat, args=(channel, threading.Event()), daemon=True).start()
    arena = Arena.open(handle)
    channel.send("ready", os.getpid())
    workbench = Workbench(make_backend(backend, [Path(folder) for folder in folders]))
    while True:
        number, request, shape = waiting.get()
        _run(channel, workbench, number, request, arena, shape, tokens[number])
        del tokens[number]


def _listen(channel: Channel, waiting: queue.SimpleQueue[tuple[Any, ...]], tokens: dict[int, CancelToken]) -> None:
    while True:
        try:
            kind, *rest = channel.receive()
        except ChannelClosed:
            os._exit(0)
        if kind == "predict":
            tokens[rest[0]] = CancelToken()
            waiting.put(tuple(rest))
        elif kind == "cancel" and rest[0] in tokens:
            tokens[rest[0]].cancel()


def beat(channel: Channel, never: threading.Event) -> None:
    """Tell the parent every second that this process is alive, and how much memory it holds."""
    while not never.wait(BEAT_S):
        try:
            channel.send("beat", used_bytes())
        except ChannelClosed:
            os._exit(0)


def _run(
    channel: Channel,
    workbench: Workbench,
    number: int,
    request: dict[str, Any],
    arena: Arena,
    shape: tuple[int, int, int],
    token: CancelToken,
) -> None:
    height, width, _ = shape
    arena.reserve(arena_bytes(height, width))
    image = np.array(arena.array(shape, "u1"))

    def tell(event: Event) -> None:
        channel.send("event", number, _through_arena(event, arena) if isinstance(event, Done) else event)

    try:
        full = PredictRequest(image=image, **request)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a request must not end the process
        tell(Failed(str(request.get("key", "")), f"{type(error).__name__}: {error}"))
        return
    workbench.run(full, tell, token)


def _through_arena(event: Done, arena: Arena) -> tuple[Done, str, bool, int]:
    """The event without its arrays, which are put behind the image; the type of the labels; whether confidence is
    there; the memory of this process.
    """
    prediction = event.prediction
    height, width = prediction.size_hw
    labels, confidence = prediction.labels_hw, prediction.confidence_hw
    kind = ""
    if labels is not None:
        kind = labels.dtype.str[1:]
        arena.array((height, width), kind, labels_offset(height, width))[...] = labels
    if confidence is not None:
        arena.array((height, width), "u1", confidence_offset(height, width))[...] = confidence
    bare = Done(event.key, replace(prediction, labels_hw=None, confidence_hw=None))
    return bare, kind, confidence is not None, used_bytes()


def used_bytes() -> int:
    """The memory that this process holds now; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


def arena_bytes(height: int, width: int) -> int:
    """Bytes that one request needs: the image, labels of up to two bytes, and confidence."""
    return confidence_offset(height, width) + height * width


def labels_offset(height: int, width: int) -> int:
    """Where labels lie in the arena: behind the image, at an even place."""
    return -(-3 * height * width // 16) * 16


def confidence_offset(height: int, width: int) -> int:
    """Where confidence lies in the arena: behind labels of two bytes."""
    return labels_offset(height, width) + 2 * height * width


if __name__ == "__main__":
    main()
