"""Fails a test that leaves a thread or a child process running."""

from __future__ import annotations

import multiprocessing
import threading
import time

import pytest

# A thread that was told to stop may need a moment until it has; the test fails only if it is still there after this.
GRACE_SECONDS = 5.0
_STEP_SECONDS = 0.01


def _left_behind(threads_before, processes_before):
    threads = [f"thread {t.name!r}" for t in threading.enumerate() if t not in threads_before and _counts(t)]
    processes = [f"process {p.name!r}" for p in multiprocessing.active_children() if p not in processes_before]
    return threads + processes


def _counts(thread):
    """Daemon threads are libraries' own business, except those of an executor, which somebody forgot to shut down."""
    return not thread.daemon or "Executor" in thread.name


@pytest.fixture(autouse=True)
def no_leaked_threads():
    threads, processes = set(threading.enumerate()), set(multiprocessing.active_children())
    yield
    give_up = time.monotonic() + GRACE_SECONDS
    while (left := _left_behind(threads, processes)) and time.monotonic() < give_up:
        time.sleep(_STEP_SECONDS)
    if left:
        pytest.fail("still running after the test: " + ", ".join(left), pytrace=False)
