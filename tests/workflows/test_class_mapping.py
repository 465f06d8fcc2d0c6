"""Classes of two sets are the same class however each community writes them."""

from __future__ import annotations

import pytest

from segstudio.core.class_set import ClassSet
from segstudio.workflows.class_mapping import match_classes


def sets(source, target):
    return ClassSet.of_names(source), ClassSet.of_names(target, first_id=100)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("traffic light", "traffic_light"),
        ("Traffic-Light", "trafficlight"),
        ("motorbike", "motorcycle"),
        ("aeroplane", "airplane"),
        ("tvmonitor", "tv"),
        ("diningtable", "dining table"),
        ("grass", "grass-merged"),
        ("wall-other-merged", "wall"),
    ],
)
def test_same_class_under_two_names(name, other):
    match = match_classes(*sets([name], ["nothing", other]))
    assert match.mapping.target_of == {0: 101}
    assert match.unmatched == ()


def test_exact_name_goes_before_a_similar_one():
    match = match_classes(*sets(["bike"], ["bicycle", "Bike", "bike"]))
    assert match.mapping.target_of == {0: 102}


def test_unmatched_classes_are_named():
    match = match_classes(*sets(["road", "unicorn"], ["road"]))
    assert [c.name for c in match.unmatched] == ["unicorn"]
    assert not match.is_identity


def test_ignored_classes_are_not_missed():
    cityscapes = ClassSet.load("cityscapes")
    target = ClassSet.of_names([c.name for c in cityscapes.evaluated])
    assert match_classes(cityscapes, target).unmatched == ()


def test_own_set_is_identity():
    cityscapes = ClassSet.load("cityscapes")
    assert match_classes(cityscapes, cityscapes).is_identity
