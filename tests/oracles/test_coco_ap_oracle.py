"""Average precision against pycocotools on random small datasets: crowds, ties, size ranges, absent classes."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from segstudio.metrics import average_precision
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance
from tests.metrics.fixtures import rle_box

CLASSES = 3
SIDE = 130


def random_box(rng, near=None):
    mask = np.zeros((SIDE, SIDE), np.uint8, order="F")
    if near is None:
        box = (*rng.integers(0, 90, 2), *rng.choice([8, 16, 32, 40, 96, 110], 2))
    else:
        box = np.maximum(np.array(near) + rng.choice([0, 0, 0, 2, 8, -2, 20], 4), [0, 0, 1, 1])
    top, left, rows, columns = box
    mask[top : top + rows, left : left + columns] = 1
    if mask.any() and rng.random() < 0.2:
        mask[rng.random(mask.shape) < 0.1] = 0
    return coco_mask.encode(mask), box


def random_dataset(rng):
    images = []
    for number in range(rng.integers(1, 4)):
        truths, detections = [], []
        for _ in range(rng.integers(0, 5)):
            class_id = int(rng.integers(1, CLASSES + 1))
            rle, box = random_box(rng)
            area = None if rng.random() < 0.7 else float(rng.choice([1023, 1024, 1025, 9216, 20000]))
            truths.append(TruthInstance(class_id, rle, bool(rng.random() < 0.2), area))
            for _ in range(rng.integers(0, 4)):
                near = class_id if rng.random() < 0.8 else int(rng.integers(1, CLASSES + 2))
                score = float(rng.choice([0.1, 0.5, 0.5, 0.7, 0.9]))
                detections.append(DetectedInstance(near, score, random_box(rng, box)[0]))
        if rng.random() < 0.3:
            detections.append(DetectedInstance(1, 0.5, random_box(rng)[0]))
        images.append(InstanceImage(str(number), truths, detections))
    return images


def pycocotools_evaluation(images, max_dets):
    annotations, results = [], []
    for number, image in enumerate(images, 1):
        for item in image.truth:
            area = float(coco_mask.area(item.rle)) if item.area is None else item.area
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": item.class_id,
                    "iscrowd": int(item.is_crowd),
                    "ignore": 1,
                    "area": area,
                    "bbox": [0, 0, 1, 1],
                    "segmentation": item.rle,
                }
            )
        for item in image.detections:
            results.append(
                {
                    "image_id": number,
                    "category_id": item.class_id,
                    "score": item.score,
                    "segmentation": dict(item.rle),
                }
            )
    if not results:
        return None
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": number, "height": SIDE, "width": SIDE} for number in range(1, len(images) + 1)],
            "annotations": annotations,
            "categories": [{"id": class_id} for class_id in range(1, CLASSES + 1)],
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "segm")
        evaluation.params.maxDets = list(max_dets)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def test_pycocotools_agrees_to_the_last_digit():
    rng = np.random.default_rng(2014)
    compared = 0
    while compared < 1000:
        images = random_dataset(rng)
        reference = pycocotools_evaluation(images, (1, 10, 100))
        if reference is None:
            continue
        compared += 1
        measured = average_precision(images, class_ids=range(1, CLASSES + 1))
        undefined = -1.0
        precision = np.nan_to_num(measured.precision, nan=undefined)
        recall = np.nan_to_num(measured.recall, nan=undefined)
        np.testing.assert_allclose(precision, reference.eval["precision"][..., 2], rtol=0, atol=1e-12)
        np.testing.assert_allclose(recall, reference.eval["recall"], rtol=0, atol=1e-12)
        summary = np.nan_to_num(list(measured.metrics().values()), nan=undefined)
        assert summary == pytest.approx(reference.stats, abs=1e-12)


def test_annotation_id_zero_would_lose_a_match():
    """Our records have no ids, so nothing can be mistaken for "unmatched"; pycocotools' .16832 stays its own."""

    def box(top, left, rows, columns):
        return rle_box(SIDE, SIDE, top=top, left=left, rows=rows, columns=columns)

    objects = [TruthInstance(1, box(0, 0, 4, 4)), TruthInstance(1, box(8, 8, 4, 4))]
    found = [
        DetectedInstance(1, 0.9, box(0, 0, 3, 4)),
        DetectedInstance(1, 0.8, box(0, 12, 4, 4)),
        DetectedInstance(1, 0.7, box(8, 8, 4, 4)),
    ]
    images = [InstanceImage("i1", objects, found)]
    from_one = pycocotools_evaluation(images, (1, 10, 100))
    assert (
        average_precision(images).ap()
        == pytest.approx(from_one.stats[0], abs=1e-12)
        == pytest.approx(0.56832, abs=5e-6)
    )


def test_an_ignore_key_does_not_excuse():
    """pycocotools overwrites `ignore` by `iscrowd`; our records only know crowds, so both count the missed object."""
    boxes = [rle_box(SIDE, SIDE, top=0, left=left, rows=4, columns=4) for left in (0, 9)]
    objects = [TruthInstance(1, rle) for rle in boxes]
    images = [InstanceImage("x", objects, [DetectedInstance(1, 0.9, objects[0].rle)])]
    assert average_precision(images).ap(iou=0.5) == pytest.approx(0.50495, abs=5e-6)
    assert pycocotools_evaluation(images, (1, 10, 100)).stats[1] == pytest.approx(51 / 101)
