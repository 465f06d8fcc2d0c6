"""Kinds of instance errors and their gains recorded from TIDE (49a5d2a, masks) on random small datasets of boxes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segstudio.metrics.instance_errors import InstanceError, instance_errors
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from tests.metrics.fixtures import rle_box

CASES = json.loads(Path(__file__).with_name("tide_cases.json").read_text(encoding="utf-8"))


def rle(box):
    left, top, columns, rows = box
    return rle_box(40, 40, top=top, left=left, rows=rows, columns=columns)


@pytest.mark.parametrize("case", CASES)
def test_tide_agrees(case):
    images = [
        InstanceImage(
            str(number),
            [TruthInstance(class_id, rle(box), is_crowd) for class_id, is_crowd, box in image["truth"]],
            [DetectedInstance(class_id, score, rle(box)) for class_id, score, box in image["detections"]],
        )
        for number, image in enumerate(case["images"])
    ]
    errors = instance_errors(images)
    assert errors.ap50 == pytest.approx(case["ap50"], abs=1e-12)
    assert errors.counts() == {InstanceError(kind): count for kind, count in case["counts"].items()}
    assert errors.gains == pytest.approx({InstanceError(kind): gain for kind, gain in case["gains"].items()}, abs=1e-12)
    assert errors.gain_without_false_positives == pytest.approx(case["without_false_positives"], abs=1e-12)
    assert errors.gain_without_false_negatives == pytest.approx(case["without_false_negatives"], abs=1e-12)
