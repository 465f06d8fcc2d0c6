"""COCO average precision: the fixtures' numbers, as pycocotools 2.0 gives them, and the traps of the references."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.metrics import average_precision
from segstudio.metrics.coco_ap import accumulate, coco_rules
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from segstudio.metrics.matching import Matches, match_instances
from segstudio.metrics.policy import CITYSCAPES, COCO
from tests.metrics.fixtures import rle_box, rle_of


def truth(*box, size=20, class_id=1, **more):
    top, left, rows, columns = box
    return TruthInstance(class_id, rle_box(size, size, top=top, left=left, rows=rows, columns=columns), **more)


def det(score, *box, size=20, class_id=1, **more):
    top, left, rows, columns = box
    rle = rle_box(size, size, top=top, left=left, rows=rows, columns=columns)
    return DetectedInstance(class_id, score, rle, **more)


def image(truths, detections, name="image"):
    return InstanceImage(name, truths, detections)


# Two 4 x 4 objects; a detection of IoU exactly 3/4, a miss, an exact hit.
I1 = image([truth(0, 0, 4, 4), truth(8, 8, 4, 4)], [det(0.9, 0, 0, 3, 4), det(0.8, 0, 12, 4, 4), det(0.7, 8, 8, 4, 4)])


def test_three_detections_of_two_objects():
    measured = average_precision([I1])
    assert measured.ap() == pytest.approx(0.5683168316831684, abs=1e-12)
    assert measured.ap(iou=0.5) == pytest.approx(0.834983498349835, abs=1e-12)
    # An IoU of exactly the threshold matches.
    assert measured.ap(iou=0.75) == measured.ap(iou=0.5)
    assert measured.ap(iou=0.8) == pytest.approx(17 / 101, abs=1e-12)
    assert [measured.ar(max_dets=count) for count in (1, 10, 100)] == pytest.approx([0.3, 0.8, 0.8])


def test_a_strict_comparator_refuses_equality():
    strict = dataclasses.replace(COCO, comparator=">")
    assert average_precision([I1], policy=strict).ap(iou=0.75) == pytest.approx(17 / 101, abs=1e-12)
    assert CITYSCAPES.comparator == ">"


@pytest.mark.parametrize(("hit_first", "expected"), [(True, 1.0), (False, 0.5)])
def test_equal_scores_keep_their_order(hit_first, expected):
    hit, miss = det(0.5, 0, 0, 4, 4), det(0.5, 10, 10, 4, 4)
    ordered = [hit, miss] if hit_first else [miss, hit]
    assert average_precision([image([truth(0, 0, 4, 4)], ordered)]).ap(iou=0.5) == pytest.approx(expected)


def test_a_crowd_absorbs_detections():
    objects = [truth(0, 0, 10, 10, is_crowd=True), truth(12, 12, 4, 4)]
    detections = [det(0.9, 0, 0, 4, 4), det(0.8, 5, 5, 4, 4), det(0.7, 12, 12, 4, 4)]
    assert average_precision([image(objects, detections)]).ap() == pytest.approx(1.0)
    assert average_precision([image(objects[1:], detections)]).ap() == pytest.approx(1 / 3)


def test_both_ends_of_a_size_range_belong_to_it():
    measured = average_precision([image([truth(0, 0, 32, 32, size=64)], [det(0.9, 0, 0, 32, 32, size=64)])])
    metrics = measured.metrics()
    assert [metrics["ap_small"], metrics["ap_medium"]] == pytest.approx([1, 1])
    assert math.isnan(metrics["ap_large"])


def test_the_size_of_a_detection_is_its_mask_unless_stated():
    """A thin diagonal band has a large box: results that carry boxes turn AP small from .5 into 1."""
    rows, columns = np.mgrid[:64, :64]
    band = (abs(rows - columns) <= 5) & (rows < 40)
    moved = np.roll(band, 20, axis=1) & ~band
    moved[:, :20] = False
    thing = TruthInstance(1, rle_of(band))
    hit, miss = DetectedInstance(1, 0.5, rle_of(band)), DetectedInstance(1, 0.9, rle_of(moved))
    assert average_precision([image([thing], [hit, miss])]).ap(area="small") == pytest.approx(0.5)
    boxed = dataclasses.replace(miss, area=40 * 45.0)
    assert average_precision([image([thing], [hit, boxed])]).ap(area="small") == pytest.approx(1.0)


def test_stated_truth_area_decides_the_range():
    stale = truth(0, 0, 4, 4, area=5000.0)
    metrics = average_precision([image([stale], [det(0.5, 0, 0, 4, 4)])]).metrics()
    assert math.isnan(metrics["ap_small"])
    assert metrics["ap_medium"] == pytest.approx(1)


def test_the_last_of_max_dets_is_used_even_if_it_is_not_100():
    """pycocotools prints AP = -1 here because its summary looks for 100."""
    measured = average_precision([I1], policy=dataclasses.replace(COCO, max_dets=(1, 10, 300)))
    assert measured.ap() == pytest.approx(0.5683168316831684, abs=1e-12)
    assert "ar_300" in measured.metrics()


def test_detections_beyond_max_dets_do_not_exist():
    policy = dataclasses.replace(COCO, max_dets=(1, 2))
    assert average_precision([I1], policy=policy).ar() == pytest.approx(0.3)


def test_classes_do_not_match_each_other():
    measured = average_precision(
        [image([truth(0, 0, 4, 4, class_id=1)], [det(0.9, 0, 0, 4, 4, class_id=2)])], class_ids=[1, 2, 3]
    )
    assert measured.ap(class_id=1) == 0
    # Predicted-only and absent classes have no AP and stay out of the mean.
    assert math.isnan(measured.ap(class_id=2))
    assert math.isnan(measured.ap(class_id=3))
    assert measured.ap() == 0


def test_the_higher_score_takes_the_object_even_with_less_overlap():
    """Matching by best overlap first would call the second detection right at every threshold."""
    measured = average_precision([image([truth(0, 0, 4, 5)], [det(0.9, 0, 0, 4, 3), det(0.8, 0, 0, 4, 5)])])
    assert measured.ap(iou=0.6) == pytest.approx(1.0)
    assert measured.ap(iou=0.65) == pytest.approx(0.5)


def test_of_two_equal_overlaps_the_later_object_is_taken():
    """The first detection takes the later twin, so the one below the area range decides nothing."""
    twins = [truth(0, 0, 4, 4, area=5.0), truth(0, 0, 4, 4, area=2000.0)]
    matches = match_instances([image(twins, [det(0.9, 0, 0, 4, 4)])], coco_rules())
    everything, small, medium, _ = range(4)
    assert matches.det_matched[0, :, 0].tolist() == [True, True, True, True]
    assert not matches.det_ignored[0, [everything, small, medium], 0].any()
    assert matches.det_ignored[0, 3, 0]


def test_nothing_to_measure():
    measured = average_precision([])
    assert math.isnan(measured.ap())
    assert average_precision([image([truth(0, 0, 4, 4)], [])]).ap() == 0
    assert math.isnan(average_precision([image([], [det(0.5, 0, 0, 4, 4)])]).ap())


def test_masks_of_two_sizes_are_named():
    with pytest.raises(UserError, match=r"harbour: masks of 20x20 and 30x30"):
        average_precision([image([truth(0, 0, 4, 4)], [det(0.5, 0, 0, 4, 4, size=30)], name="harbour")])


def test_an_iou_that_was_not_measured_is_refused():
    with pytest.raises(UserError, match=r"0\.51"):
        average_precision([I1]).ap(iou=0.51)


def test_one_image_can_be_matched_again_on_its_own():
    """Live AP re-matches the edited image and accumulates the kept matches of all others."""
    other = image([truth(3, 3, 6, 6)], [det(0.6, 3, 3, 6, 5)], name="other")
    whole = average_precision([I1, other])
    parts = [match_instances([one], coco_rules()) for one in (I1, other)]
    joined = accumulate(Matches.joined(parts))
    assert joined.metrics() == whole.metrics()
    assert joined.per_image == whole.per_image


def test_boundary_ap_takes_the_smaller_overlap():
    shifted = image([truth(3, 2, 6, 6, size=12)], [det(0.5, 3, 3, 6, 6, size=12)])
    assert average_precision([shifted]).ap(iou=0.5) == pytest.approx(1)
    assert average_precision([shifted]).ap() == pytest.approx(0.5)
    assert average_precision([shifted], overlap="boundary").ap() == 0


def test_boundary_ap_keeps_the_mask_rule_for_crowds():
    objects = [truth(0, 0, 10, 10, is_crowd=True), truth(12, 12, 4, 4)]
    inside = [det(0.9, 3, 3, 4, 4), det(0.7, 12, 12, 4, 4)]
    assert average_precision([image(objects, inside)], overlap="boundary").ap() == pytest.approx(1.0)


def test_the_document_names_classes_and_hides_nothing():
    document = json.loads(json.dumps(average_precision([I1]).to_json({1: "boat"}), allow_nan=False))
    assert document["task"] == "instance"
    assert document["policy"]["max_dets"] == [1, 10, 100]
    assert document["metrics"]["ap"] == pytest.approx(0.5683168316831684)
    assert document["metrics"]["ap_large"] is None
    assert document["classes"][0]["name"] == "boat"
    assert document["images"] == 1
    assert document["per_image"] == [
        {
            "name": "image",
            "true_positives": 2,
            "false_positives": 1,
            "false_negatives": 0,
            "f1_50": pytest.approx(0.8),
        }
    ]


def test_images_are_tallied_without_crowds_and_classes_that_do_not_count():
    first = image([truth(0, 0, 10, 10, is_crowd=True), truth(12, 12, 4, 4)], [det(0.9, 1, 1, 4, 4)], name="a")
    second = image([truth(0, 0, 4, 4, class_id=2)], [det(0.9, 0, 0, 4, 4, class_id=3)], name="b")
    tallies = average_precision([first, second], class_ids=[1, 2]).per_image
    assert [tuple(tally) for tally in tallies] == [("a", 0, 0, 1), ("b", 0, 0, 1)]
    assert math.isnan(average_precision([image([], [])]).per_image[0].f1)
