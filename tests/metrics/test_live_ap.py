"""AP by matching only what was touched equals AP of everything as it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from segstudio.metrics.coco_ap import average_precision
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from segstudio.metrics.live_ap import LiveAveragePrecision

SIDE = 24


def box(rng):
    mask = np.zeros((SIDE, SIDE), np.uint8)
    y, x = rng.integers(0, SIDE - 6, 2)
    height, width = rng.integers(2, 7, 2)
    mask[y : y + height, x : x + width] = 1
    return coco_mask.encode(np.asfortranarray(mask))


def truth(rng, class_id=None):
    return TruthInstance(class_id or int(rng.integers(1, 4)), box(rng), bool(rng.random() < 0.15))


def detection(rng, near, class_id=None):
    rle = near[int(rng.integers(len(near)))].rle if near and rng.random() < 0.6 else box(rng)
    # Few different scores, so that ties are common.
    return DetectedInstance(class_id or int(rng.integers(1, 4)), float(rng.choice([0.3, 0.5, 0.5, 0.9])), rle)


def image(rng, name):
    truths = [truth(rng) for _ in range(rng.integers(0, 5))]
    return InstanceImage(name, truths, [detection(rng, truths) for _ in range(rng.integers(0, 6))])


def same(one, other):
    return (math.isnan(one) and math.isnan(other)) or abs(one - other) <= 1e-12


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_every_edit_gives_what_matching_everything_gives(seed):
    rng = np.random.default_rng(seed)
    images = {name: image(rng, name) for name in "abc"}
    live = LiveAveragePrecision()
    for name, one in images.items():
        live.set_image(name, one)
    for _ in range(4):
        name, class_id = rng.choice(list(images)), int(rng.integers(1, 4))
        old = images[name]
        kept = [item for item in old.detections if item.class_id != class_id]
        found = [detection(rng, old.truth, class_id) for _ in range(rng.integers(0, 3))]
        images[name] = InstanceImage(name, old.truth, [*kept, *found])
        before, was = live.parts(name), live.ap()
        live.rematch(name, class_id, [item for item in old.truth if item.class_id == class_id], found)
        whole = average_precision(images.values())
        assert same(live.ap(), whole.ap())
        assert same(live.ap(iou=0.5), whole.ap(iou=0.5))
        assert same(live.image_ap(live.parts(name)), average_precision([images[name]]).ap())
        assert same(live.ap_with(name, before), was)


def test_an_image_that_is_forgotten_counts_no_more():
    rng = np.random.default_rng(1)
    images = [image(rng, name) for name in "abcd"]
    live = LiveAveragePrecision()
    for one in images:
        live.set_image(one.name, one)
    live.forget_image("b")
    expected = average_precision([one for one in images if one.name != "b"]).ap()
    assert live.ap() == pytest.approx(expected, abs=1e-12)


def test_without_any_truth_there_is_no_number():
    rng = np.random.default_rng(2)
    live = LiveAveragePrecision()
    live.set_image("a", InstanceImage("a", [], [detection(rng, [])]))
    assert math.isnan(live.ap())
