"""Times of repeated work, and a fixed piece of work that says how fast this machine is just now."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of one piece of work over `repeats` passes: median and 95th percentile (nearest rank)."""

    what: str
    median_ms: float
    p95_ms: float
    repeats: int


def timed(what: str, work: Callable[[], object], *, repeat: int, warmup: int = 1) -> Timing:
    """Do the work `warmup` times unmeasured, then `repeat` ≥ 1 times measured."""
    for _ in range(warmup):
        work()
    return timing_of(what, [seconds_of(work) * 1e3 for _ in range(repeat)])


def timing_of(what: str, times_ms: list[float]) -> Timing:
    """The summary of times that were taken elsewhere, at least one."""
    ranked = sorted(times_ms)
    return Timing(what, statistics.median(ranked), ranked[-(-len(ranked) * 95 // 100) - 1], len(ranked))


def seconds_of(work: Callable[[], object]) -> float:
    """How long one pass takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def calibration(*, repeat: int = 15) -> Timing:
    """A loop of interpreter, memory and arithmetic that has nothing to do with the program.

    Times divided by its median compare between machines: it slows down as they do, also under load.
    """
    values = np.random.default_rng(0).random((512, 512), np.float32)

    def loop() -> None:
        total = 0
        for number in range(200_000):
            total += number * number % 7
        sorted_values = np.sort(values, axis=1)
        np.sqrt(sorted_values * sorted_values + values).sum()

    return timed("calibration loop", loop, repeat=repeat, warmup=3)
