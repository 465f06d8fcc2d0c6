"""Panoptic counts recorded from panopticapi (7bb4655, `pq_compute_single_core`) on random small maps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.metrics import panoptic_quality
from segstudio.metrics.panoptic import PanopticImage, Segment

CASES = json.loads(Path(__file__).with_name("panopticapi_cases.json").read_text(encoding="utf-8"))
CLASSES = ClassSet("recorded", tuple(LabelClass(class_id, str(class_id), (0, 0, 0)) for class_id in (10, 20, 30, 40)))


@pytest.mark.parametrize("case", CASES)
def test_panopticapi_agrees(case):
    images = [
        PanopticImage(
            str(number),
            np.array(image["truth"]),
            {int(key): Segment(*row) for key, row in image["truth_segments"].items()},
            np.array(image["predicted"]),
            {int(key): Segment(class_id) for key, class_id in image["predicted_segments"].items()},
        )
        for number, image in enumerate(case["images"])
    ]
    counts = panoptic_quality(images, classes=CLASSES).counts
    iou_sum, *numbers = zip(*case["expected"].values(), strict=True)
    assert counts.iou_sum == pytest.approx(iou_sum, abs=1e-12)
    assert counts.true_positives.tolist() == list(numbers[0])
    assert counts.false_positives.tolist() == list(numbers[1])
    assert counts.false_negatives.tolist() == list(numbers[2])
