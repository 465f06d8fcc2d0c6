"""Layers, segment tables and object tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.errors import UserError
from segstudio.core.geometry import EMPTY, Rect
from segstudio.core.layer import Annotation, Layer, prediction_layer
from segstudio.core.objects import MaskShape, ObjectTable, PolygonPart, PolygonShape, SegObject
from segstudio.core.segments import MAX_SEGMENT, Segment, SegmentTable

SQUARE = np.array([(1, 2), (9, 2), (9, 8), (1, 8)], np.float64)
CITYSCAPES = ClassSet.load("cityscapes")


def test_an_annotation_survives_a_layer():
    labels = np.array([[0, 1], [2, 1]], np.uint16)
    item = SegObject(4, 26, PolygonShape.of(SQUARE), score=0.5)
    annotation = Annotation((2, 2), labels, (Segment(1, 26), Segment(2, 24, 3)), (item,), None, {"key": 1})
    layer = Layer.from_annotation(prediction_layer("run-1"), annotation, locked=True)
    assert layer.name == "prediction:run-1"
    assert layer.size_hw == (2, 2)
    again = layer.to_annotation()
    assert np.array_equal(again.labels_hw, labels)
    assert again.segments == annotation.segments
    assert again.objects == annotation.objects
    assert again.extra == {"key": 1}
    layer.raster.writable(Rect(0, 0, 1, 1))[...] = 9
    assert again.labels_hw[0, 0] == labels[0, 0] == 0


@given(st.lists(st.integers(-1, 33), max_size=6, unique=True), st.integers(0, 40))
def test_every_class_gets_one_whole_class_segment(present, offset):
    layer = Layer("labels", (2, 2))
    for number, class_id in enumerate(present):
        layer.segments.put(Segment(number + 1 + offset, class_id))
    layer.segments.put(Segment(200, 26, 5))
    layer.ensure_class_segments(CITYSCAPES)
    whole = [s.class_id for s in layer.segments if s.instance == 0]
    assert sorted(whole) == sorted(c.id for c in CITYSCAPES.classes)
    for number, class_id in enumerate(present):
        assert layer.segments.get(number + 1 + offset).class_id == class_id


@given(st.lists(st.integers(0, 36), min_size=1, max_size=30))
def test_the_index_map_looks_up_segment_then_class(ids):
    layer = Layer.from_annotation("labels", Annotation((1, len(ids)), np.array([ids], np.uint16)))
    layer.ensure_class_segments(CITYSCAPES)
    expected = []
    for number in ids:
        segment = layer.segments.get(number)
        expected.append(CITYSCAPES.index_of.get(segment.class_id, 255) if segment else 255)
    index_map = layer.index_map(CITYSCAPES)
    assert index_map.dtype == np.uint8
    assert index_map.tolist() == [expected]


def test_large_sets_use_sixteen_bits():
    many = ClassSet.of_names([f"class {i}" for i in range(300)])
    layer = Layer.from_annotation("labels", Annotation((1, 2), np.array([[300, 0]], np.uint16)))
    layer.ensure_class_segments(many)
    assert layer.index_map(many).tolist() == [[299, 65535]]


def test_segments_count_their_changes_and_find_free_numbers():
    table = SegmentTable([Segment(1, 5), Segment(2, 5, 1), Segment(3, 5, is_crowd=True)])
    version = table.version
    table.remove(77)
    assert table.version == version
    assert table.of_class(5) == Segment(1, 5)
    assert table.free_id() == 4
    assert table.free_instance(5) == 2
    assert table.free_instance(6) == 1
    table.put(Segment(MAX_SEGMENT, 6))
    assert table.version == version + 1
    assert table.free_id() == 4
    assert table.class_lut(unknown=-9)[[0, 1, MAX_SEGMENT, 8]].tolist() == [-9, 5, 6, -9]


@pytest.mark.parametrize("number", [0, -1, MAX_SEGMENT + 1])
def test_segment_numbers_outside_the_raster_are_refused(number):
    with pytest.raises(UserError, match="outside"):
        SegmentTable([Segment(number, 1)])


def test_a_full_table_says_so():
    table = SegmentTable(Segment(i, 0) for i in range(1, MAX_SEGMENT + 1))
    with pytest.raises(UserError, match="at most"):
        table.free_id()
    table.remove(1234)
    assert table.free_id() == 1234


def test_objects_stand_in_order():
    table = ObjectTable([SegObject(i, 1, PolygonShape(()), z=z) for i, z in ((1, 5), (3, 0), (2, 0))])
    assert [item.id for item in table.in_order()] == [2, 3, 1]
    assert table.top_z() == 6
    assert table.free_id() == 4
    assert ObjectTable().top_z() == 0
    assert ObjectTable().free_id() == 1
    with pytest.raises(UserError, match="used twice"):
        ObjectTable([SegObject(1, 1, PolygonShape(())), SegObject(1, 2, PolygonShape(()))])


def test_shapes_know_their_place():
    ring = PolygonShape((PolygonPart(SQUARE, (SQUARE / 2 + 2,)), PolygonPart(SQUARE + 20.5)))
    assert ring.bounds() == Rect(1, 2, 30, 29)
    assert ring.num_points == 12
    assert PolygonShape(()).bounds() == EMPTY
    assert MaskShape(9, 9, b"", Rect(1, 1, 2, 2)).bounds() == Rect(1, 1, 2, 2)


def test_shapes_compare_by_their_points():
    assert PolygonShape.of(SQUARE) == PolygonShape.of(SQUARE.copy())
    assert PolygonShape.of(SQUARE) != PolygonShape.of(SQUARE + 1)
    assert PolygonShape.of(SQUARE) != PolygonShape((PolygonPart(SQUARE, (SQUARE,)),))


def test_a_new_shape_drops_what_described_the_old_one():
    item = SegObject(1, 1, PolygonShape.of(SQUARE), extra={"area": 48, "bbox": [1, 2, 8, 6], "keep": True})
    assert item.with_shape(PolygonShape.of(SQUARE + 1)).extra == {"keep": True}


def test_a_class_may_be_ignored_and_still_be_painted():
    sky = ClassSet("x", (LabelClass(1, "sky", (0, 0, 0), is_ignored=True), LabelClass(2, "road", (1, 1, 1))))
    layer = Layer.from_annotation("labels", Annotation((1, 2), np.array([[1, 2]], np.uint16)))
    layer.ensure_class_segments(sky)
    assert layer.index_map(sky).tolist() == [[255, 0]]
