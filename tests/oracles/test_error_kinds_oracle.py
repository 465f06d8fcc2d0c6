"""Kinds of error recorded from beyond-iou (b01b35d, `evaluate_sample`, exact boundaries) on random small maps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segstudio.metrics.error_kinds import error_kinds

CASES = json.loads(Path(__file__).with_name("beyond_iou_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_beyond_iou_agrees(case):
    truth, labels = np.array(case["truth"]), np.array(case["labels"])
    for class_index, expected in enumerate(case["pixels"]):
        kinds = error_kinds(truth, labels, class_index, distance=case["distance"])
        assert np.bincount(kinds.ravel(), minlength=9).tolist() == expected
