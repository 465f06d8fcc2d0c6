"""A long day: thousands of edits leave no growth in memory or file beyond what the data explain.

The environment variable SEGSTUDIO_TEST_EDITS sets how many; 50000 are a long day, and take twenty minutes.
"""

from __future__ import annotations

import os
import sqlite3
import tracemalloc

import pytest

from segstudio.core.dataset import ImageItem
from segstudio.core.history import HistoryBook
from segstudio.store import Project
from tests.store.painting import CLASSES, SIZE_HW, Painter, assert_same

EDITS = int(os.environ.get("SEGSTUDIO_TEST_EDITS", "4000"))
HISTORY_MEGABYTES = 1


def _pages(path):
    """Bytes of the database, whether they lie in the file or still in its log."""
    raw = sqlite3.connect(path)
    try:
        return raw.execute("PRAGMA page_count").fetchone()[0] * raw.execute("PRAGMA page_size").fetchone()[0]
    finally:
        raw.close()


@pytest.mark.slow
def test_thousands_of_edits_grow_nothing(tmp_path):
    path = tmp_path / "p.segproj"
    painter = Painter(1)
    with Project.create(path, class_set=CLASSES) as project:
        project.add_images([ImageItem("a", None, SIZE_HW)])
        sizes, memory = [], []
        tracemalloc.start()
        for number in range(1, EDITS + 1):
            edit, undo = painter.step()
            project.record("a", painter.layer, edit, undo=undo)
            painter.history._undo[:-5] = []  # this test is about the store's memory
            if number % 500 == 0:
                project.trim_history(HISTORY_MEGABYTES)
                sizes.append(_pages(path))
                memory.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert_same(painter.layer, project.load("a", "labels"))
    journal_line = 400
    assert sizes[-1] - sizes[0] < 2**19 + journal_line * EDITS
    assert memory[-1] - memory[0] < 2**20 + 2000 * len(painter.layer.segments)


@pytest.mark.slow
def test_undo_of_ten_thousand_edits_stays_within_its_bytes():
    """What the book counts along is what its edits cost, and the newest of them can be undone to the last pixel."""
    painter, book = Painter(2), HistoryBook(2**20)
    painter.history = history = book.of("a")
    for number in range(1, 10_001):
        painter.step()
        book.trim()
        assert book.nbytes <= book.budget
        if number % 1000 == 0:
            assert book.nbytes == sum(edit.nbytes for edit in (*history.undoable, *history.redoable))
    states = []
    for _ in range(50):
        states.append(painter.layer.raster.ids_hw.copy())
        painter._swap(history.next_undo(), history.undone)
    for state in reversed(states):
        painter._swap(history.next_redo(), history.redone)
        assert (painter.layer.raster.ids_hw == state).all()
