"""A small street of class-id PNGs and a small COCO data set to work on."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from segstudio import formats
from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.layer import Annotation
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.core.segments import SegmentTable

CLASSES = ClassSet.of_names(["road", "car", "sky"], name="street", first_id=1)


def street(number):
    """The annotation of image `number`: sky over road, and a car that is also an object."""
    labels_hw = np.zeros((40, 60), np.uint16)
    labels_hw[:20], labels_hw[20:] = 3, 1
    left = 5 + 7 * number
    labels_hw[22:32, left : left + 15] = 2
    car = PolygonShape.of(np.array([[left, 22], [left + 15, 22], [left + 15, 32], [left, 32]], float))
    segments = tuple(SegmentTable.for_classes(CLASSES))
    return Annotation(labels_hw.shape, labels_hw, segments), Annotation(
        labels_hw.shape, objects=(SegObject(1, 2, car, score=0.9),)
    )


def dataset(folder, *, objects=False, count=4):
    """Images on disk with their annotations in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for number in range(count):
        path = folder / f"im{number}.png"
        noise = np.random.default_rng(number).integers(0, 256, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        annotation = street(number)[1 if objects else 0]
        items.append(ImageItem(f"im{number}", path, (40, 60), read_annotation=lambda a=annotation: a))
    return Dataset("street", folder, "class-id-png", CLASSES, items)


@pytest.fixture
def id_folder(tmp_path):
    """Class-id PNGs with their class set beside them, and their pictures."""
    formats.write(dataset(tmp_path / "pictures"), tmp_path / "ids", "class-id-png", options={"images": "copy"})
    return tmp_path / "ids"


@pytest.fixture
def coco_file(tmp_path):
    """COCO instances with one car in each of four images."""
    formats.write(dataset(tmp_path / "pictures", objects=True), tmp_path / "coco", "coco-instances")
    return tmp_path / "coco"
