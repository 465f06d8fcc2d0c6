"""Several images at once on a CPU, each on its own share of the cores.

The cores of one forward pass wait for each other after every layer, and for whatever else wants one of them; images do
not. Two cores with an image each do up to half as much again as two cores on one image.
"""

from __future__ import annotations

import copy
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken

if TYPE_CHECKING:
    from segstudio.models.prediction import Prediction
    from segstudio.models.torch_backend.predictor import Predictor

MOST = 4
"""Lanes; more cores than that are shared among them, for each holds a forward pass of its own in memory."""
PIXEL_BYTES = 2048
"""What a pixel of the input may cost in a forward pass, roughly, of the memory that is free."""

Image = NDArray[np.uint8]


def lanes_for(pixels: int, *, cores: int, free_bytes: int) -> int:
    """How many forward passes over inputs of so many pixels may run side by side."""
    return max(1, min(MOST, cores, free_bytes // (2 * PIXEL_BYTES * max(1, pixels))))


def free_bytes() -> int:
    """The memory that can be taken now; 0 where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024
    except (OSError, ValueError, StopIteration, IndexError):
        return 0


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def copied(network: torch.nn.Module) -> torch.nn.Module | None:
    """A second network with the same weights, since a forward pass may leave things in its modules; None where a
    network cannot be copied.
    """
    shared = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    try:
        return copy.deepcopy(network, shared)
    except Exception:  # noqa: BLE001 - programs of other runtimes refuse in ways of their own
        return None


class Lanes:
    """Copies of one predictor, each with `threads` of the processor."""

    def __init__(self, predictors: list[Predictor], *, threads: int) -> None:
        self._predictors = predictors
        self._threads = threads

    def predict_all(self, images: Iterable[Image], cancel: CancelToken) -> Iterator[Prediction | UserError]:
        """The predictions in the images' order, of which a few are taken ahead. Raises `Cancelled`."""
        before = torch.get_num_threads()
        count = len(self._predictors)
        free: deque[Predictor] = deque(self._predictors)

        def work(image: Image) -> Prediction | UserError:
            predictor = free.popleft()  # there are as many as threads of the pool
            try:
                return predictor.predict(image, cancel=cancel)
            except UserError as error:
                return error
            finally:
                free.append(predictor)

        begin: Callable[[int], None] = torch.set_num_threads  # holds for the thread that calls it
        try:
            with ThreadPoolExecutor(count, "lane", begin, (self._threads,)) as pool:
                waiting: deque[Future[Prediction | UserError]] = deque()
                try:
                    for image in images:
                        waiting.append(pool.submit(work, image))
                        if len(waiting) > count:
                            yield waiting.popleft().result()
                    while waiting:
                        yield waiting.popleft().result()
                finally:
                    for one in waiting:
                        one.cancel()
        finally:
            torch.set_num_threads(before)
