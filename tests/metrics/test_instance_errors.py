"""TIDE's kinds of error: one of each, their gains, and where we count differently on purpose."""

from __future__ import annotations

import math

import pytest

from segstudio.core.errors import UserError
from segstudio.metrics.instance_errors import DetectionError, InstanceError, MissedInstance, instance_errors
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from tests.metrics.fixtures import rle_box


def rle(top, left, rows, columns, size=40):
    return rle_box(size, size, top=top, left=left, rows=rows, columns=columns)


def truth(class_id, *box, **more):
    return TruthInstance(class_id, rle(*box), **more)


def det(class_id, score, *box):
    return DetectedInstance(class_id, score, rle(*box))


# One error of each kind.
T1 = InstanceImage(
    "t1",
    [truth(1, 0, 0, 10, 10), truth(2, 0, 20, 10, 10), truth(1, 20, 0, 10, 10), truth(1, 20, 20, 10, 10)],
    [
        det(1, 0.9, 0, 0, 10, 10),
        det(1, 0.8, 0, 0, 10, 9),
        det(1, 0.7, 20, 0, 10, 4),
        det(1, 0.6, 0, 20, 10, 10),
        det(2, 0.5, 32, 32, 5, 5),
        det(2, 0.4, 20, 20, 10, 3),
    ],
)


def test_one_error_of_each_kind():
    errors = instance_errors([T1])
    assert errors.detections == (
        DetectionError("t1", 1, InstanceError.DUPLICATE, 0),
        DetectionError("t1", 2, InstanceError.LOCALIZATION, 2),
        DetectionError("t1", 3, InstanceError.CLASS, 1),
        DetectionError("t1", 4, InstanceError.BACKGROUND, None),
        DetectionError("t1", 5, InstanceError.BOTH, 3),
    )
    assert errors.missed == (MissedInstance("t1", 3),)
    assert set(errors.counts().values()) == {1}


def test_what_mending_each_kind_gives():
    errors = instance_errors([T1])
    assert errors.ap50 == pytest.approx(0.16832, abs=5e-6)
    assert {kind: round(gain, 5) for kind, gain in errors.gains.items()} == {
        InstanceError.CLASS: 0.5,
        InstanceError.LOCALIZATION: 0.10891,
        InstanceError.BOTH: 0,
        InstanceError.DUPLICATE: 0,
        InstanceError.BACKGROUND: 0,
        InstanceError.MISSED: 0.08416,
    }
    assert errors.gain_without_false_negatives == pytest.approx(0.33168, abs=5e-6)


def test_classes_only_predicted_stay_out_of_ap():
    """TIDE halves the AP here; COCO does not."""
    image = InstanceImage("x", [truth(1, 0, 0, 10, 10)], [det(1, 0.9, 0, 0, 10, 10), det(2, 0.8, 20, 20, 9, 9)])
    assert instance_errors([image]).ap50 == pytest.approx(1.0)


def test_a_detection_in_a_crowd_costs_nothing():
    crowd = truth(1, 0, 0, 20, 20, is_crowd=True)
    image = InstanceImage("x", [crowd, truth(1, 30, 30, 8, 8)], [det(1, 0.9, 2, 2, 9, 9), det(1, 0.5, 30, 30, 8, 8)])
    errors = instance_errors([image])
    assert errors.ap50 == pytest.approx(1.0)
    assert errors.missed == ()


def test_of_two_detections_that_explain_a_truth_only_one_is_mended():
    image = InstanceImage("x", [truth(1, 0, 0, 10, 10)], [det(1, 0.9, 0, 0, 10, 4), det(1, 0.8, 0, 0, 4, 10)])
    errors = instance_errors([image])
    assert errors.counts()[InstanceError.LOCALIZATION] == 2
    assert errors.gains[InstanceError.LOCALIZATION] == pytest.approx(1.0)
    assert errors.missed == ()


def test_a_model_that_finds_nothing_misses_everything():
    errors = instance_errors([InstanceImage("x", [truth(1, 0, 0, 9, 9)], [])])
    assert errors.ap50 == 0
    assert errors.missed == (MissedInstance("x", 0),)
    assert errors.gains[InstanceError.MISSED] == 1
    assert math.isnan(instance_errors([]).ap50)


def test_indices_are_those_of_the_image():
    image = InstanceImage(
        "x",
        [truth(1, 30, 30, 5, 5, is_crowd=True), truth(1, 0, 0, 9, 9)],
        [det(1, 0.1, 20, 0, 5, 5), det(1, 0.9, 0, 0, 9, 4)],
    )
    errors = instance_errors([image])
    assert [(error.detection, error.truth) for error in errors.detections] == [(1, 1), (0, None)]


def test_masks_of_two_sizes_are_named():
    other = DetectedInstance(1, 0.5, rle(0, 0, 2, 2, size=20))
    with pytest.raises(UserError, match="x: masks of 20x20 and 40x40"):
        instance_errors([InstanceImage("x", [truth(1, 0, 0, 9, 9)], [other])])
