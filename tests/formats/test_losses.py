"""The loss report before writing says what a target cannot hold, per image and in total."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.layer import Annotation
from segstudio.core.objects import PolygonPart, PolygonShape, SegObject
from segstudio.ops import shapes


def square(x, y, side):
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], float)


@pytest.fixture
def dataset():
    """Two overlapping squares, one with a hole, one of two parts with a score and an attribute, and a crowd."""
    size_hw = (30, 40)
    holed = PolygonShape((PolygonPart(square(2, 2, 10), (square(5, 5, 3),)),))
    parts = PolygonShape.of(square(8, 8, 6), square(25, 5, 4))
    crowd = shapes.as_mask(PolygonShape.of(square(30, 20, 5)), size_hw)
    objects = (
        SegObject(1, 0, holed),
        SegObject(2, 1, parts, score=0.5, z=1, attributes={"colour": "red"}),
        SegObject(3, 1, crowd, is_crowd=True),
    )
    annotation = Annotation(size_hw, objects=objects)
    item = ImageItem("a", None, size_hw, read_annotation=lambda: annotation)
    return Dataset("d", Path(), "images", ClassSet.of_names(["a", "b"]), [item])


def kinds(dataset, name):
    return {loss.kind: (loss.count, loss.pixels) for loss in formats.losses(dataset, name)}


def test_rasters_lose_overlaps_by_the_pixel(dataset):
    found = kinds(dataset, "class-id-png")
    assert found["objects become pixels"] == (3, 0)
    assert found["overlaps"] == (1, 16)
    assert found["scores"] == (1, 0)
    assert found["attributes"] == (1, 0)


def test_polygon_formats_lose_holes_parts_and_crowds(dataset):
    found = kinds(dataset, "yolo-seg")
    assert found["parts become objects of their own"][0] == 1
    assert found["holes are filled"][0] == 1
    assert found["crowds"][0] == 1
    assert kinds(dataset, "coco-instances")["polygons with holes become run lengths"] == (1, 0)


def test_the_report_names_each_image_and_writing_reports_the_same(dataset, tmp_path):
    before = formats.losses(dataset, "class-id-png")
    assert before[0].per_image == {"a": (3, 0)}
    report = formats.write(dataset, tmp_path / "out", "class-id-png")
    assert [loss.to_json() for loss in report.losses] == [loss.to_json() for loss in before]
    row = {"kind": "overlaps", "count": 1, "pixels": 16}
    assert report.to_json()["losses"][1] == {**row, "per_image": [{"name": "a", "count": 1, "pixels": 16}]}


def test_rasters_tell_how_much_of_each_class_others_cover(dataset):
    loss = next(loss for loss in formats.losses(dataset, "voc") if loss.class_pixels)
    covered, whole = 16, 10 * 10 - 3 * 3
    assert (loss.count, loss.pixels) == (1, covered)
    assert loss.class_iou == {0: (whole - covered) / whole, 1: 1.0}
    assert loss.to_json()["mean_iou"] == loss.image_iou["a"] == (loss.class_iou[0] + 1) / 2


def test_polygon_formats_tell_how_much_filled_holes_change(dataset, tmp_path):
    for report in (
        formats.write(dataset, tmp_path / "a.json", "coco-instances", segmentation="polygons").losses,
        [loss for loss in formats.losses(dataset, "yolo-seg") if loss.class_pixels],
    ):
        loss = next(loss for loss in report if loss.class_pixels)
        assert loss.pixels == 9
        assert loss.class_iou == {0: 91 / 100, 1: 1.0}


def test_images_that_do_not_change_count_in_the_iou(dataset):
    whole = dataset.images[0].read_annotation()
    calm = Annotation(whole.size_hw, objects=whole.objects[:1])
    images = [*dataset.images, ImageItem("b", None, whole.size_hw, read_annotation=lambda: calm)]
    loss = next(x for x in formats.losses(replace(dataset, images=images), "class-id-png") if x.class_pixels)
    assert loss.count == 1
    assert loss.class_pixels[0] == (91 - 16 + 91, 91 + 91)
    assert loss.image_iou["b"] == 1.0


def test_formats_that_are_only_read_say_so(dataset, tmp_path):
    from segstudio.core.errors import UserError

    with pytest.raises(UserError, match="isat can only be read.*coco-instances"):
        formats.write(dataset, tmp_path / "out", "isat")
