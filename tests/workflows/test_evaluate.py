"""Evaluation agrees with the field's reference on unseen label maps, and one bad file does not stop the others."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.workflows.evaluate import evaluate


def blobs(random, size_hw, values, step=16):
    """A label map of random blocks and single pixels."""
    height, width = size_hw
    coarse = random.choice(values, (height // step + 1, width // step + 1))
    labels_hw = np.kron(coarse, np.ones((step, step), np.int64))[:height, :width]
    speckled = random.random(size_hw) < 0.05
    labels_hw[speckled] = random.choice(values, int(speckled.sum()))
    return labels_hw.astype(np.uint8)


def save(path, labels_hw):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(labels_hw).save(path)
    return path


@pytest.fixture(autouse=True)
def _alias_that_numpy_removed(monkeypatch):
    """The Cityscapes script calls it."""
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)


def cityscapes_folders(root, *, seed, count=4, prediction_name="{}_pred.png", train_ids=False):
    """Random Cityscapes label maps; the prediction repeats most of the truth."""
    random = np.random.default_rng(seed)
    truths, predictions = [], []
    for number in range(count):
        name = f"frankfurt_000000_{number:06}"
        truth = blobs(random, (96, 128), np.arange(34))
        prediction = np.where(random.random(truth.shape) < 0.6, truth, blobs(random, truth.shape, np.arange(34)))
        truths.append(save(root / "truth" / f"{name}_gtFine_labelIds.png", truth))
        predictions.append(save(root / "prediction" / prediction_name.format(name), prediction.astype(np.uint8)))
    return truths, predictions


def reference(truths, predictions):
    """What cityscapesScripts measures."""
    evaluator = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    args = evaluator.CArgs() if hasattr(evaluator, "CArgs") else evaluator.args
    args.evalInstLevelScore = False
    args.evalPixelAccuracy = True
    args.JSONOutput = False
    args.quiet = True
    return evaluator.evaluateImgLists([str(p) for p in predictions], [str(p) for p in truths], args)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("classes", [None, "cityscapes"])
def test_agrees_with_cityscapes_scripts(tmp_path, seed, classes):
    truths, predictions = cityscapes_folders(tmp_path, seed=seed)
    expected = reference(truths, predictions)
    chosen = ClassSet.load(classes) if classes else None
    found = evaluate(tmp_path / "truth", tmp_path / "prediction", classes=chosen).document
    assert found["metrics"]["miou"] == pytest.approx(expected["averageScoreClasses"], abs=1e-9)
    ious = {row["name"]: row["iou"] for row in found["classes"]}
    assert ious.keys() == {name for name, iou in expected["classScores"].items() if not np.isnan(iou)}
    for name, iou in ious.items():
        assert iou == pytest.approx(expected["classScores"][name], abs=1e-9), name
    assert found["metrics"]["category_miou"] == pytest.approx(expected["averageScoreCategories"], abs=1e-9)
    assert found["images"] == len(truths)
    assert found["policy"]["class_set"] == "cityscapes"


def by_hand(truths, predictions, void=255):
    """IoU per id from its definition, over all pixels whose truth is not void."""
    pairs = [
        (np.array(Image.open(t)).ravel(), np.array(Image.open(p)).ravel())
        for t, p in zip(truths, predictions, strict=True)
    ]
    truth, prediction = (np.concatenate(side) for side in zip(*pairs, strict=True))
    truth, prediction = truth[truth != void], prediction[truth != void]
    ious = {}
    for value in np.union1d(truth, prediction):
        union = np.count_nonzero((truth == value) | (prediction == value))
        if value != void:
            ious[int(value)] = np.count_nonzero((truth == value) & (prediction == value)) / union
    return ious


def test_plain_ids_with_void(tmp_path):
    random = np.random.default_rng(3)
    values = np.array([0, 1, 2, 5, 60, 255])
    truths = [save(tmp_path / "t" / f"{i}.png", blobs(random, (60, 70), values)) for i in range(3)]
    predictions = [save(tmp_path / "p" / f"{i}.png", blobs(random, (60, 70), values)) for i in range(3)]
    expected = by_hand(truths, predictions)
    found = evaluate(tmp_path / "t", tmp_path / "p").document
    assert found["metrics"]["miou"] == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
    measured = {row["id"]: row["iou"] for row in found["classes"] if row["iou"] is not None}
    assert measured == pytest.approx(expected)
    assert found["policy"]["class_set"] == "plain-ids"


def test_train_ids_follow_the_truths_names(tmp_path):
    random = np.random.default_rng(4)
    values = np.array([*range(19), 255])
    truths, predictions = [], []
    for number in range(2):
        truth, prediction = (blobs(random, (64, 64), values) for _ in range(2))
        truths.append(save(tmp_path / "t" / f"a_{number}_gtFine_labelTrainIds.png", truth))
        predictions.append(save(tmp_path / "p" / f"a_{number}.png", prediction))
    expected = by_hand(truths, predictions)
    found = evaluate(tmp_path / "t", tmp_path / "p").document
    assert [row["name"] for row in found["classes"]][:2] == ["road", "sidewalk"]
    assert [row["iou"] for row in found["classes"]] == pytest.approx([expected[i] for i in range(19)])


@pytest.mark.parametrize(
    "name", ["{}_pred.png", "{}.png", "{}_leftImg8bit.png", "{}_leftImg8bit_prediction.png", "sub/{}_net-v2.png"]
)
def test_usual_names_are_paired(tmp_path, name):
    cityscapes_folders(tmp_path, seed=5, count=3, prediction_name=name)
    evaluation = evaluate(tmp_path / "truth", tmp_path / "prediction")
    assert evaluation.document["images"] == 3
    assert evaluation.failed == ()


def test_unknown_ids_are_void_in_truth_and_missed_in_prediction(tmp_path):
    classes = ClassSet.of_names(["a", "b"])
    save(tmp_path / "t" / "x.png", np.array([[0, 0, 0, 77], [1, 1, 1, 1]], np.uint8))
    save(tmp_path / "p" / "x.png", np.array([[0, 0, 99, 1], [1, 1, 1, 0]], np.uint8))
    rows = evaluate(tmp_path / "t", tmp_path / "p", classes=classes).document["classes"]
    assert [row["iou"] for row in rows] == [pytest.approx(2 / 4), pytest.approx(3 / 4)]


def test_missing_wrong_size_and_damaged_are_told_and_the_rest_measured(tmp_path):
    truths, predictions = cityscapes_folders(tmp_path, seed=6, count=5)
    predictions[1].unlink()
    save(predictions[2], np.zeros((96, 127), np.uint8))
    predictions[3].write_bytes(predictions[3].read_bytes()[:200])
    evaluation = evaluate(tmp_path / "truth", tmp_path / "prediction")
    reasons = {one.name.rsplit("_", 1)[-1]: one.reason for one in evaluation.failed}
    assert "no prediction" in reasons["000001"]
    assert "127×96 pixels predicted, 128×96 pixels in the truth" in reasons["000002"]
    assert predictions[3].name in reasons["000003"]
    assert [row["name"].rsplit("_", 1)[-1] for row in evaluation.document["per_image"]] == ["000000", "000004"]
    expected = reference([truths[0], truths[4]], [predictions[0], predictions[4]])
    assert evaluation.document["metrics"]["miou"] == pytest.approx(expected["averageScoreClasses"], abs=1e-9)


def test_nothing_in_common_is_one_line(tmp_path):
    save(tmp_path / "t" / "a.png", np.zeros((8, 8), np.uint8))
    save(tmp_path / "p" / "b.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(UserError, match="holds no prediction for any of the 1 images"):
        evaluate(tmp_path / "t", tmp_path / "p")


def test_document_is_json_without_nan(tmp_path):
    save(tmp_path / "t" / "a.png", np.full((8, 8), 255, np.uint8))
    save(tmp_path / "p" / "a.png", np.zeros((8, 8), np.uint8))
    document = evaluate(tmp_path / "t", tmp_path / "p").document
    assert json.loads(json.dumps(document, allow_nan=False))["metrics"]["miou"] is None


def test_prediction_in_other_classes_is_mapped_by_name(tmp_path):
    truth = ClassSet.of_names(["road", "motorcycle", "sky"])
    prediction = ClassSet.of_names(["Sky", "unicorn", "motorbike", "road"], first_id=10)
    save(tmp_path / "t" / "x.png", np.array([[0, 0, 1, 1, 2, 2]], np.uint8))
    save(tmp_path / "p" / "x.png", np.array([[13, 13, 12, 11, 10, 10]], np.uint8))
    for folder, classes in (("t", truth), ("p", prediction)):
        (tmp_path / folder / "class_set.json").write_text(json.dumps(classes.to_json()))
    evaluation = evaluate(tmp_path / "t", tmp_path / "p")
    assert [row["iou"] for row in evaluation.document["classes"]] == [1.0, 0.5, 1.0]
    assert "unicorn" in evaluation.notes[0]


def test_agrees_with_the_print_out_of_cocoapi(shared_data):
    folder = shared_data / "metrics-reference" / "cocoapi"
    printed = (folder / "val2014_fake_eval_res.txt").read_text()
    section = printed.split("type=segm")[1].split("type=")[0]
    expected = [float(line.rsplit("=", 1)[1]) for line in section.splitlines() if "Average" in line]
    truth, found = folder / "instances_val2014_100.json", folder / "instances_val2014_fakesegm100_results.json"
    evaluation = evaluate(truth, found)
    assert evaluation.failed == ()
    assert [round(value, 3) for value in evaluation.document["metrics"].values()] == expected


def test_folder_with_everything_that_cityscapes_writes(tmp_path):
    truths, predictions = cityscapes_folders(tmp_path, seed=8, count=2)
    expected = reference(truths, predictions)
    for path in truths:
        labels_hw = np.array(Image.open(path))
        stem = path.name.removesuffix("_labelIds.png")
        save(path.with_name(f"{stem}_labelTrainIds.png"), np.full_like(labels_hw, 255))
        save(path.with_name(f"{stem}_color.png"), np.zeros((*labels_hw.shape, 4), np.uint8))
        Image.fromarray(labels_hw.astype(np.uint16) * 1000).save(path.with_name(f"{stem}_instanceIds.png"))
    found = evaluate(tmp_path / "truth", tmp_path / "prediction").document
    assert found["metrics"]["miou"] == pytest.approx(expected["averageScoreClasses"], abs=1e-9)


@pytest.mark.parametrize(("truth_values", "kind"), [((0, 1, 18, 255), "train ids"), ((7, 8, 23, 26), "class ids")])
def test_unnamed_pngs_of_train_ids_are_not_taken_for_class_ids(tmp_path, truth_values, kind):
    rng = np.random.default_rng(3)
    for side in ("truth", "prediction"):
        (tmp_path / side).mkdir()
    truth_hw = rng.choice(truth_values, (40, 60)).astype(np.uint8)
    prediction_hw = np.where(rng.random(truth_hw.shape) < 0.7, truth_hw, truth_values[0]).astype(np.uint8)
    save(tmp_path / "truth" / "a.png", truth_hw)
    save(tmp_path / "prediction" / "a.png", prediction_hw)
    report = evaluate(tmp_path / "truth", tmp_path / "prediction", classes=ClassSet.load("cityscapes"))
    scores = []
    for value in truth_values:
        if value == 255:
            continue
        scored = truth_hw != 255
        both = ((truth_hw == value) & (prediction_hw == value) & scored).sum()
        either = (((truth_hw == value) | (prediction_hw == value)) & scored).sum()
        scores.append(both / either)
    assert report.document["metrics"]["miou"] == pytest.approx(np.mean(scores), abs=1e-12)
    assert report.document["policy"]["truth_values"] == kind
