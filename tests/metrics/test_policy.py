"""A policy names every choice, survives JSON and cannot be changed after a number was measured under it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from segstudio.core.errors import UserError
from segstudio.metrics.policy import PRESETS, policy_named


def test_every_preset_says_every_choice():
    for name, policy in PRESETS.items():
        record = json.loads(json.dumps(policy.to_json()))
        assert record["name"] == name
        assert set(record) == {
            "name",
            "averaging",
            "void",
            "absent",
            "comparator",
            "max_dets",
            "raster",
            "boundary_ratio",
            "version",
        }


def test_presets_differ_where_the_references_do():
    assert policy_named("cityscapes").comparator == ">"
    assert policy_named("coco").comparator == ">="
    assert policy_named("torchmetrics").averaging == "image_class_pairs"
    assert policy_named("monai").absent == "skip_absent_from_truth"
    assert policy_named("cityscapes").boundary_ratio == 0.005


def test_a_policy_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        policy_named("coco").averaging = "per_image"


def test_unknown_policies_are_named_with_the_known_ones():
    with pytest.raises(UserError, match=r"'voc'.*cityscapes, coco, torchmetrics, monai"):
        policy_named("voc")
