"""Cyclic garbage with Qt objects in it never dies on a worker's thread while a window is open."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QObject

from segstudio.ui.shell.garbage import BULK, GuiGarbage


class Knot(QObject):
    """A part of a cycle, which tells on which thread it went."""

    def __init__(self) -> None:
        super().__init__()
        self.itself = self


def ended_on(knot: Knot) -> list[int]:
    threads: list[int] = []
    weakref.finalize(knot, lambda: threads.append(threading.get_ident()))
    return threads


def make_much_on_a_worker() -> None:
    """So many containers that Python would collect all generations by itself."""

    def make() -> None:
        for _ in range(200):
            [[[]] for _ in range(2000)]

    worker = threading.Thread(target=make)
    worker.start()
    worker.join()


@pytest.fixture
def garbage(qapp):
    gc.enable()
    parent = QObject()
    garbage = GuiGarbage(parent)
    yield garbage
    garbage.close()


def test_work_on_other_threads_collects_nothing(garbage):
    threads = ended_on(Knot())
    make_much_on_a_worker()
    assert threads == []


def test_the_timer_collects_on_the_gui_thread(garbage, qtbot):
    threads = ended_on(Knot())
    keep = [[] for _ in range(2000)]
    qtbot.waitUntil(lambda: bool(threads), timeout=5000)
    assert threads == [threading.get_ident()]
    assert len(keep) == 2000


def test_an_open_window_collects_by_itself_and_a_closed_one_gives_it_back(window):
    assert not gc.isenabled()
    assert gc.get_freeze_count() > 0
    window.close()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_a_full_collection_waits_by_what_the_last_one_cost(garbage, monkeypatch):
    now = [1000.0]
    full: list[float] = []

    def collect(generation: int = 2) -> int:
        if generation == 2:
            full.append(now[0])
            now[0] += 2.0
        return 0

    monkeypatch.setattr("segstudio.ui.shell.garbage.time.monotonic", lambda: now[0])
    monkeypatch.setattr(gc, "collect", collect)
    monkeypatch.setattr(gc, "get_count", lambda: (1_000, 50, 50))
    for _ in range(1200):
        garbage.collect()
        now[0] += 0.5
    assert full[0] == 1000.0
    assert full[1] - full[0] >= 400.0


def test_what_is_read_in_bulk_is_not_looked_through_before_something_else_is_opened(garbage):
    threads = ended_on(Knot())
    rows = [[number] for number in range(2 * BULK)]
    garbage.collect()
    assert gc.get_freeze_count() > len(rows)
    gc.collect()
    assert threads == []
    garbage.settle()
    assert threads == [threading.get_ident()]
