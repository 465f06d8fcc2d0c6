"""The first images of a large data set: those that reading all of it gives, under the same keys, in the same order."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from segstudio import formats
from segstudio.formats import coco_stream
from segstudio.formats import images as pictures

SIZE_HW = (6, 8)


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures with numbers that people count."""
    for number in range(12):
        cv2.imwrite(str(tmp_path / f"shot {number}.png"), np.full((*SIZE_HW, 3), number, np.uint8))
    return tmp_path


def coco_file(folder, *, last):
    """A file in which the lists are named where neither its first nor its last bytes show it."""
    images = [
        {"file_name": f"shot {n}.png", "id": n, "height": SIZE_HW[0], "width": SIZE_HW[1], "pad": "x" * 200}
        for n in range(12)
    ]
    outline = [[1, 1, 5, 1, 5, 4]]
    annotations = [
        {"id": n, "image_id": n % 12, "category_id": 7, "segmentation": outline, "pad": "y" * 200} for n in range(30)
    ]
    document = {"info": {}, "images": images, "annotations": annotations, "categories": [{"id": 7, "name": "car"}]}
    if last == "images":
        document = {key: document[key] for key in ("categories", "annotations", "images")}
    path = folder / "instances_train.json"
    path.write_text(json.dumps(document))
    return path


def same_beginning(first, whole):
    count = len(first)
    told = [(item.key, item.path, item.size_hw, item.split) for item in first.images]
    assert told == [(item.key, item.path, item.size_hw, item.split) for item in whole.images[:count]]
    assert first.class_set == whole.class_set
    assert (first.name, first.root, first.format) == (whole.name, whole.root, whole.format)


def test_folder_of_pictures(folder, monkeypatch):
    assert formats.first_images(folder, "images", count=5) is None, "reading a dozen is quick"
    monkeypatch.setattr(pictures, "MANY", 10)
    first = formats.first_images(folder, "images", count=5)
    assert [item.key for item in first.images] == [f"shot {n}" for n in range(5)]
    same_beginning(first, formats.read(folder, "images"))


@pytest.mark.parametrize("last", ["categories", "images"])
def test_coco_is_known_by_its_rows_where_its_lists_are_named_in_between(folder, monkeypatch, last):
    path = coco_file(folder, last=last)
    monkeypatch.setattr(formats.files.Probe, "ends_of", lambda self, file, size=0: _ends(file, 1200))
    assert formats.format_of(path) == "coco-instances"
    assert formats.format_of(folder) == "coco-instances"
    assert sum(len(item.read_annotation().objects) for item in formats.read(folder).images) == 30


def _ends(path, size):
    content = path.read_bytes()
    return content[:size] + content[-size:]


def test_first_images_of_a_large_coco_file(folder, monkeypatch):
    path = coco_file(folder, last="categories")
    assert formats.first_images(path, "coco-instances", count=3) is None, "a small file is read at once"
    monkeypatch.setattr(coco_stream, "LARGE", 0)
    monkeypatch.setattr(coco_stream, "_ENDS", 1500)
    first = formats.first_images(path, "coco-instances", count=3)
    assert len(first) == 3
    same_beginning(first, formats.read(path, "coco-instances"))


def test_nothing_is_guessed_where_the_images_come_last(folder, monkeypatch):
    path = coco_file(folder, last="images")
    monkeypatch.setattr(coco_stream, "LARGE", 0)
    monkeypatch.setattr(coco_stream, "_ENDS", 1500)
    assert formats.first_images(path, "coco-instances", count=3) is None
