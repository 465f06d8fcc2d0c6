"""Every row of what is read and written, by one small sample each: found by its content, read, written, read again."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from segstudio import formats
from segstudio.core.geometry import Rect
from segstudio.ops.shapes import mask_of
from tests.formats.samples import ALL, place

READ = [
    *("coco-instances", "coco-panoptic", "coco-results", "cityscapes", "voc", "pascal-context", "pascal-part"),
    *("ade20k", "camvid", "kitti", "gta5", "synthia", "stanford-background", "mapillary", "bdd100k", "class-id-png"),
    *("labelme", "cvat", "yolo-seg", "isat", "label-studio", "supervisely", "via", "images"),
]
WRITTEN = [
    *("coco-instances", "coco-panoptic", "cityscapes", "voc", "ade20k", "class-id-png"),
    *("labelme", "cvat", "yolo-seg"),
]
REAL = {"coco-panoptic": "coco-panoptic-ccby"}
OBJECTS = {"coco-instances", "labelme", "cvat", "yolo-seg"}
"""What holds things; the others hold pixels."""


def test_every_format_has_a_row():
    assert set(READ) <= set(formats.names())
    assert set(READ) <= set(ALL)


@pytest.mark.parametrize("name", READ)
def test_read_and_left_as_it_was(name, shared_data, tmp_path):
    # The tiny sample of this format has a mask of another size than its picture, which is told.
    root = shared_data / REAL[name] if name in REAL else place(name, shared_data, tmp_path / "data")
    before = _digests(root)
    found = [candidate.name for candidate in formats.detect(root)]
    assert name in found
    dataset = formats.read(root, name)
    assert dataset.format == name
    assert len(dataset) > 0
    annotations = [item.read_annotation() for item in dataset if item.read_annotation is not None]
    if name != "images":
        known = dataset.class_set.by_id
        classes = {o.class_id for a in annotations for o in a.objects}
        classes |= {s.class_id for a in annotations for s in a.segments}
        assert classes <= set(known)
        assert any(a.objects or (a.labels_hw is not None and a.labels_hw.any()) for a in annotations)
    assert _digests(root) == before


@pytest.mark.parametrize("name", WRITTEN)
def test_written_and_read_again(name, tmp_path, shared_data):
    source = "labelme" if name in OBJECTS else "voc"
    dataset = formats.read(place(source, shared_data, tmp_path / "data"), source)
    report = formats.write(dataset, tmp_path / "out", name, options={"images": "copy"})
    again = formats.read(tmp_path / "out", name)
    assert len(again) == report.written > 0
    names = _covered(again)
    assert names
    for label, pixels in _covered(dataset).items():
        if label in names and name != "yolo-seg":
            assert abs(names[label] - pixels) <= 0.02 * pixels + 40


def _covered(dataset):
    """How many pixels each class has in all, by its name."""
    counts: dict[str, int] = {}
    for item in dataset:
        annotation = item.read_annotation()
        if annotation.labels_hw is not None:
            ids, pixels = np.unique(annotation.labels_hw, return_counts=True)
            class_of = {segment.id: segment.class_id for segment in annotation.segments}
            found = [(class_of[i], n) for i, n in zip(ids.tolist(), pixels.tolist(), strict=True) if i in class_of]
        else:
            whole = Rect.of_size(*annotation.size_hw)
            found = [(o.class_id, int(mask_of(o.shape, whole, annotation.size_hw).sum())) for o in annotation.objects]
        for class_id, number in found:
            name = dataset.class_set.by_id[class_id].name
            counts[name] = counts.get(name, 0) + number
    return counts


def _digests(root):
    files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
    return {str(path): hashlib.sha1(path.read_bytes()).hexdigest() for path in files}
