"""What we write as datumaro reads it: the same images, the same objects per class, the same pixels."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from segstudio import formats
from segstudio.core.geometry import Rect
from segstudio.ops.shapes import mask_of

pytestmark = pytest.mark.filterwarnings("ignore")


def theirs(path, name):
    datumaro = pytest.importorskip("datumaro")
    dataset = datumaro.Dataset.import_from(str(path), name)
    labels = dataset.categories()[datumaro.AnnotationType.label]
    return dataset, lambda annotation: labels[annotation.label].name


def test_coco_instances(shared_data, tmp_path):
    source = formats.read(shared_data / "coco-instances-ccby")
    formats.write(source, tmp_path / "out", "coco-instances", segmentation="rle", images="copy")
    dataset, name_of = theirs(tmp_path / "out" / "annotations" / "instances.json", "coco_instances")
    found = {item.id: item for item in dataset}
    assert len(found) == len(source)
    for item in source:
        annotation = item.read_annotation()
        whole = Rect.of_size(*annotation.size_hw)
        ours = Counter(
            (source.class_set.by_id[o.class_id].name, mask_of(o.shape, whole, annotation.size_hw).tobytes())
            for o in annotation.objects
        )
        masks = [a for a in found[item.key].annotations if a.type.name == "mask"]
        assert Counter((name_of(a), (a.image > 0).tobytes()) for a in masks) == ours


def test_cvat(shared_data, tmp_path):
    source = formats.read(shared_data / "coco-instances-ccby")
    formats.write(source, tmp_path / "out", "cvat", images="copy")
    dataset, name_of = theirs(tmp_path / "out", "cvat")
    for item in dataset:
        objects = source.by_key[item.id].read_annotation().objects
        names = {source.class_set.by_id[o.class_id].name for o in objects}
        assert {name_of(a) for a in item.annotations} == names
        assert len({a.group or -1 - n for n, a in enumerate(item.annotations)}) == len(objects)


def test_voc(shared_data, tmp_path):
    formats.write(formats.read(shared_data / "coco-panoptic-ccby"), tmp_path / "out", "voc", images="copy")
    ours = formats.read(tmp_path / "out")
    dataset, name_of = theirs(tmp_path / "out", "voc_segmentation")
    checked = 0
    for item in dataset:
        key = next(key for key in ours.by_key if key.rsplit("/", 1)[-1] in item.id.rsplit("/", 1)[-1])
        annotation = ours.by_key[key].read_annotation()
        counts = np.bincount(annotation.labels_hw.reshape(-1), minlength=65536)
        whole, of_instances = Counter(), Counter()
        for segment in annotation.segments:
            label = ours.class_set.by_id[segment.class_id].name.replace(" ", "")
            whole[label] += int(counts[segment.id])
            of_instances[label] += int(counts[segment.id]) * bool(segment.instance)
        seen = Counter()
        for mask in item.annotations:
            seen[name_of(mask).replace(" ", "")] += int((mask.image > 0).sum())
        for label, count in seen.items():
            # Of a class with instances it takes only what belongs to one.
            assert count in (whole[label], of_instances[label]), (key, label)
        checked += bool(seen)
    assert checked > 25  # it gives no masks of stuff alone
