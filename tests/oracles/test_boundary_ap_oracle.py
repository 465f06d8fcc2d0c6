"""Boundary AP and mask AP against faster-coco-eval on random small datasets."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from segstudio.metrics import average_precision
from segstudio.metrics.instances import DetectedInstance, InstanceImage, TruthInstance

HEIGHT, WIDTH = 60, 80
CASES = 1000


def random_box(rng, near=None):
    if near is None:
        box = (*rng.integers(0, 45, 2), *rng.integers(6, 30, 2))
    else:
        box = np.maximum(np.array(near) + rng.integers(-2, 3, 4) * (rng.random(4) < 0.5), [0, 0, 1, 1])
    top, left, rows, columns = box
    mask = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    mask[top : top + rows, left : left + columns] = 1
    return coco_mask.encode(mask), box


def random_dataset(rng):
    images = []
    for number in range(rng.integers(1, 3)):
        truths, detections = [], []
        for _ in range(rng.integers(1, 4)):
            rle, box = random_box(rng)
            truths.append(TruthInstance(int(rng.integers(1, 3)), rle, bool(rng.random() < 0.15)))
            for _ in range(rng.integers(0, 4)):
                class_id = truths[-1].class_id if rng.random() < 0.8 else 1
                detections.append(DetectedInstance(class_id, float(rng.random()), random_box(rng, box)[0]))
        images.append(InstanceImage(str(number), truths, detections))
    return images


def faster_coco_eval_precision(images, iou_type):
    package = pytest.importorskip("faster_coco_eval")
    annotations, results = [], []
    for number, image in enumerate(images, 1):
        for item in image.truth:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": item.class_id,
                    "iscrowd": int(item.is_crowd),
                    "area": float(coco_mask.area(item.rle)),
                    "bbox": [0, 0, 1, 1],
                    "segmentation": {"size": item.rle["size"], "counts": item.rle["counts"].decode()},
                }
            )
        for item in image.detections:
            rle = {"size": item.rle["size"], "counts": item.rle["counts"].decode()}
            results.append({"image_id": number, "category_id": item.class_id, "score": item.score, "segmentation": rle})
    if not results:
        return None
    sizes = [{"id": number, "height": HEIGHT, "width": WIDTH} for number in range(1, len(images) + 1)]
    categories = [{"id": class_id, "name": str(class_id)} for class_id in (1, 2)]
    truth = package.COCO({"info": {}, "images": sizes, "annotations": annotations, "categories": categories})
    evaluation = package.COCOeval_faster(
        truth, truth.loadRes(results), iou_type, print_function=lambda *_: None, boundary_dilation_ratio=0.02
    )
    evaluation.evaluate()
    evaluation.accumulate()
    return np.asarray(evaluation.eval["precision"])[..., 2]


@pytest.mark.parametrize(("iou_type", "overlap"), [("boundary", "boundary"), ("segm", "mask")])
def test_faster_coco_eval_agrees(iou_type, overlap):
    rng = np.random.default_rng(31)
    compared = 0
    for _ in range(CASES):
        images = random_dataset(rng)
        reference = faster_coco_eval_precision(images, iou_type)
        if reference is None:
            continue
        compared += 1
        measured = average_precision(images, class_ids=[1, 2], overlap=overlap).precision
        np.testing.assert_allclose(
            np.nan_to_num(measured, nan=-1), reference.reshape(measured.shape), rtol=0, atol=1e-12
        )
    assert compared > 0.8 * CASES
