"""Painting on one object, in either form."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape
from segstudio.ops import polygon, rle, transform
from segstudio.ops.brush import capsule
from segstudio.ops.paint_shape import paint_shape
from segstudio.ops.shapes import mask_of
from tests.ops.strategies import masks, rects, view_of

SIZE = 40, 50
WHOLE = Rect.of_size(*SIZE)


@given(masks(), rects(max_side=12), st.integers(0, 99), st.booleans())
def test_a_mask_takes_exactly_the_pixels(mask_hw, rect, seed, erase):
    shape = rle.mask_shape(mask_hw, size_hw=SIZE, at=Rect(9, 7, 9 + mask_hw.shape[1], 7 + mask_hw.shape[0]))
    stroke = np.random.default_rng(seed).random((rect.height, rect.width)) < 0.5
    canvas = np.zeros((SIZE[0] + 200, SIZE[1] + 200), bool)
    canvas[rect.y0 + 100 : rect.y1 + 100, rect.x0 + 100 : rect.x1 + 100] = stroke
    stroke_whole = canvas[100 : 100 + SIZE[0], 100 : 100 + SIZE[1]]
    before = rle.decode(shape)
    expected = before & ~stroke_whole if erase else before | stroke_whole
    assert np.array_equal(rle.decode(paint_shape(shape, rect, stroke, erase=erase)), expected)


def test_a_polygon_keeps_its_far_vertices():
    corners = np.array([(5.3, 5.7), (30.2, 6.1), (29.6, 30.4), (4.9, 31.2)], np.float64)
    shape = PolygonShape.of(corners)
    rect, stroke = capsule((5, 18), (5, 18), 4, WHOLE)
    larger, smaller = paint_shape(shape, rect, stroke), paint_shape(shape, rect, stroke, erase=True)
    assert polygon.area(larger) > polygon.area(shape) > polygon.area(smaller)
    for changed in (larger, smaller):
        for corner in corners:
            assert np.abs(changed.parts[0].exterior_xy - corner).max(axis=1).min() < 1e-5
    assert mask_of(larger, WHOLE, SIZE)[rect.slices][stroke].all()
    assert not mask_of(smaller, WHOLE, SIZE)[rect.slices][stroke].any()
    assert paint_shape(shape, rect, np.zeros_like(stroke)) is shape


@given(masks())
def test_a_shape_pasted_onto_another_image_keeps_its_place(mask_hw):
    shape = rle.mask_shape(mask_hw, size_hw=SIZE, at=Rect(9, 7, 9 + mask_hw.shape[1], 7 + mask_hw.shape[0]))
    pasted = transform.onto(shape, (15, 90))
    assert (pasted.height, pasted.width) == (15, 90)
    assert np.array_equal(rle.decode(pasted), view_of(rle.decode(shape), Rect(0, 0, 90, 15)))
