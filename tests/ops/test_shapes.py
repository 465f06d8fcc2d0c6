"""Conversions that keep pixels, painting in order, and the look-up of objects."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, PolygonShape, SegObject
from segstudio.ops import rle, shapes
from tests.ops.strategies import masks, rects, rings, view_of

SIZE = 40, 50
WHOLE = Rect.of_size(*SIZE)


def placed(mask_hw):
    height, width = mask_hw.shape
    return rle.mask_shape(mask_hw, size_hw=SIZE, at=Rect(3, 5, 3 + width, 5 + height))


ANY_SHAPE = st.one_of(masks().map(placed), rings().map(PolygonShape.of))


@st.composite
def scenes(draw):
    drawn = draw(st.lists(st.tuples(ANY_SHAPE, st.integers(-2, 2)), max_size=5))
    return [SegObject(i + 1, i % 3, shape, z=z) for i, (shape, z) in enumerate(drawn)]


@given(ANY_SHAPE, rects())
def test_a_rectangle_of_a_shape_is_cut_from_the_whole(shape, rect):
    whole = shapes.mask_of(shape, WHOLE, SIZE)
    assert np.array_equal(shapes.mask_of(shape, rect, SIZE), view_of(whole, rect))
    assert shapes.area_of(shape, SIZE) == whole.sum()


@given(ANY_SHAPE)
def test_conversion_changes_no_pixel(shape):
    whole = shapes.mask_of(shape, WHOLE, SIZE)
    as_mask = shapes.as_mask(shape, SIZE)
    assert isinstance(as_mask, MaskShape)
    assert np.array_equal(shapes.mask_of(as_mask, WHOLE, SIZE), whole)
    assert np.array_equal(shapes.mask_of(shapes.as_polygon(as_mask), WHOLE, SIZE), whole)


@given(scenes(), rects(low=0, high=20, max_side=20))
def test_what_is_in_front_covers_what_is_behind(objects, rect):
    values, ids = np.zeros(SIZE, np.uint16), np.full(SIZE, -1, np.int32)
    for item in sorted(objects, key=lambda item: (item.z, item.id)):
        covered = shapes.mask_of(item.shape, WHOLE, SIZE)
        values[covered], ids[covered] = item.class_id + 10, item.id
    assert np.array_equal(shapes.paint_objects(objects, SIZE, lambda item: item.class_id + 10), values)
    assert np.array_equal(shapes.object_id_raster(objects, SIZE), ids)
    painted = shapes.paint_objects(objects, SIZE, lambda item: item.class_id + 10, rect=rect)
    assert np.array_equal(painted, values[rect.slices])


@given(scenes(), st.floats(0, 49.9), st.floats(0, 39.9))
def test_the_index_finds_what_looking_at_every_object_finds(objects, x, y):
    expected = [item.id for item in objects if shapes.covers(item.shape, (x, y))]
    found = shapes.objects_at(objects, (x, y))
    assert sorted(item.id for item in found) == expected
    assert found == sorted(found, key=lambda item: (item.z, item.id), reverse=True)


@given(scenes(), scenes(), st.lists(st.integers(1, 5), max_size=4), rects(low=0, high=30))
def test_an_index_kept_up_to_date_is_a_new_index(before, after, gone, rect):
    index = shapes.ObjectIndex(before)
    current = {item.id: item for item in before}
    for item in after:
        index.put(item)
        current[item.id] = item
    for object_id in gone:
        index.remove(object_id)
        current.pop(object_id, None)
    fresh = shapes.ObjectIndex(current.values())
    assert len(index) == len(fresh) == len(current)
    assert index.touching(rect) == fresh.touching(rect)
    assert index.inside(rect) == fresh.inside(rect)
    assert index.near((9, 9), 4) == fresh.near((9, 9), 4)


@given(scenes(), rects(low=0, high=30))
@example([SegObject(1, 0, PolygonShape.of(np.array([(0, 0), (0, 0), (1, 0)], float)))], Rect(0, 0, 1, 1))
def test_boxes_touch_and_lie_inside(objects, rect):
    index = shapes.ObjectIndex(objects)
    touching = {item.id for item in index.touching(rect)}
    inside = {item.id for item in index.inside(rect)}
    for item in objects:
        box = item.bounds()
        assert (item.id in touching) == (not box.intersect(rect).is_empty)
        assert (item.id in inside) == (not box.is_empty and rect.contains(box))


def test_an_index_grows():
    index = shapes.ObjectIndex()
    for i in range(100):
        index.put(SegObject(i, 1, PolygonShape.of(np.array([(i, 0), (i + 1, 0), (i + 1, 1), (i, 1)], float))))
    assert [item.id for item in index.at((42.5, 0.5))] == [42]
