"""Edits: any sequence, undone fully, gives back the first state, and redone, the last."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from segstudio.core.errors import UserError
from segstudio.core.geometry import EMPTY, Rect
from segstudio.core.history import History
from segstudio.core.layer import Layer
from segstudio.core.objects import MaskShape, PolygonShape, SegObject
from segstudio.core.segments import Segment
from segstudio.core.transaction import Transaction

HEIGHT, WIDTH = 300, 290  # four tiles, none of them whole
BOUNDS = Rect.of_size(HEIGHT, WIDTH)


@st.composite
def areas(draw):
    x0, y0 = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
    return Rect(x0, y0, draw(st.integers(x0 + 1, WIDTH)), draw(st.integers(y0 + 1, HEIGHT)))


def shapes():
    square = np.array([(0, 0), (9, 0), (9, 9), (0, 9)], np.float64)
    polygon = st.tuples(st.integers(0, 200), st.integers(0, 200)).map(lambda xy: PolygonShape.of(square + xy))
    mask = st.builds(lambda x: MaskShape(HEIGHT, WIDTH, b"52", Rect(x, x, x + 3, x + 3)), st.integers(0, 99))
    return st.one_of(polygon, mask)


OBJECTS = st.builds(SegObject, st.integers(1, 5), st.integers(0, 3), shapes(), z=st.integers(0, 3))
SEGMENTS = st.builds(Segment, st.integers(1, 6), st.integers(0, 3), st.integers(0, 2))
MASK_SEEDS = st.one_of(st.none(), st.integers(0, 99))
WRITES = st.one_of(
    st.tuples(st.just("paint"), areas(), st.integers(0, 9), MASK_SEEDS),
    st.tuples(st.just("write"), areas(), st.integers(0, 99)),
    st.tuples(st.just("put_object"), OBJECTS),
    st.tuples(st.just("remove_object"), st.integers(1, 5)),
    st.tuples(st.just("put_segment"), SEGMENTS),
    st.tuples(st.just("remove_segment"), st.integers(1, 6)),
)


def apply(transaction, write):
    kind, *rest = write
    if kind == "paint":
        rect, value, seed = rest
        mask = None if seed is None else np.random.default_rng(seed).random((rect.height, rect.width)) < 0.5
        return transaction.paint(rect, value, mask_hw=mask)
    if kind == "write":
        rect, seed = rest
        ids = np.random.default_rng(seed).integers(0, 4, (rect.height, rect.width)).astype(np.uint16)
        return transaction.write(rect, ids)
    return getattr(transaction, kind)(*rest)


def state_of(layer):
    objects = {item.id: item for item in layer.objects}
    return layer.raster.ids_hw.copy(), objects, {segment.id: segment for segment in layer.segments}


def same(a, b):
    return np.array_equal(a[0], b[0]) and a[1] == b[1] and a[2] == b[2]


def fresh_layer():
    layer = Layer("labels", (HEIGHT, WIDTH))
    layer.raster.writable(Rect(50, 60, 280, 290))[...] = 3
    layer.objects.put(SegObject(2, 1, PolygonShape.of(np.array([(0, 0), (5, 0), (5, 5)], np.float64))))
    layer.segments.put(Segment(3, 1))
    return layer


class EditsUndoneAndRedone(RuleBasedStateMachine):
    """Random edits, undos and redos; the states seen on the way are the oracle."""

    @initialize()
    def open(self):
        self.layer = fresh_layer()
        self.history = History()
        self.states = [state_of(self.layer)]
        self.now = 0

    @rule(writes=st.lists(WRITES, min_size=1, max_size=4))
    def edit(self, writes):
        transaction = Transaction(self.layer, "edit")
        for write in writes:
            apply(transaction, write)
        edit = transaction.commit()
        after = state_of(self.layer)
        if edit is None:
            assert same(after, self.states[self.now])
            return
        self.history.push(edit)
        del self.states[self.now + 1 :]
        self.states.append(after)
        self.now += 1

    @rule(writes=st.lists(WRITES, min_size=1, max_size=4))
    def give_up(self, writes):
        transaction = Transaction(self.layer, "given up")
        for write in writes:
            apply(transaction, write)
        transaction.revert()

    @rule()
    def undo(self):
        edit = self.history.next_undo()
        if edit is not None:
            inverse, deltas = edit.swap(self.layer)
            self.history.undone(inverse)
            self.now -= 1
            assert all(edit.changes.pixels.contains(delta.rect) for delta in deltas)

    @rule()
    def redo(self):
        edit = self.history.next_redo()
        if edit is not None:
            inverse, _ = edit.swap(self.layer)
            self.history.redone(inverse)
            self.now += 1

    @invariant()
    def the_layer_is_as_it_was(self):
        assert same(state_of(self.layer), self.states[self.now])

    def teardown(self):
        if hasattr(self, "states"):
            while self.history.next_undo():
                self.undo()
            assert same(state_of(self.layer), self.states[0])
            while self.history.next_redo():
                self.redo()
            assert same(state_of(self.layer), self.states[-1])


TestEditsUndoneAndRedone = EditsUndoneAndRedone.TestCase


@given(st.lists(WRITES, min_size=1, max_size=6))
def test_changes_name_everything_that_differs(writes):
    layer = fresh_layer()
    before = state_of(layer)
    transaction = Transaction(layer, "edit", provenance={"tool": "test"})
    for write in writes:
        apply(transaction, write)
    edit = transaction.commit()
    after = state_of(layer)
    differs = before[0] != after[0]
    if edit is None:
        assert same(before, after)
        return
    assert edit.changes.pixels == Rect.of_mask(differs)
    assert edit.pixels == np.count_nonzero(differs)
    objects = {key for key in before[1] | after[1] if before[1].get(key) != after[1].get(key)}
    assert edit.changes.objects == objects
    for key in objects:
        for state in (before[1].get(key), after[1].get(key)):
            assert state is None or edit.changes.object_area.contains(state.bounds())
    assert edit.changes.segments == (before[2] != after[2])
    assert edit.layer == "labels"
    assert edit.provenance == {"tool": "test"}
    assert edit.nbytes > 0


@given(st.lists(WRITES, min_size=1, max_size=5))
def test_deltas_tell_the_whole_story(writes):
    """What live metrics sum up from the deltas is what the raster holds, forwards and when taken back."""
    layer = fresh_layer()
    mirror = layer.raster.ids_hw.copy()
    transaction = Transaction(layer, "edit")
    for write in writes:
        delta = apply(transaction, write)
        if delta is not None:
            assert np.array_equal(mirror[delta.rect.slices], delta.before_hw)
            mirror[delta.rect.slices] = delta.after_hw
    assert np.array_equal(mirror, layer.raster.ids_hw)
    changes, deltas = transaction.revert()
    for delta in deltas:
        assert np.array_equal(mirror[delta.rect.slices], delta.before_hw)
        mirror[delta.rect.slices] = delta.after_hw
    assert np.array_equal(mirror, layer.raster.ids_hw)
    assert changes.layer == "labels"


def test_painting_through_a_mask_touches_nothing_else():
    layer = Layer("labels", (4, 4))
    transaction = Transaction(layer, "paint")
    transaction.paint(Rect(1, 1, 3, 3), 7, mask_hw=np.array([[1, 0], [0, 255]], np.uint8))
    assert layer.raster.ids_hw.tolist() == [[0, 0, 0, 0], [0, 7, 0, 0], [0, 0, 7, 0], [0, 0, 0, 0]]


def test_nothing_changed_is_no_edit():
    layer = fresh_layer()
    transaction = Transaction(layer, "nothing")
    transaction.paint(Rect(60, 70, 90, 90), 3)
    transaction.put_object(layer.objects.get(2))
    transaction.remove_object(77)
    assert transaction.commit() is None


def test_an_edit_that_cancels_itself_out_is_no_edit():
    layer = fresh_layer()
    transaction = Transaction(layer, "there and back")
    transaction.paint(Rect(0, 0, 9, 9), 5)
    transaction.paint(Rect(0, 0, 9, 9), 0)
    assert transaction.commit() is None


def test_a_transaction_ends_once():
    layer = fresh_layer()
    transaction = Transaction(layer, "once")
    transaction.commit()
    assert not transaction.is_open
    for act in (transaction.commit, transaction.revert, lambda: transaction.paint(Rect(0, 0, 1, 1), 1)):
        with pytest.raises(RuntimeError, match="ended"):
            act()
    with pytest.raises(RuntimeError, match="ended"):
        transaction.remove_object(2)
    with pytest.raises(RuntimeError, match="ended"):
        transaction.put_segment(Segment(4, 4))


def test_a_locked_layer_cannot_be_edited():
    with pytest.raises(UserError, match="locked"):
        Transaction(Layer("truth", (4, 4), locked=True), "edit")


@pytest.mark.parametrize("rect", [Rect(-1, 0, 2, 2), Rect(0, 0, WIDTH + 1, 2), Rect(5, HEIGHT - 1, 6, HEIGHT + 1)])
def test_writing_outside_the_image_is_a_bug(rect):
    with pytest.raises(ValueError, match="not inside"):
        Transaction(fresh_layer(), "edit").paint(rect, 1)


def test_a_class_without_segment_gets_one_and_undo_takes_it_away():
    layer = Layer("labels", (4, 4))
    transaction = Transaction(layer, "label")
    number = transaction.segment_for_class(24)
    assert transaction.segment_for_class(24) == number
    edit = transaction.commit()
    assert layer.segments.of_class(24).id == number
    edit.swap(layer)
    assert layer.segments.of_class(24) is None


def test_an_edit_of_one_tile_keeps_only_that_tile():
    layer = Layer("labels", (4096, 4096))
    transaction = Transaction(layer, "dab")
    transaction.paint(Rect(1000, 1000, 1010, 1010), 5)
    edit = transaction.commit()
    assert edit.changes.pixels == Rect(1000, 1000, 1010, 1010)
    assert edit.nbytes < 2000
    assert edit.changes.object_area == EMPTY
