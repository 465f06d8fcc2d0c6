"""The policy switch: each preset's number on the same counts, and a reason in pixels for every gap."""

from __future__ import annotations

import pytest

from segstudio.core.class_set import ClassSet
from segstudio.metrics import evaluate_semantic
from segstudio.metrics.policy import policy_named
from segstudio.metrics.policy_gaps import policy_gaps
from segstudio.metrics.semantic import SemanticPair
from tests.metrics.fixtures import S1, S2, S3

CLASSES = ClassSet.of_names(["road", "car", "sky"])


def gaps_of(*pairs, policy="cityscapes"):
    named = [SemanticPair(str(number), *pair) for number, pair in enumerate(pairs)]
    result = evaluate_semantic(named, classes=CLASSES, policy=policy_named(policy))
    return {gap.policy.name: gap for gap in policy_gaps(result)}


def test_numbers_are_those_of_a_run_under_each_policy():
    for own in ("cityscapes", "monai"):
        gaps = gaps_of(S1, S2, S3, policy=own)
        for name, gap in gaps.items():
            assert gap.mean_iou == gaps_of(S1, S2, S3, policy=name)[name].mean_iou
            assert gap.difference == pytest.approx(gap.mean_iou - gaps[own].mean_iou)


def test_the_own_policy_needs_no_reason():
    gaps = gaps_of(S1, S2)
    assert gaps["cityscapes"].difference == 0
    assert gaps["cityscapes"].reasons == ()


def test_equal_rules_make_no_gap():
    assert gaps_of(S1, S2)["coco"].difference == 0
    assert gaps_of(S1, S2)["coco"].reasons == ()


def test_a_class_only_predicted_is_named_with_its_pixels():
    reasons = gaps_of(S3)["monai"].reasons
    assert "sky: left out instead of counts as 0 (0 px in the truth, 1 px predicted)" in reasons
    assert not any(reason.startswith("car") for reason in reasons)


def test_another_average_names_the_rarest_class():
    (reason,) = gaps_of(S1, S2)["torchmetrics"].reasons
    assert "all pairs of image and class" in reason
    assert "sky has 4 px in 1 of 2 images" in reason


def test_nothing_to_explain_without_images():
    assert all(gap.mean_iou != gap.mean_iou for gap in gaps_of().values())
