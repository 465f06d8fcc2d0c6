"""AP and PQ of A against B: weighting equals repeating images, by the field's own tools."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pycocotools import mask as mask_codec

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.errors import UserError
from segstudio.metrics import average_precision, panoptic_quality
from segstudio.metrics.coco_ap import accumulate, coco_rules
from segstudio.metrics.compare import compare_instances, compare_panoptic
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from segstudio.metrics.matching import match_instances
from segstudio.metrics.panoptic import PanopticImage, Segment
from segstudio.metrics.resampled_ap import DetectedImages

THINGS = ClassSet("things", tuple(LabelClass(i, f"thing {i}", (i, i, i), train_id=i, is_thing=True) for i in range(3)))


def rle(mask_hw):
    return mask_codec.encode(np.asfortranarray(mask_hw.astype(np.uint8)))


def square(random):
    mask = np.zeros((40, 40), bool)
    x, y, side = random.integers(0, 26), random.integers(0, 26), random.integers(4, 14)
    mask[y : y + side, x : x + side] = True
    return mask


def scene(number, *, quality, seed):
    """Squares, of which a model finds some, shifted; with inventions. Scores never tie."""
    truths, own = np.random.default_rng(number), np.random.default_rng([number, seed])
    truth, found = [], []
    for _ in range(truths.integers(0, 5)):
        class_id, mask = int(truths.integers(0, 2)), square(truths)
        truth.append(TruthInstance(class_id, rle(mask), bool(truths.random() < 0.1)))
        if own.random() < quality:
            shift = own.integers(0, 3)
            found.append(DetectedInstance(class_id, float(own.random()), rle(np.roll(mask, shift, axis=1))))
    for _ in range(own.integers(0, 3)):
        found.append(DetectedInstance(int(own.integers(0, 2)), float(own.random()), rle(square(own))))
    return InstanceImage(f"im{number}", truth, found)


def evaluated(images):
    matches = match_instances(images, coco_rules())
    return accumulate(matches, class_ids=[0, 1, 2]), matches


@pytest.mark.parametrize("seed", range(8))
def test_a_weight_counts_as_so_many_copies(seed):
    images = [scene(number, quality=0.7, seed=seed) for number in range(10)]
    random = np.random.default_rng(seed)
    weights = random.integers(0, 4, (6, 10)).astype(float)
    weights[0] = 1
    whole, by_class = DetectedImages(evaluated(images)[1], (0, 1, 2)).weighted(weights)
    for row, ap, classes in zip(weights, whole, by_class, strict=True):
        copies = [
            InstanceImage(f"{image.name}-{n}", image.truth, image.detections)
            for image, times in zip(images, row, strict=True)
            for n in range(int(times))
        ]
        expected = average_precision(copies, class_ids=[0, 1, 2])
        assert ap == pytest.approx(expected.ap(), abs=1e-12, nan_ok=True)
        each = [expected.ap(class_id=class_id) for class_id in (0, 1, 2)]
        assert classes.tolist() == pytest.approx(each, abs=1e-12, nan_ok=True)


def test_the_better_detector_is_better_and_the_document_says_ap():
    weak, strong = (
        evaluated([scene(number, quality=quality, seed=seed) for number in range(40)])
        for quality, seed in ((0.4, 1), (0.95, 2))
    )
    found = compare_instances(weak, strong, class_names={0: "cat"}, resamples=400)
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert document["delta"]["ap"] == pytest.approx(strong[0].ap() - weak[0].ap(), abs=1e-12)
    assert document["delta"]["ci95"][0] > 0
    assert document["delta"]["p_value"] < 0.05
    assert document["classes"][0]["name"] == "cat"
    assert document["classes"][2]["delta_ap"] is None
    assert document["per_image"][0].keys() == {"name", "f1_50_a", "f1_50_b"}
    same = compare_instances(weak, weak, resamples=200).statistics
    assert (same.delta, same.interval, same.p_value) == (0, (0, 0), 1)


def test_detections_of_other_images_do_not_compare():
    with pytest.raises(UserError, match="different images"):
        compare_instances(
            evaluated([scene(1, quality=1, seed=1)]), evaluated([scene(2, quality=1, seed=1)]), resamples=10
        )


def panoptic(random, *, quality):
    images = []
    for number in range(30):
        truths = np.random.default_rng(number)
        ids = truths.integers(1, 5, (4, 4)).repeat(8, 0).repeat(8, 1).astype(np.uint16)
        said = np.where(random.random((4, 4)).repeat(8, 0).repeat(8, 1) < quality, ids, ids % 4 + 1).astype(np.uint16)
        table = {i: Segment(i % 3) for i in range(1, 5)}
        images.append(PanopticImage(f"im{number}", ids, table, said, table))
    return images


def test_panoptic_differences_are_those_of_the_quality_of_repeated_images():
    classes = THINGS
    a, b = (
        panoptic_quality(panoptic(np.random.default_rng(seed), quality=quality), classes=classes)
        for seed, quality in ((1, 0.8), (2, 0.9))
    )
    found = compare_panoptic(a, b, resamples=500)
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert document["delta"]["pq"] == pytest.approx(b.metrics()["pq"] - a.metrics()["pq"], abs=1e-12)
    assert document["classes"][1]["delta_pq"] == pytest.approx(b.counts.pq()[1] - a.counts.pq()[1], abs=1e-12)
    assert document["per_image"][3]["pq_a"] == pytest.approx(a.to_json()["per_image"][3]["pq"])
    random, deltas = np.random.RandomState(1), []
    for _ in range(1500):
        drawn = random.choice(30, 30)
        values = []
        for result in (a, b):
            parts = [result.per_image[i][1] for i in drawn]
            hits = sum(part.true_positives for part in parts)
            loose = sum(part.false_positives + part.false_negatives for part in parts)
            values.append(np.mean(sum(part.iou_sum for part in parts) / (hits + loose / 2)))
        deltas.append(values[1] - values[0])
    assert document["delta"]["ci95"] == pytest.approx(np.quantile(deltas, [0.025, 0.975]), abs=0.012)
