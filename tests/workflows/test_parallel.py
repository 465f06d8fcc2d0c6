"""Work in threads comes back in order, stops when asked and keeps only a few items in memory."""

from __future__ import annotations

import threading

import pytest

from segstudio.core.errors import Cancelled
from segstudio.core.progress import CancelToken
from segstudio.workflows.parallel import in_order


def test_results_come_in_the_items_order():
    assert list(in_order(lambda n: n * n, range(100), threads=4)) == [n * n for n in range(100)]


def test_an_error_comes_out_where_its_result_would():
    results = in_order(lambda n: 1 // (n - 3), range(10), threads=2)
    assert [next(results) for _ in range(3)] == [-1, -1, -1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_only_a_few_items_are_taken_ahead():
    taken = []

    def items():
        for n in range(1000):
            taken.append(n)
            yield n

    results = in_order(lambda n: n, items(), threads=2)
    next(results)
    assert len(taken) <= 2 * 2 + 1
    results.close()


def test_cancel_ends_between_two_items():
    token, done = CancelToken(), []
    lock = threading.Lock()

    def work(n):
        with lock:
            done.append(n)
        token.cancel()
        return n

    with pytest.raises(Cancelled):
        list(in_order(work, range(1000), cancel=token, threads=2))
    assert len(done) < 10
