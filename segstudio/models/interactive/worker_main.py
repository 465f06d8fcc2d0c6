"""The segmenters' process: `python -m segstudio.models.interactive.worker_main`, started by `PromptHost` alone.

It is another process than the one for runs over images, so that a prompt never waits for a run. The main thread works;
a second one listens, so that a cancel is heard meanwhile; a third one tells that the process is alive.
"""

from __future__ import annotations

import os
import queue
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.progress import CancelToken
from segstudio.models.arena import Arena
from segstudio.models.channel import Channel, ChannelClosed
from segstudio.models.interactive.bench import MissingPixels, PromptBench
from segstudio.models.interactive.cache import EmbeddingCache, EmbeddingFiles
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.opening import open_segmenter
from segstudio.models.interactive.tasks import Failure, Reply
from segstudio.models.registry import ModelRegistry
from segstudio.models.worker_main import beat, run_worker

MODULE = "segstudio.models.interactive.worker_main"


def main() -> None:
    """Serve tasks from stdin until it ends.

    On all cores but one: that is the window's, and threads that wait for a core cost a small network a hundred times
    what it computes.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))
    run_worker(_serve)


def _serve(channel: Channel) -> None:
    _, cache_folder, folders, handle = channel.receive()
    _, disk_bytes = channel.receive()
    waiting: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    tokens: dict[int, CancelToken] = {}
    threading.Thread(target=_listen, args=(channel, waiting, tokens), daemon=True).start()
    threading.Thread(target=beat, args=(channel, threading.Event()), daemon=True).start()
    arena = Arena.open(handle)
    registry = ModelRegistry([Path(folder) for folder in folders])
    files = EmbeddingFiles(Path(cache_folder), limit_bytes=disk_bytes) if cache_folder else None
    bench = PromptBench(lambda spec: open_segmenter(registry, spec), EmbeddingCache(files))
    channel.send("ready", os.getpid())
    while True:
        number, task, shape, has_truth = waiting.get()
        if shape is not None:
            task = replace(task, frame=_frame(task.frame.id, arena, shape, has_truth))

        def tell(reply: Reply, number: int = number) -> None:
            channel.send("reply", number, reply)

        token = tokens[number]
        try:
            bench.run(task, tell, token)
        except MissingPixels:
            channel.send("missing", number)
        except OSError as error:
            tell(Failure(str(error)))
        if tokens.get(number) is token:  # a task that lacked its pixels may be here again already
            del tokens[number]


def _frame(name: str, arena: Arena, shape: tuple[int, int, int], has_truth: bool) -> Frame:
    """A copy of the picture in the shared memory, and of the truth behind it."""
    arena.reserve(frame_bytes(shape, has_truth))
    image = np.array(arena.array(shape, "u1"), np.uint8)
    truth = np.array(arena.array(shape[:2], "u2", truth_offset(shape)), np.uint16) if has_truth else None
    return Frame(name, image, truth)


def _listen(channel: Channel, waiting: queue.SimpleQueue[tuple[Any, ...]], tokens: dict[int, CancelToken]) -> None:
    while True:
        try:
            kind, *rest = channel.receive()
        except ChannelClosed:
            os._exit(0)
        if kind == "task":
            tokens[rest[0]] = CancelToken()
            waiting.put(tuple(rest))
        elif kind == "cancel" and (token := tokens.get(rest[0])) is not None:
            token.cancel()


def truth_offset(shape: tuple[int, int, int]) -> int:
    """Where the truth lies in the shared memory: behind the picture, at an even place."""
    return -(-int(np.prod(shape)) // 16) * 16


def frame_bytes(shape: tuple[int, int, int], has_truth: bool) -> int:
    """Bytes that a picture needs in the shared memory, with its truth or without."""
    return truth_offset(shape) + (2 * shape[0] * shape[1] if has_truth else 0)


if __name__ == "__main__":
    main()
