"""The object raster: after any changes it is what drawing all objects from back to front gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.core.objects import ObjectTable, PolygonShape, SegObject
from segstudio.render.object_raster import ObjectRaster

SIZE_HW = (40, 60)


def box_object(object_id, x, y, width, height, z=0, class_id=1):
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return SegObject(object_id, class_id, PolygonShape.of(np.array(corners, float)), z=z)


def drawn(table, raster):
    """Boxes with whole-numbered corners cover whole pixels: drawn by slicing, independent of any polygon code."""
    expected = np.zeros(SIZE_HW, np.uint16)
    for item in table.in_order():
        x0, y0 = item.shape.parts[0].exterior_xy.min(axis=0).astype(int)
        x1, y1 = item.shape.parts[0].exterior_xy.max(axis=0).astype(int)
        expected[max(0, y0) : y1, max(0, x0) : x1] = raster.slot_of(item.id)
    return expected


boxes = st.tuples(st.integers(0, 50), st.integers(0, 30), st.integers(1, 20), st.integers(1, 15), st.integers(0, 3))


@given(st.lists(st.tuples(st.integers(1, 6), st.none() | boxes), max_size=25))
def test_any_changes_leave_what_drawing_all_gives(steps):
    table, raster = ObjectTable(), ObjectRaster(SIZE_HW)
    for object_id, box in steps:
        before = table.get(object_id)
        area = before.bounds() if before is not None else Rect(0, 0, 0, 0)
        if box is None:
            table.remove(object_id)
        else:
            item = box_object(object_id, *box)
            table.put(item)
            area = area.union(item.bounds())
        raster.update(table, [object_id], area)
        np.testing.assert_array_equal(raster.slots_hw, drawn(table, raster))
    fresh = ObjectRaster(SIZE_HW, table)
    fresh.paint_tiles(Rect(0, 0, 60, 40))
    np.testing.assert_array_equal(fresh.slots_hw != 0, raster.slots_hw != 0)
    assert {row[2] for row in raster.rows} == {item.id for item in table}


def test_version_tells_when_colours_must_be_looked_up_again():
    table, raster = ObjectTable([box_object(1, 2, 2, 5, 5)]), ObjectRaster(SIZE_HW)
    raster.update(table, [1], Rect(0, 0, 10, 10))
    version = raster.version
    table.put(box_object(1, 4, 4, 5, 5))
    raster.update(table, [1], Rect(0, 0, 10, 10))
    assert raster.version == version
    table.put(box_object(1, 4, 4, 5, 5, class_id=2))
    raster.update(table, [1], Rect(0, 0, 10, 10))
    assert raster.version != version


def test_tiles_are_painted_when_they_come_into_view_and_edits_in_between_hold():
    big = (2000, 3000)
    items = [box_object(i, 13 * i % 2900, 29 * i % 1900, 90, 60, z=i % 7) for i in range(1, 300)]
    table = ObjectTable(items)
    raster, whole = ObjectRaster(big, table), ObjectRaster(big, table)
    assert not raster.slots_hw.any()
    assert [item.id for item in raster.index.at((20.0, 40.0))]
    whole.paint_tiles(Rect(0, 0, 3000, 2000))
    view = Rect(600, 500, 900, 800)
    while not raster.is_painted(view):
        assert len(raster.paint_tiles(view, seconds=0)) == 1
    np.testing.assert_array_equal(raster.slots_hw[view.slices], whole.slots_hw[view.slices])
    moved = box_object(5, 1500, 1200, 400, 300, z=3)
    area = table.get(5).bounds().union(moved.bounds())
    table.put(moved)
    for each in (raster, whole):
        each.update(table, [5], area)
        each.paint_tiles(Rect(0, 0, 3000, 2000))
    np.testing.assert_array_equal(raster.slots_hw, whole.slots_hw)
    assert raster.paint_tiles(Rect(0, 0, 3000, 2000)) == []


def test_slots_are_used_again():
    table, raster = ObjectTable(), ObjectRaster(SIZE_HW)
    for object_id in range(1, 200):
        table.put(box_object(object_id, 0, 0, 2, 2))
        raster.update(table, [object_id], Rect(0, 0, 3, 3))
        table.remove(object_id)
        raster.update(table, [object_id], Rect(0, 0, 3, 3))
    assert raster.slot_of(1) is None
    table.put(box_object(500, 0, 0, 2, 2))
    raster.update(table, [500], Rect(0, 0, 3, 3))
    assert raster.slot_of(500) == 1


@pytest.mark.parametrize("left_out", [{1}, {2, 3}, {1, 2, 3}, {99}])
def test_what_is_left_out_uncovers_what_lies_behind(left_out):
    size_hw = (700, 900)
    items = [box_of(number, 40 * number, 300 + 40 * number, z=number) for number in (1, 2, 3)]
    raster = ObjectRaster(size_hw, items)
    raster.paint_tiles(Rect.of_size(*size_hw))
    raster.leave_out(frozenset(left_out))
    raster.paint_tiles(Rect.of_size(*size_hw))
    rest = [item for item in items if item.id not in left_out]
    wanted = ids_of(ObjectRaster(size_hw, rest), rest, size_hw)
    np.testing.assert_array_equal(ids_of(raster, items, size_hw), wanted)
    raster.leave_out(frozenset())
    raster.paint_tiles(Rect.of_size(*size_hw))
    np.testing.assert_array_equal(ids_of(raster, items, size_hw), ids_of(ObjectRaster(size_hw, items), items, size_hw))


def box_of(number, low, high, *, z):
    ring = np.array([(low, low), (high, low), (high, high), (low, high)], float)
    return SegObject(number, 0, PolygonShape.of(ring), z=z)


def ids_of(raster, items, size_hw):
    """The front object's id of each pixel, 0 for none."""
    raster.paint_tiles(Rect.of_size(*size_hw))
    found = np.zeros(size_hw, int)
    for item in items:
        found[raster.slots_hw == raster.slot_of(item.id)] = item.id
    return found
