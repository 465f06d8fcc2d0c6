"""Semantic evaluation: the numbers of the fixtures, the four means, the policies, and the shape of the document."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.errors import UserError
from segstudio.metrics import ConfusionMatrix, evaluate_semantic
from segstudio.metrics.instance_weighted import InstanceWeightedIoU
from segstudio.metrics.policy import COCO, policy_named
from segstudio.metrics.semantic import SemanticEvaluation, SemanticPair
from tests.metrics.fixtures import S1, S2, S3, S4

THREE = ClassSet.of_names(["road", "car", "sky"], first_id=7)


def evaluated(*pairs, policy="cityscapes", classes=THREE):
    named = (SemanticPair(f"image {number}", *pair) for number, pair in enumerate(pairs))
    return evaluate_semantic(named, classes=classes, policy=policy_named(policy))


@pytest.mark.parametrize(
    ("averaging", "expected"),
    [
        ("accumulate", (18 / 21 + 5 / 7 + 3 / 4) / 3),
        ("per_image", ((3 / 5 + 5 / 6 + 3 / 4) / 3 + (15 / 16 + 0) / 2) / 2),
        ("per_class_then_image", ((3 / 5 + 15 / 16) / 2 + (5 / 6 + 0) / 2 + 3 / 4) / 3),
        ("image_class_pairs", (3 / 5 + 5 / 6 + 3 / 4 + 15 / 16 + 0) / 5),
    ],
)
def test_one_dataset_has_four_mean_ious(averaging, expected):
    result = evaluated(S1, S2)
    assert result.mean_iou(averaging) == pytest.approx(expected, abs=1e-12)


def test_the_four_mean_ious_as_published():
    metrics = evaluated(S1, S2).metrics()
    assert metrics["miou_accumulated"] == pytest.approx(0.77381, abs=5e-6)
    assert metrics["miou_per_image"] == pytest.approx(0.59826, abs=5e-6)
    assert metrics["miou_per_class_then_image"] == pytest.approx(0.64514, abs=5e-6)
    assert metrics["miou_image_class_pairs"] == pytest.approx(0.62417, abs=5e-6)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("cityscapes", 0.46875), ("coco", 0.46875), ("torchmetrics", 0.46875), ("monai", 0.9375)],
)
def test_a_class_only_in_the_prediction_under_each_policy(policy, expected):
    assert evaluated(S3, policy=policy).mean_iou() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        ("skip_absent_from_both", (0.9375 + 0) / 2),  # Cityscapes, mmsegmentation, torchmetrics
        ("skip_absent_from_truth", 0.9375),  # detectron2, MONAI
        ("absent_from_both_is_one", (0.9375 + 1 + 0) / 3),  # MONAI with ignore_empty=False, DAVIS J
    ],
)
def test_absent_classes_under_each_rule(absent, expected):
    policy = dataclasses.replace(COCO, absent=absent)
    result = evaluate_semantic([SemanticPair("s3", *S3)], classes=THREE, policy=policy)
    assert result.mean_iou() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("cityscapes", 0.77381), ("coco", 0.77381), ("torchmetrics", 0.62417), ("monai", 0.59826)],
)
def test_the_policy_chooses_the_mean(policy, expected):
    assert evaluated(S1, S2, policy=policy).metrics()["miou"] == pytest.approx(expected, abs=5e-6)


def test_void_on_both_sides_drops_predicted_void():
    policy = dataclasses.replace(COCO, void="truth_and_prediction")
    result = evaluate_semantic([SemanticPair("a", *S4)], classes=THREE, policy=policy)
    assert result.iou() == pytest.approx([2 / 4, 5 / 6, 3 / 4])
    assert evaluated(S4).iou() == pytest.approx([2 / 5, 5 / 6, 3 / 4])


def test_category_iou_forgives_confusion_inside_a_category():
    classes = ClassSet(
        "grouped",
        (
            LabelClass(0, "void", (0, 0, 0), is_ignored=True, category="void"),
            LabelClass(1, "road", (1, 0, 0), train_id=0, category="A"),
            LabelClass(2, "car", (2, 0, 0), train_id=1, category="A"),
            LabelClass(3, "sky", (3, 0, 0), train_id=2, category="B"),
        ),
    )
    result = evaluated(S1, classes=classes)
    assert result.category_iou() == pytest.approx({"A": 0.9, "B": 0.75})
    assert result.metrics()["category_miou"] == pytest.approx(0.825)


def test_an_instance_weighs_alike_whatever_its_size():
    """Two cars of 2 and 8 px, one pixel of the small one missed, one false pixel."""
    truth = np.zeros((4, 5), np.uint8)
    instances = np.zeros((4, 5), np.uint16)
    truth[0, :2], instances[0, :2] = 1, 26001
    truth[1:3, :4], instances[1:3, :4] = 1, 26002
    prediction = truth.copy()
    prediction[0, 1], prediction[3, 0] = 0, 1
    result = evaluate_semantic([SemanticPair("j1", truth, prediction, instances)], classes=THREE)
    assert result.iou()[1] == pytest.approx(9 / 11, abs=1e-12)
    assert result.instance_weighted_iou == pytest.approx([np.nan, 7.5 / 11, np.nan], abs=1e-12, nan_ok=True)
    # A published table of mean sizes replaces the measured mean (here 5) and says which classes have instances.
    given_table = evaluate_semantic(
        [SemanticPair("j1", truth, prediction, instances)], classes=THREE, mean_sizes={1: 10, 2: 4}
    )
    assert given_table.instance_weighted_iou == pytest.approx([np.nan, 15 / 21, np.nan], nan_ok=True)


def test_groups_enter_neither_side_of_instance_weighting():
    truth = np.ones((2, 4), np.uint8)
    instances = np.array([[1, 1, 0, 0], [1, 1, 0, 0]])
    prediction = np.array([[1, 1, 0, 0], [1, 0, 0, 0]], np.uint8)
    matrix = ConfusionMatrix(2)
    matrix.add(truth, prediction)
    weighted = InstanceWeightedIoU(2)
    weighted.add(truth, prediction, instances)
    assert weighted.instances.tolist() == [[1, 4, 3]]
    assert weighted.iou(matrix)[1] == pytest.approx(0.75)


def test_the_document_has_the_shape_of_the_contract():
    document = json.loads(json.dumps(evaluated(S3, S1).to_json(), allow_nan=False))
    assert document["task"] == "semantic"
    assert document["images"] == 2
    assert document["policy"]["averaging"] == "accumulate"
    assert {
        "miou",
        "pixel_accuracy",
        "mean_pixel_accuracy",
        "frequency_weighted_iou",
        "mean_dice",
    } <= document["metrics"].keys()
    assert [(row["id"], row["name"]) for row in document["classes"]] == [(7, "road"), (8, "car"), (9, "sky")]
    assert {"iou", "dice", "accuracy", "precision", "recall"} <= document["classes"][0].keys()
    first, second = document["per_image"]
    assert first["name"] == "image 0"
    assert first["miou"] == pytest.approx(0.46875)
    assert first["worst_class"] == "sky"
    assert second["miou"] == pytest.approx(0.72778, abs=5e-6)
    assert second["pixel_accuracy"] == pytest.approx(11 / 13)


def test_undefined_numbers_are_null():
    void = np.full((2, 2), 255, np.uint8)
    document = json.loads(json.dumps(evaluated((void, void)).to_json(), allow_nan=False))
    assert document["metrics"]["miou"] is None
    assert document["classes"][0]["iou"] is None
    assert document["per_image"][0] == {
        "name": "image 0",
        "miou": None,
        "pixel_accuracy": None,
        "mean_pixel_accuracy": None,
        "mean_dice": None,
        "worst_class": None,
    }


def test_no_images_at_all():
    document = evaluated().to_json()
    assert document["images"] == 0
    assert document["per_image"] == []
    assert document["metrics"]["miou"] is None


def test_the_image_with_the_wrong_size_is_named():
    with pytest.raises(UserError, match=r"image 1: .*\(4, 4\).*\(2, 4\)"):
        evaluated(S1, (S1[0], S1[1][:2]))


def test_a_class_set_of_void_only_is_refused():
    void_only = ClassSet("void", (LabelClass(0, "void", (0, 0, 0), is_ignored=True),))
    with pytest.raises(UserError, match="no class that counts"):
        evaluated(S1, classes=void_only)


@given(st.permutations(range(4)))
def test_the_order_of_images_does_not_matter(order):
    pairs = [S1, S2, S3, S4]
    shuffled = evaluated(*(pairs[index] for index in order)).metrics()
    assert shuffled == pytest.approx(evaluated(*pairs).metrics(), abs=1e-12)


def test_workers_may_count_and_one_thread_add():
    evaluation = SemanticEvaluation(THREE)
    for name, pair in {"a": S1, "b": S2}.items():
        matrix = evaluation.empty_matrix()
        matrix.add(*pair)
        evaluation.add_matrix(name, matrix)
    assert evaluation.result().metrics() == evaluated(S1, S2).metrics()
