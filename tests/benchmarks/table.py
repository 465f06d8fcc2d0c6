"""One row of the table, and the stopwatch that fills it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One measurement: what was done, how long it took in milliseconds, and what it is held against.

    `ratio` is our time over the reference's (1.0 is as fast as the reference); `limit` is the promise in words and `ok`
    whether it held, None where nothing was promised.
    """

    what: str
    median_ms: float
    p95_ms: float
    reference: str = ""
    ratio: float | None = None
    limit: str = ""
    ok: bool | None = None


def median_of(fn: Callable[[], object], *, repeat: int = 30, warmup: int = 3) -> tuple[float, float]:
    """Calls `fn` repeatedly and returns the median and the 95th percentile of its time in milliseconds."""
    if repeat < 1:
        raise ValueError("repeat must be at least 1")
    for _ in range(warmup):
        fn()
    times_ms = []
    for _ in range(repeat):
        start = time.perf_counter()
        fn()
        times_ms.append((time.perf_counter() - start) * 1000)
    return statistics.median(times_ms), _percentile_95(times_ms)


def _percentile_95(times_ms: list[float]) -> float:
    """Nearest rank: the smallest time that at least 95 % of the calls did not exceed."""
    ranked = sorted(times_ms)
    return ranked[-(-len(ranked) * 95 // 100) - 1]


def peak_memory_mb() -> float:
    """The most memory that this process ever held, in MB of 2²⁰ bytes; unlike getrusage's, not that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
