"""Rectangles against sets of pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.geometry import EMPTY, Rect, union_all

RECTS = st.builds(Rect, *[st.integers(-6, 12)] * 4)
MASKS = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9).flatmap(lambda shape: hnp.arrays(np.bool_, shape))


def pixels(rect):
    return {(x, y) for x in range(rect.x0, rect.x1) for y in range(rect.y0, rect.y1)}


@given(RECTS, RECTS)
def test_a_rectangle_is_the_set_of_its_pixels(a, b):
    assert pixels(a.intersect(b)) == pixels(a) & pixels(b)
    assert pixels(a) | pixels(b) <= pixels(a.union(b))
    assert a.contains(b) == (pixels(b) <= pixels(a))
    assert a.area == len(pixels(a))
    assert a.is_empty == (not pixels(a))


@given(RECTS, RECTS)
def test_a_union_is_no_larger_than_it_must_be(a, b):
    held = pixels(a) | pixels(b)
    if held:
        xs, ys = zip(*held, strict=True)
        assert a.union(b) == Rect(min(xs), min(ys), max(xs) + 1, max(ys) + 1)


@given(st.lists(RECTS, max_size=4))
def test_union_of_many_is_union_one_by_one(rects):
    whole = union_all(rects)
    assert all(whole.contains(rect) for rect in rects)
    if all(rect.is_empty for rect in rects):
        assert whole.is_empty


@given(MASKS)
def test_the_box_of_a_mask_is_tight(mask_hw):
    box = Rect.of_mask(mask_hw)
    ys, xs = np.nonzero(mask_hw)
    expected = Rect(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) if xs.size else EMPTY
    assert box == expected
    assert all(type(value) is int for value in (box.x0, box.y0, box.x1, box.y1))


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), max_size=6), st.floats(0, 5))
def test_around_holds_every_point(points, margin):
    points_xy = np.array(points, np.float64).reshape(-1, 2)
    box = Rect.around(points_xy, margin)
    if not points:
        assert box == EMPTY
    for x, y in points:
        assert box.x0 <= x - margin
        assert box.y0 <= y - margin
        assert x + margin <= box.x1
        assert y + margin <= box.y1


@given(RECTS, st.integers(-9, 9), st.integers(-9, 9))
def test_moving_moves_every_pixel(rect, dx, dy):
    assert pixels(rect.moved(dx, dy)) == {(x + dx, y + dy) for x, y in pixels(rect)}


@given(RECTS, st.integers(1, 5))
def test_the_grid_covers_the_rectangle_once(rect, side):
    cells = list(rect.grid(side))
    assert len(cells) == len(set(cells))
    assert set(cells) == {(y // side, x // side) for x, y in pixels(rect)}


def test_slices_index_rows_first():
    image_hw = np.arange(20).reshape(4, 5)
    assert image_hw[Rect(1, 2, 4, 3).slices].tolist() == [[11, 12, 13]]


def test_grown_keeps_nothing_nothing():
    assert EMPTY.grown(5) == EMPTY
    assert Rect(2, 2, 4, 4).grown(1) == Rect(1, 1, 5, 5)
    assert Rect(2, 2, 4, 4).grown(-1).is_empty


def test_holds_is_half_open():
    rect = Rect(0, 0, 2, 2)
    assert rect.holds(0, 0)
    assert rect.holds(1.999, 0)
    assert not rect.holds(2, 0)
    assert not rect.holds(-0.001, 0)
