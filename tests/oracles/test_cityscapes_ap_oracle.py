"""Cityscapes AP against the instance-level script on random small images."""

from __future__ import annotations

import copy
import gc

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from segstudio.metrics.cityscapes_ap import CityscapesImage, cityscapes_average_precision
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance

CASES = 1000
CLASSES = {"person": 24, "car": 26}
ROAD, VOID = 7, 4


@pytest.fixture
def script(monkeypatch):
    """The evaluation script; numpy removed the alias that it calls."""
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)
    module = pytest.importorskip("cityscapesscripts.evaluation.evalInstanceLevelSemanticLabeling")
    args = copy.copy(module.args)
    args.quiet = True
    module.setInstanceLabels(args)
    args.instLabels = list(CLASSES)
    monkeypatch.setattr(module, "args", args)
    return module


def random_box(rng, side):
    top, left = rng.integers(0, side - 6, 2)
    rows, columns = rng.integers(5, 22, 2)
    return np.s_[top : top + rows, left : left + columns]


def random_image(rng, folder, number):
    """An instance id map with void and groups, and detections near its instances."""
    side = 48
    ids = np.full((side, side), ROAD, np.uint16)
    boxes = []
    for serial in range(rng.integers(0, 5)):
        box, label = random_box(rng, side), int(rng.choice(list(CLASSES.values())))
        ids[box] = label if rng.random() < 0.25 else label * 1000 + serial
        boxes.append((box, label))
    if rng.random() < 0.6:
        ids[random_box(rng, side)] = VOID
    found = []
    for box, label in boxes:
        for _ in range(rng.integers(0, 3)):
            mask = np.zeros((side, side), np.uint8)
            mask[box] = 1
            mask = np.roll(mask, rng.choice([0, 0, 1, 2, -3], 2), (0, 1))
            found.append((label, float(rng.choice([0.2, 0.5, 0.5, 0.9])), mask))
    if rng.random() < 0.4:
        mask = np.zeros((side, side), np.uint8)
        mask[random_box(rng, side)] = 1
        found.append((26, 0.5, mask))

    info = []
    for index, (label, score, mask) in enumerate(found):
        name = f"{number}_{index}.png"
        cv2.imwrite(str(folder / name), mask * 255)
        info.append(f"{name} {label} {score}")
    (folder / f"{number}.txt").write_text("\n".join(info))
    cv2.imwrite(str(folder / f"{number}_gtFine_instanceIds.png"), ids)
    return ids, found


def ours(images):
    records = []
    for ids, found in images:
        truth = []
        for value in np.unique(ids).tolist():
            label = value // 1000 if value >= 1000 else value
            if label in CLASSES.values():
                truth.append(TruthInstance(label, encoded(ids == value), is_crowd=value < 1000))
        detections = [DetectedInstance(label, score, encoded(mask)) for label, score, mask in found]
        records.append(CityscapesImage(InstanceImage("x", truth, detections), encoded(ids == VOID)))
    return cityscapes_average_precision(records, class_ids=list(CLASSES.values())).values


def encoded(mask):
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))


def theirs(script, folder, count):
    truth_files = [str(folder / f"{number}_gtFine_instanceIds.png") for number in range(count)]
    predictions = [str(folder / f"{number}.txt") for number in range(count)]
    script.args.predictionPath = str(folder)
    instances = script.instances2dict(truth_files, False)
    matches = script.matchGtWithPreds(predictions, truth_files, instances, script.args)
    return script.evaluateMatches(matches, script.args)[0]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_script_agrees(script, tmp_path):
    rng = np.random.default_rng(89)
    compared = 0
    for case in range(CASES):
        folder = tmp_path / str(case)
        folder.mkdir()
        images = [random_image(rng, folder, number) for number in range(rng.integers(1, 4))]
        measured = ours(images)
        try:
            reference = theirs(script, folder, len(images))
        except IndexError:
            # The known failure: a class whose only detections are excused.
            assert (measured == 0).any()
            continue
        np.testing.assert_allclose(measured, reference, rtol=0, atol=1e-12)
        compared += 1
    assert compared > 0.8 * CASES
    gc.collect()  # the script leaves its images open; let them go while the warning is expected
