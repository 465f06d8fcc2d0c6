"""The undo stacks: order, and the budget that forgets the oldest first."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.core.history import History, HistoryBook
from segstudio.core.raster import RasterPatch
from segstudio.core.transaction import Changes, Edit

RECT = Rect(0, 0, 64, 64)


def edit(name, noise=False):
    ids = np.random.default_rng(0).integers(0, 9, (64, 64)) if noise else np.zeros((64, 64))
    return Edit(name, Changes("labels"), (RasterPatch.pack(RECT, ids.astype(np.uint16)),))


def names(edits):
    return [item.name for item in edits]


def test_a_new_edit_forgets_what_was_undone():
    history = History()
    history.push(edit("a"))
    history.push(edit("b"))
    history.undone(history.next_undo())
    assert names(history.undoable) == ["a"]
    assert history.next_redo().name == "b"
    history.push(edit("c"))
    assert names(history.undoable) == ["a", "c"]
    assert history.next_redo() is None


def test_redo_goes_forward_in_order():
    history = History()
    for name in "abc":
        history.push(edit(name))
    for _ in range(3):
        history.undone(history.next_undo())
    assert history.next_undo() is None
    order = []
    while history.next_redo():
        order.append(history.next_redo().name)
        history.redone(history.next_redo())
    assert order == ["a", "b", "c"]


@given(
    st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), st.booleans()), max_size=30),
    st.integers(0, 20_000),
)
def test_the_budget_holds_and_the_newest_stays(pushes, budget):
    book = HistoryBook(budget)
    current = None
    for number, (key, noise) in enumerate(pushes):
        current = book.of(key)
        current.push(edit(str(number), noise))
        book.trim()
        assert current.next_undo().name == str(number)
        others = book.nbytes - current.nbytes
        assert book.nbytes <= budget or (others == 0 and len(current.undoable) == 1)
        for key_again in ("one", "two", "three"):
            numbers = [int(name) for name in names(HistoryBook.of(book, key_again).undoable)]
            assert numbers == sorted(numbers)
        book.of(key)


def test_the_image_looked_at_longest_ago_forgets_first():
    book = HistoryBook(3 * edit("x").nbytes)
    for key in ("old", "new"):
        book.of(key).push(edit(key))
        book.of(key).push(edit(key))
    book.trim()
    assert len(book.of("new").undoable) == 2
    assert len(book.of("old").undoable) == 1


def test_where_nothing_can_be_undone_the_furthest_redo_goes():
    book = HistoryBook(2 * edit("x").nbytes)
    history = book.of("image")
    for name in "abc":
        history.push(edit(name))
    for _ in range(3):
        history.undone(history.next_undo())
    book.trim()
    assert names(history.redoable) == ["b", "a"]
    assert History().drop_oldest() == 0
