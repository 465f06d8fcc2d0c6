"""Semantic metrics against the evaluators of the field on random small label maps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.metrics import ConfusionMatrix, evaluate_semantic
from segstudio.metrics.instance_weighted import CITYSCAPES_MEAN_SIZES
from segstudio.metrics.policy import TORCHMETRICS
from segstudio.metrics.semantic import SemanticPair

CASES = 1000


def patchwork(rng, values, *, height, width):
    """A label map of rectangles, so that classes form regions and some are absent."""
    raster = np.full((height, width), rng.choice(values))
    for _ in range(rng.integers(0, 6)):
        top, left = rng.integers(0, height), rng.integers(0, width)
        raster[top : top + rng.integers(1, height + 1), left : left + rng.integers(1, width + 1)] = rng.choice(values)
    return raster


def disturbed(rng, raster, values):
    """The map with some pixels and one rectangle replaced."""
    out = np.where(rng.random(raster.shape) < rng.choice([0.0, 0.1, 0.5]), rng.choice(values, raster.shape), raster)
    top, left = rng.integers(0, raster.shape[0]), rng.integers(0, raster.shape[1])
    out[top : top + 4, left : left + 4] = rng.choice(values)
    return out


@pytest.fixture
def cityscapes(monkeypatch):
    """The Cityscapes evaluation script; numpy removed the alias that it calls."""
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)
    return pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")


def cityscapes_classes(script):
    return ClassSet(
        "cityscapes",
        tuple(
            LabelClass(
                label.id,
                label.name,
                label.color,
                train_id=255 if label.trainId < 0 else label.trainId,
                is_thing=label.hasInstances,
                is_ignored=label.ignoreInEval,
                category=label.category,
            )
            for label in script.labels
        ),
    )


def test_cityscapes_script_agrees(cityscapes, tmp_path):
    rng = np.random.default_rng(2016)
    classes = cityscapes_classes(cityscapes)
    lookup = np.full(256, 255, np.uint8)
    for class_id, index in classes.index_of.items():
        lookup[class_id] = index
    sizes = {classes.index_of[classes.by_name[name].id]: size for name, size in CITYSCAPES_MEAN_SIZES.items()
             if classes.by_name[name].id in classes.index_of}  # fmt: skip
    truth_file, prediction_file = tmp_path / "x_gtFine_labelIds.png", tmp_path / "x_pred.png"

    for _ in range(CASES):
        # Few classes per dataset, among them ignored ones, so that absent classes are frequent.
        values = rng.choice(34, rng.integers(2, 9), replace=False)
        confusion = cityscapes.generateMatrix(cityscapes.args)
        statistics = cityscapes.generateInstanceStats(cityscapes.args)
        pairs = []
        for number in range(rng.integers(1, 4)):
            height, width = rng.integers(2, 13, 2)
            truth = patchwork(rng, values, height=height, width=width).astype(np.uint8)
            prediction = disturbed(rng, truth, values).astype(np.uint8)
            has_instances = np.isin(truth, [label.id for label in cityscapes.labels if label.hasInstances])
            serial = rng.integers(0, 3, truth.shape)
            single = has_instances & (rng.random() < 0.8)
            instances = np.where(single, truth.astype(np.uint16) * 1000 + serial, truth).astype(np.uint16)
            cv2.imwrite(str(truth_file), truth)
            cv2.imwrite(str(prediction_file), prediction)
            cv2.imwrite(str(truth_file).replace("labelIds", "instanceIds"), instances)
            cityscapes.evaluatePair(str(prediction_file), str(truth_file), confusion, statistics, {}, cityscapes.args)
            # The script takes ids up to 1000 for stuff and groups.
            own_instances = np.where(instances > 1000, instances, 0)
            pairs.append(SemanticPair(str(number), lookup[truth], lookup[prediction], own_instances))
        result = evaluate_semantic(pairs, classes=classes, mean_sizes=sizes)

        evaluated = [item.id for item in classes.evaluated]
        expected = [cityscapes.getIouScoreForLabel(label, confusion, cityscapes.args) for label in evaluated]
        np.testing.assert_allclose(result.iou(), expected, rtol=0, atol=1e-12)
        for category, iou in result.category_iou().items():
            reference = cityscapes.getIouScoreForCategory(category, confusion, cityscapes.args)
            assert iou == pytest.approx(reference, abs=1e-12, nan_ok=True)
        weighted = [
            cityscapes.getInstanceIouScoreForLabel(label, confusion, statistics, cityscapes.args) for label in evaluated
        ]
        np.testing.assert_allclose(result.instance_weighted_iou, weighted, rtol=0, atol=1e-12)


def test_torchmetrics_agrees():
    torch = pytest.importorskip("torch")
    classification = pytest.importorskip("torchmetrics.functional.classification")
    rng = np.random.default_rng(2558)
    for case in range(CASES):
        num_classes = int(rng.integers(2, 6))
        truth = patchwork(rng, [*range(num_classes), 255], height=7, width=9)
        prediction = disturbed(rng, np.where(truth == 255, 0, truth), range(num_classes))
        matrix = ConfusionMatrix(num_classes)
        matrix.add(truth, prediction)
        truth_t, prediction_t = torch.from_numpy(truth), torch.from_numpy(prediction)
        reference = classification.multiclass_confusion_matrix(
            prediction_t, truth_t, num_classes, ignore_index=255, validate_args=False
        )
        assert np.array_equal(matrix.counts, reference.numpy())
        if matrix.valid_pixels == 0 or case % 10:
            continue
        jaccard = classification.multiclass_jaccard_index(
            prediction_t, truth_t, num_classes, average="none", ignore_index=255
        )
        np.testing.assert_allclose(np.nan_to_num(matrix.iou()), jaccard.numpy(), rtol=1e-6)
        accuracy = classification.multiclass_accuracy(
            prediction_t, truth_t, num_classes, average="micro", ignore_index=255
        )
        assert matrix.pixel_accuracy() == pytest.approx(float(accuracy), rel=1e-6)
        dice = classification.multiclass_f1_score(prediction_t, truth_t, num_classes, average="none", ignore_index=255)
        np.testing.assert_allclose(np.nan_to_num(matrix.dice()), dice.numpy(), rtol=1e-6)


def test_torchmetrics_segmentation_mean_iou_is_the_pair_mean():
    torch = pytest.importorskip("torch")
    segmentation = pytest.importorskip("torchmetrics.segmentation")
    rng = np.random.default_rng(2698)
    classes = ClassSet.of_names(["a", "b", "c", "d"])
    for _ in range(CASES):
        pairs = []
        # It sees one image at a time because it has no void: the images keep only what is valid.
        metric = segmentation.MeanIoU(num_classes=4, input_format="index", per_class=False)
        for number in range(rng.integers(1, 4)):
            truth = patchwork(rng, range(4), height=6, width=6)
            prediction = disturbed(rng, truth, range(4))
            pairs.append(SemanticPair(str(number), truth, prediction))
            metric.update(torch.from_numpy(prediction)[None], torch.from_numpy(truth)[None])
        result = evaluate_semantic(pairs, classes=classes, policy=TORCHMETRICS)
        assert result.mean_iou() == pytest.approx(float(metric.compute()), abs=1e-6)
