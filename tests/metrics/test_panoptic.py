"""Panoptic quality: the fixtures' numbers, as panopticapi gives them, and where we differ from it on purpose."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.errors import UserError
from segstudio.metrics import panoptic_quality
from segstudio.metrics.panoptic import PanopticImage, Segment
from segstudio.metrics.segment_overlaps import SegmentOverlaps
from tests.metrics.fixtures import label_map

SKY, CAR = 1, 2
CLASSES = ClassSet("p", (LabelClass(SKY, "sky", (0, 0, 0)), LabelClass(CAR, "car", (9, 9, 9), is_thing=True)))


def image(truth, truth_classes, predicted, predicted_classes, *, crowds=()):
    return PanopticImage(
        "street",
        label_map(truth),
        {key: Segment(class_id, key in crowds) for key, class_id in truth_classes.items()},
        label_map(predicted),
        {key: Segment(class_id) for key, class_id in predicted_classes.items()},
    )


P1 = image("1111/1111/2233/2200", {1: SKY, 2: CAR, 3: CAR}, "1111/1114/2224/2244", {1: SKY, 2: CAR, 4: CAR})


def measured(*images):
    return panoptic_quality(images, classes=CLASSES)


def test_a_segment_exactly_half_on_void_is_still_a_false_positive():
    metrics = measured(P1).metrics()
    assert metrics["pq_stuff"] == pytest.approx(0.875)
    assert (metrics["pq_things"], metrics["sq_things"], metrics["rq_things"]) == pytest.approx((0.4, 0.8, 0.5))
    assert (metrics["pq"], metrics["sq"], metrics["rq"]) == pytest.approx((0.6375, 0.8375, 0.75))


def test_predicted_void_costs_the_truth_segment():
    """torchmetrics takes predicted void out of the union and gives 1 here."""
    half = image("1111/1111/2222/2222", {1: SKY, 2: CAR}, "1111/0000/2222/2222", {1: SKY, 2: CAR})
    assert measured(half).metrics()["pq"] == pytest.approx(0.5)
    assert measured(half).metrics()["pq_stuff"] == 0


def test_every_crowd_of_a_class_excuses():
    """panopticapi remembers only the last crowd of a class and counts one false positive here."""
    two_crowds = image(
        "1122/1122/3333/3333",
        {1: CAR, 2: CAR, 3: SKY},
        "5566/5566/3333/3333",
        {5: CAR, 6: CAR, 3: SKY},
        crowds={1, 2},
    )
    counts = measured(two_crowds).counts
    assert counts.false_positives.tolist() == [0, 0]
    assert counts.false_negatives.tolist() == [0, 0]
    assert measured(two_crowds).metrics()["pq"] == 1


def test_several_void_regions_excuse_together():
    """Two void blobs under one predicted segment: more than half in sum, less than half each."""
    blobs = image("00111100/00111100", {1: SKY}, "22222222/22222222", {2: CAR})
    assert measured(blobs).counts.false_positives.tolist() == [0, 1]
    wider = image("000110/001100", {1: SKY}, "222222/222222", {2: CAR})
    assert measured(wider).counts.false_positives.tolist() == [0, 0]


def test_an_iou_of_exactly_one_half_does_not_match():
    half = image("11/22", {1: CAR, 2: SKY}, "33/33", {3: CAR})
    assert measured(half).counts.true_positives.tolist() == [0, 0]


def test_truth_and_prediction_are_not_symmetric():
    forward = image("1100/1111", {1: CAR}, "1111/1111", {1: CAR})
    backward = image("1111/1111", {1: CAR}, "1100/1111", {1: CAR})
    assert measured(forward).metrics()["pq"] == pytest.approx(1.0)
    assert measured(backward).metrics()["pq"] == pytest.approx(0.75)


def test_classes_that_do_not_count_are_void_on_both_sides():
    classes = ClassSet("p", (*CLASSES.classes, LabelClass(9, "pole", (1, 1, 1), is_ignored=True)))
    ignored = image("9911/9911", {9: 9, 1: CAR}, "9211/2211", {9: 9, 2: SKY, 1: CAR})
    counts = panoptic_quality([ignored], classes=classes).counts
    assert counts.true_positives.tolist() == [0, 1]
    assert counts.false_positives.tolist() == [0, 0]


def test_a_group_without_any_class_is_undefined():
    only_sky = image("11/11", {1: SKY}, "11/11", {1: SKY})
    metrics = measured(only_sky).metrics()
    assert metrics["pq"] == metrics["pq_stuff"] == 1
    assert math.isnan(metrics["pq_things"])
    assert math.isnan(measured().metrics()["pq"])


def test_counts_of_images_are_pooled():
    one = measured(P1)
    three = measured(P1, P1, P1)
    assert three.metrics() == pytest.approx(one.metrics())
    assert three.counts.false_positives.tolist() == (3 * one.counts.false_positives).tolist()


def test_bad_tables_are_named():
    with pytest.raises(UserError, match=r"street: segment id 0"):
        measured(image("00/11", {0: SKY, 1: CAR}, "11/11", {1: CAR}))
    with pytest.raises(UserError, match=r"street: .*segment 7"):
        measured(image("11/11", {1: CAR}, "17/11", {1: CAR}))
    with pytest.raises(UserError, match=r"street: .*\(2, 2\).*\(1, 2\)"):
        measured(image("11/11", {1: CAR}, "11", {1: CAR}))


def test_the_document_has_the_shape_of_the_contract():
    document = json.loads(json.dumps(measured(P1).to_json(), allow_nan=False))
    assert document["task"] == "panoptic"
    assert document["policy"]["comparator"] == ">"
    assert document["metrics"]["pq"] == pytest.approx(0.6375)
    assert document["classes"][1] == {
        "id": CAR,
        "name": "car",
        "is_thing": True,
        "pq": pytest.approx(0.4),
        "sq": pytest.approx(0.8),
        "rq": pytest.approx(0.5),
        "true_positives": 1,
        "false_positives": 1,
        "false_negatives": 1,
    }
    assert document["per_image"][0]["pq"] == pytest.approx(0.6375)


ids = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9).flatmap(
    lambda shape: st.tuples(*(hnp.arrays(np.int32, shape, elements=st.integers(0, 4)) for _ in range(3)))
)


@given(ids)
def test_overlaps_count_every_pair(rasters):
    truth, predicted, _ = rasters
    pixels = SegmentOverlaps.of(truth * 10_000_019, predicted).pixels
    assert sum(pixels.values()) == truth.size
    for (truth_id, predicted_id), count in pixels.items():
        assert count == np.count_nonzero((truth * 10_000_019 == truth_id) & (predicted == predicted_id))


@given(ids)
def test_replacing_a_rectangle_equals_a_recount(rasters):
    truth, before, after = rasters
    live = SegmentOverlaps.of(truth, before)
    window = np.s_[: truth.shape[0] // 2 + 1, truth.shape[1] // 3 :]
    live.replace(truth[window], before[window], after[window])
    edited = before.copy()
    edited[window] = after[window]
    assert live.pixels == SegmentOverlaps.of(truth, edited).pixels


def test_an_empty_raster_has_no_overlaps():
    empty = np.zeros((0, 4), np.uint16)
    assert SegmentOverlaps.of(empty, empty).pixels == {}
