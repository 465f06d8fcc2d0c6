"""Objects combined and split, against numpy's logic on masks and shapely's on polygons; each is one step."""

import numpy as np
import pytest
from scipy import ndimage

from segstudio.core.errors import UserError
from segstudio.core.objects import MaskShape, PolygonShape, SegObject
from segstudio.core.segments import Segment
from segstudio.session.edits import combining
from tests.session.test_reshape import box, box_object, document_of, mask_object, pixels, ring, undone_whole

A, B = (10, 10, 50, 40), (30, 20, 70, 60)
EXPECTED = {
    "union": box(*A) | box(*B),
    "subtract": box(*A) & ~box(*B),
    "intersect": box(*A) & box(*B),
    "xor": box(*A) ^ box(*B),
}


def made(form, number, corners):
    return box_object(number, *corners) if form == "polygon" else mask_object(number, box(*corners))


@pytest.mark.parametrize("second", ["polygon", "mask"])
@pytest.mark.parametrize("first", ["polygon", "mask"])
@pytest.mark.parametrize("operation", sorted(EXPECTED))
def test_two_objects_combined(operation, first, second):
    items = [made(first, 1, A), made(second, 2, B)]
    document = document_of(*items)
    assert combining.combine(document, [1, 2], operation, operand=2) == [1]
    np.testing.assert_array_equal(pixels(document, 1), EXPECTED[operation])
    left = {item.id for item in document.labels.objects}
    assert left == ({1, 2} if operation == "subtract" else {1})
    assert [edit.name for edit in document.history.undoable] == [operation]
    assert undone_whole(document, items)


def test_the_operand_is_the_one_that_was_named():
    document = document_of(box_object(1, *A), box_object(2, *B))
    combining.combine(document, [1, 2], "subtract", operand=1)
    np.testing.assert_array_equal(pixels(document, 2), box(*B) & ~box(*A))
    assert document.labels.objects.get(1) == box_object(1, *A)


def test_several_lose_what_the_last_covers_and_one_that_is_covered_goes():
    items = [box_object(1, *A), box_object(2, 40, 30, 60, 50), mask_object(3, box(*B))]
    document = document_of(*items)
    assert combining.combine(document, [1, 2, 3], "subtract", operand=3) == [1]
    assert document.labels.objects.get(2) is None
    assert undone_whole(document, items)


def test_a_union_keeps_the_largest_of_the_others():
    document = document_of(box_object(1, 0, 0, 5, 5), box_object(2, *A), box_object(3, 0, 0, 90, 70))
    assert combining.combine(document, [1, 2, 3], "union", operand=3) == [2]
    assert len(document.labels.objects) == 1


def test_what_cannot_be_combined_is_said_and_changes_nothing():
    items = [box_object(1, 0, 0, 5, 5), box_object(2, *B), box_object(3, *A, locked=True)]
    document = document_of(*items)
    with pytest.raises(UserError, match="two"):
        combining.combine(document, [1], "union", operand=1)
    with pytest.raises(UserError, match="nothing in common"):
        combining.combine(document, [1, 2], "intersect", operand=2)
    with pytest.raises(UserError, match="two"):
        combining.combine(document, [2, 3], "xor", operand=3)
    assert combining.combine(document, [2, 3], "subtract", operand=3) == [2]
    np.testing.assert_array_equal(pixels(document, 2), box(*B) & ~box(*A))
    assert document.labels.objects.get(3) == items[2]


@pytest.mark.parametrize("form", ["polygon", "mask"])
def test_splitting_gives_each_piece_its_own_object(form):
    whole = box(10, 10, 40, 40) | box(50, 10, 60, 20) | box(70, 50, 90, 70)
    shape = PolygonShape.of(ring(50, 10, 60, 20), ring(10, 10, 40, 40), ring(70, 50, 90, 70))
    item = SegObject(4, 1, shape, attributes={"a": 1}) if form == "polygon" else mask_object(4, whole)
    document = document_of(item)
    assert combining.split(document, [4]) == [4, 5, 6]
    labelled, count = ndimage.label(whole)
    assert count == 3
    sizes = sorted((np.count_nonzero(labelled == n) for n in range(1, 4)), reverse=True)
    assert [np.count_nonzero(pixels(document, n)) for n in (4, 5, 6)] == sizes
    np.testing.assert_array_equal(sum(pixels(document, n).astype(int) for n in (4, 5, 6)), whole)
    assert document.labels.objects.get(5).attributes == item.attributes
    assert isinstance(document.labels.objects.get(5).shape, PolygonShape if form == "polygon" else MaskShape)
    assert undone_whole(document, [item])
    with pytest.raises(UserError, match="one piece"):
        combining.split(document, [4])


def test_an_instance_of_the_raster_is_split_into_instances():
    document = document_of()
    with document.begin("set") as stroke:
        stroke.put_segment(Segment(7, 1, instance=3))
        stroke.paint(stroke.layer.raster.bounds, 7, mask_hw=box(0, 0, 20, 20) | box(30, 0, 40, 10))
        stroke.paint(stroke.layer.raster.bounds, 2, mask_hw=box(50, 0, 60, 10) | box(70, 0, 80, 10))
    assert combining.split_segment(document, (5, 5)) == 2
    ids = document.labels.raster.ids_hw
    (new,) = set(np.unique(ids)) - {0, 2, 7}
    np.testing.assert_array_equal(ids == new, box(30, 0, 40, 10))
    assert document.labels.segments.get(int(new)).instance == 4
    for point, why in (((5, 5), "one piece"), ((55, 5), "whole"), ((90, 70), "no labelled")):
        with pytest.raises(UserError, match=why):
            combining.split_segment(document, point)
