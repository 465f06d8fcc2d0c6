"""Work on many items in threads, a few ahead of whoever takes the results, which come in the items' order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from segstudio.core.progress import CancelToken

T = TypeVar("T")
R = TypeVar("R")


def in_order(
    work: Callable[[T], R], items: Iterable[T], *, cancel: CancelToken | None = None, threads: int | None = None
) -> Iterator[R]:
    """Yield `work(item)` for each item, decoding and counting ahead by at most twice as many items as threads.

    Memory therefore holds a few items at a time. An error of `work` comes out where its result would; `Cancelled` is
    raised between two items.
    """
    count = threads or min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(count, thread_name_prefix="workflow") as pool:
        ahead: deque[Future[R]] = deque()
        try:
            for item in items:
                if cancel is not None:
                    cancel.raise_if_cancelled()
                ahead.append(pool.submit(work, item))
                if len(ahead) > 2 * count:
                    yield ahead.popleft().result()
            while ahead:
                if cancel is not None:
                    cancel.raise_if_cancelled()
                yield ahead.popleft().result()
        finally:
            for waiting in ahead:
                waiting.cancel()
