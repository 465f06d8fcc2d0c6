"""Cityscapes AP: the fixtures' numbers, where it differs from COCO's, and the case in which the script fails."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.metrics.cityscapes_ap import CityscapesImage, cityscapes_average_precision
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from tests.metrics.fixtures import rle_box, rle_of, square

CAR = 26


def truth(*box, **more):
    top, left, rows, columns = (10 * value for value in box)
    return TruthInstance(CAR, rle_box(200, 200, top=top, left=left, rows=rows, columns=columns), **more)


def det(score, *box):
    top, left, rows, columns = (10 * value for value in box)
    return DetectedInstance(CAR, score, rle_box(200, 200, top=top, left=left, rows=rows, columns=columns))


def measured(truths, detections, void=None):
    image = CityscapesImage(InstanceImage("street", truths, detections), void)
    return cityscapes_average_precision([image], class_ids=[CAR])


def test_three_detections_of_two_objects():
    objects = [truth(0, 0, 4, 4), truth(8, 8, 4, 4)]
    found = [det(0.9, 0, 0, 3, 4), det(0.8, 0, 12, 4, 4), det(0.7, 8, 8, 4, 4)]
    score = measured(objects, found)
    assert score.ap50() == pytest.approx(0.7916666666666666, abs=1e-12)
    assert score.ap() == pytest.approx(0.4375, abs=1e-12)


def test_equal_scores_make_one_point_whatever_their_order():
    hit, miss = det(0.5, 0, 0, 4, 4), det(0.5, 10, 10, 4, 4)
    for found in ([hit, miss], [miss, hit]):
        assert measured([truth(0, 0, 4, 4)], found).ap50() == pytest.approx(0.75)


def test_an_iou_of_exactly_one_half_does_not_match():
    assert measured([truth(0, 0, 4, 4)], [det(0.9, 0, 0, 4, 2)]).ap50() == 0


def test_a_detection_inside_a_group_is_excused():
    objects = [truth(0, 0, 10, 10, is_crowd=True), truth(12, 12, 4, 4)]
    found = [det(0.9, 2, 2, 4, 4), det(0.7, 12, 12, 4, 4)]
    assert measured(objects, found).ap() == pytest.approx(1.0)
    assert measured(objects[1:], found).ap() < 1


def test_a_detection_on_void_is_excused_above_the_threshold_only():
    objects, found = [truth(0, 0, 4, 4)], [det(0.9, 10, 10, 4, 4), det(0.5, 0, 0, 4, 4)]
    three_quarters = rle_of(square(200, 200, rows=slice(100, 130), columns=slice(100, 140)))
    score = measured(objects, found, three_quarters)
    assert score.values[0, :5] == pytest.approx(1.0)
    assert (score.values[0, 6:] < 1).all()


def test_small_objects_neither_count_nor_cost():
    small = TruthInstance(CAR, rle_box(200, 200, top=0, left=0, rows=9, columns=11))
    assert math.isnan(measured([small], [det(0.9, 0, 0, 1, 1)]).ap())
    both = [small, truth(5, 5, 4, 4)]
    on_small = DetectedInstance(CAR, 0.9, rle_box(200, 200, top=0, left=0, rows=9, columns=10))
    assert measured(both, [on_small, det(0.5, 5, 5, 4, 4)]).ap() == pytest.approx(1.0)


def test_a_second_detection_of_an_object_is_wrong():
    objects = [truth(0, 0, 4, 4), truth(8, 8, 4, 4)]
    found = [det(0.9, 0, 0, 4, 4), det(0.5, 8, 8, 4, 4)]
    assert measured(objects, found).ap50() == pytest.approx(1.0)
    assert measured(objects, [*found, det(0.8, 0, 0, 4, 4)]).ap50() < 0.95


def test_a_class_whose_only_detections_are_excused_scores_zero():
    """The script stops with an IndexError here."""
    objects = [truth(0, 0, 10, 10, is_crowd=True), truth(12, 12, 4, 4)]
    assert measured(objects, [det(0.9, 2, 2, 4, 4)]).ap() == 0


def test_classes_without_objects_are_undefined():
    score = cityscapes_average_precision([], class_ids=[CAR, 24])
    assert math.isnan(score.ap())
    assert np.isnan(score.values).all()
    assert math.isnan(measured([], [det(0.9, 0, 0, 4, 4)]).ap(class_id=CAR))


def test_masks_of_two_sizes_are_named():
    small = DetectedInstance(CAR, 0.5, rle_box(20, 20, top=0, left=0, rows=2, columns=2))
    with pytest.raises(UserError, match="street: masks of 20x20 and 200x200"):
        measured([truth(0, 0, 4, 4)], [small])
