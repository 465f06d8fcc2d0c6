"""Whole objects reshaped, ordered and copied, against arrays from scipy and numpy; each is one step, undone whole."""

import numpy as np
import pytest
from scipy import ndimage

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.history import History
from segstudio.core.layer import LABELS, Layer
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject
from segstudio.ops.rle import mask_shape
from segstudio.ops.shapes import mask_of
from segstudio.render.pyramid import Pyramid
from segstudio.session.document import ClassBook, Document
from segstudio.session.edits import reshape

SIZE_HW = (80, 100)
WHOLE = Rect.of_size(*SIZE_HW)


def box(x0, y0, x1, y1):
    inside = np.zeros(SIZE_HW, bool)
    inside[y0:y1, x0:x1] = True
    return inside


def ring(x0, y0, x1, y1):
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)


def mask_object(number, mask_hw, *, z=0, **more):
    return SegObject(number, 1, mask_shape(mask_hw, size_hw=SIZE_HW), z=z, **more)


def box_object(number, *corners, z=0, **more):
    return SegObject(number, 1, PolygonShape.of(ring(*corners)), z=z, **more)


def document_of(*items, size_hw=SIZE_HW):
    classes = ClassBook(ClassSet("two", (LabelClass(0, "a", (9, 9, 9)), LabelClass(1, "b", (99, 9, 9)))))
    labels = Layer(LABELS, size_hw)
    labels.ensure_class_segments(classes.current)
    for item in items:
        labels.objects.put(item)
    picture = Pyramid(np.zeros((*size_hw, 3), np.uint8))
    return Document(ImageItem("picture", None, size_hw), picture, labels, classes=classes, history=History())


def pixels(document, number):
    return mask_of(document.labels.objects.get(number).shape, WHOLE, SIZE_HW)


def order(document):
    return [item.id for item in document.labels.objects.in_order()]


def undone_whole(document, before):
    """Whether one undo gives back these objects, and one redo the present ones."""
    after = list(document.labels.objects.in_order())
    assert len(document.history.undoable) == 1
    document.undo()
    back = list(document.labels.objects.in_order()) == sorted(before, key=lambda item: (item.z, item.id))
    document.redo()
    return back and list(document.labels.objects.in_order()) == after


def pierced():
    """A box with a hole and a speck beside it."""
    return (box(10, 10, 50, 50) & ~box(20, 20, 24, 24)) | box(60, 60, 64, 64)


@pytest.mark.parametrize("polygon", [False, True])
def test_fill_holes(polygon):
    item = mask_object(1, pierced())
    if polygon:
        parts = (PolygonPart(ring(10, 10, 50, 50), (ring(20, 20, 24, 24),)), PolygonPart(ring(60, 60, 64, 64)))
        item = SegObject(1, 1, PolygonShape(parts))
    document = document_of(item)
    assert reshape.fill_holes(document, [1]) == 1
    np.testing.assert_array_equal(pixels(document, 1), ndimage.binary_fill_holes(pierced()))
    assert undone_whole(document, [item])


def test_remove_specks_and_never_all_of_an_object():
    item, speck = mask_object(1, pierced()), mask_object(2, box(70, 10, 73, 13))
    document = document_of(item, speck)
    assert reshape.remove_specks(document, [1, 2], smaller_than=20) == 1
    np.testing.assert_array_equal(pixels(document, 1), box(10, 10, 50, 50) & ~box(20, 20, 24, 24))
    assert document.labels.objects.get(2) == speck
    assert undone_whole(document, [item, speck])


@pytest.mark.parametrize("by", [3.0, -3.0])
def test_grow_and_shrink_a_mask_by_the_distance(by):
    item = mask_object(1, pierced())
    document = document_of(item)
    reshape.grow(document, [1], by)
    outside = ndimage.distance_transform_edt(~pierced())
    inside = ndimage.distance_transform_edt(pierced())
    np.testing.assert_array_equal(pixels(document, 1), outside <= 3 if by > 0 else inside > 3)
    assert undone_whole(document, [item])


def test_shrinking_a_polygon_moves_its_sides_and_one_that_would_vanish_stays():
    big, small = box_object(1, 10, 10, 50, 40), box_object(2, 60, 60, 64, 64)
    document = document_of(big, small)
    assert reshape.grow(document, [1, 2], -4) == 1
    np.testing.assert_array_equal(pixels(document, 1), box(14, 14, 46, 36))
    assert document.labels.objects.get(2) == small


def test_smoothing_drops_a_spike_and_keeps_the_body():
    spiked = box(20, 20, 60, 60) | box(60, 39, 75, 40)
    document = document_of(mask_object(1, spiked))
    reshape.smooth(document, [1], 2.0)
    after = pixels(document, 1)
    assert not after[:, 63:].any()
    assert after[24:56, 24:56].all()


def test_simplify_keeps_the_pixels_of_a_box_with_needless_points():
    dense = np.concatenate(
        [
            np.linspace(a, b, 10, endpoint=False)
            for a, b in zip(ring(10, 10, 50, 40), np.roll(ring(10, 10, 50, 40), -1, 0), strict=True)
        ]
    )
    document = document_of(SegObject(1, 1, PolygonShape.of(dense)), mask_object(2, box(60, 60, 70, 70)))
    assert reshape.simplify(document, [1, 2], 0.5) == 1
    assert document.labels.objects.get(1).shape.num_points <= 5
    np.testing.assert_array_equal(pixels(document, 1), box(10, 10, 50, 40))


def test_converting_there_and_back_keeps_every_pixel():
    document = document_of(mask_object(1, pierced()))
    reshape.convert(document, [1])
    assert isinstance(document.labels.objects.get(1).shape, PolygonShape)
    np.testing.assert_array_equal(pixels(document, 1), pierced())
    reshape.convert(document, [1])
    assert isinstance(document.labels.objects.get(1).shape, MaskShape)
    np.testing.assert_array_equal(pixels(document, 1), pierced())


@pytest.mark.parametrize("form", ["polygons", "mixed"])
def test_merging_keeps_the_largest_and_covers_all(form):
    first = box_object(1, 10, 10, 20, 20, z=5)
    second = box_object(2, 15, 15, 60, 60) if form == "polygons" else mask_object(2, box(15, 15, 60, 60))
    document = document_of(first, second)
    assert reshape.merge(document, [1, 2]) == 2
    assert order(document) == [2]
    np.testing.assert_array_equal(pixels(document, 2), box(10, 10, 20, 20) | box(15, 15, 60, 60))
    assert document.labels.objects.get(2).z == 5
    assert undone_whole(document, [first, second])


def test_one_object_cannot_be_merged_and_locked_ones_stay_out():
    document = document_of(box_object(1, 10, 10, 20, 20), box_object(2, 15, 15, 60, 60, locked=True))
    with pytest.raises(UserError, match="two"):
        reshape.merge(document, [1, 2])
    assert reshape.grow(document, [2], 3) == 0
    assert not document.history.undoable


def test_forward_passes_the_next_object_that_overlaps_and_no_other():
    items = [
        box_object(1, 0, 0, 20, 20),
        box_object(2, 50, 50, 60, 60),
        box_object(3, 10, 10, 30, 30),
        box_object(4, 15, 15, 40, 40),
    ]
    document = document_of(*items)
    reshape.bring_forward(document, [1])
    assert order(document) == [2, 3, 1, 4]
    assert undone_whole(document, items)
    reshape.bring_forward(document, [1])
    assert order(document) == [2, 3, 4, 1]
    assert reshape.bring_forward(document, [1]) == 0
    reshape.send_back(document, [1])
    reshape.send_back(document, [1])
    assert order(document).index(1) < order(document).index(3)
    assert reshape.send_back(document, [1]) == 0


def test_several_brought_forward_keep_their_order():
    document = document_of(*(box_object(number, 0, 0, 20, 20, z=number) for number in (1, 2, 3)))
    reshape.bring_forward(document, [1, 2])
    assert order(document) == [3, 1, 2]
    reshape.send_back(document, [1, 2])
    assert order(document) == [1, 2, 3]


def test_duplicates_lie_aside_and_in_front():
    items = [box_object(1, 10, 10, 20, 20, z=3, locked=True), mask_object(2, box(30, 30, 40, 40))]
    document = document_of(*items)
    second, first = reshape.duplicate(document, [1, 2], (5, 7))
    np.testing.assert_array_equal(pixels(document, first), box(15, 17, 25, 27))
    np.testing.assert_array_equal(pixels(document, second), box(35, 37, 45, 47))
    assert order(document) == [2, 1, second, first]
    assert not document.labels.objects.get(first).locked
    assert undone_whole(document, items)


def test_pasting_into_a_smaller_image_leaves_out_what_lies_beyond():
    copied = [mask_object(1, box(10, 10, 50, 50)), box_object(2, 90, 10, 99, 20), box_object(3, 5, 5, 30, 30)]
    document = document_of(size_hw=(40, 60))
    assert reshape.paste(document, copied) == [1, 2]
    first, second = document.labels.objects.in_order()
    np.testing.assert_array_equal(mask_of(first.shape, Rect.of_size(40, 60), (40, 60)), box(10, 10, 50, 50)[:40, :60])
    assert second.shape == copied[2].shape
    assert len(document.history.undoable) == 1


def test_a_region_is_changed_within_reach_of_it_and_of_the_image():
    region = Rect(10, 10, 50, 50)
    was = box(10, 10, 50, 50) & ~box(20, 20, 24, 24)
    for change, reach in ((ndimage.binary_dilation, 2), (ndimage.binary_erosion, 2)):
        at, before, after = reshape.changed_region(WHOLE, region, was[region.slices], change, reach)
        assert at == Rect(8, 8, 52, 52)
        np.testing.assert_array_equal(before, was[at.slices])
        np.testing.assert_array_equal(after, change(was)[at.slices])
    corner = Rect(0, 0, 4, 4)
    at, _, after = reshape.changed_region(WHOLE, corner, np.ones((4, 4), bool), ndimage.binary_dilation, 2)
    assert at == Rect(0, 0, 6, 6)
    np.testing.assert_array_equal(after, ndimage.binary_dilation(box(0, 0, 4, 4))[at.slices])
