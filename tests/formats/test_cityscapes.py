"""Cityscapes trees: all files in step, byte-equal rasters and equal polygons after a round trip."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.segments import Segment, SegmentTable
from segstudio.formats.cityscapes_rasters import segments_of, values_of_segments

CITY = ClassSet.load("cityscapes")
NAME = "aachen_000000_000019"


def label_files(root):
    return {str(p.relative_to(root)): p for p in (root / "gtFine").rglob("*.*")}


def test_tree_gives_splits_cities_segments_and_objects(cityscapes_tree):
    dataset = formats.read(cityscapes_tree)
    item = dataset.by_key[f"val/aachen/{NAME}"]
    assert (item.split, item.sequence, item.path.name) == ("val", "aachen", f"{NAME}_leftImg8bit.png")
    annotation = item.read_annotation()
    shown = {(s.class_id, s.instance, s.is_crowd) for s in annotation.segments if (annotation.labels_hw == s.id).any()}
    assert shown == {(0, 0, False), (7, 0, False), (26, 0, True), (26, 1, False)}
    assert [(o.class_id, o.is_crowd, o.z) for o in annotation.objects] == [
        (7, False, 0),
        (26, True, 1),
        (26, False, 2),
        (-1, False, 3),
    ]
    assert annotation.objects[1].extra["polygon_label"] == "cargroup"
    assert "polygons_differ" not in annotation.extra


@pytest.mark.parametrize("source", ["made", "real", "tiny"])
def test_round_trip_is_exact(source, cityscapes_tree, request, tmp_path):
    if source != "made":
        shared = request.getfixturevalue("shared_data")
        real = {"real": "layouts-real/cityscapes", "tiny": "layouts-tiny-datumaro/cityscapes_dataset/train_dataset"}
        cityscapes_tree = shared / real[source]
    dataset = formats.read(cityscapes_tree)
    formats.write(dataset, tmp_path / "out", "cityscapes", train_ids=True)
    compared = 0
    for name, path in label_files(cityscapes_tree).items():
        copy = tmp_path / "out" / name
        if name.endswith("polygons.json"):
            assert json.loads(copy.read_text()) == json.loads(path.read_text())
        elif name.endswith(("labelIds.png", "instanceIds.png")):
            assert np.array_equal(np.array(Image.open(copy)), np.array(Image.open(path)))
        elif name.endswith("color.png"):
            assert np.array_equal(np.array(Image.open(copy))[..., :3], np.array(Image.open(path))[..., :3])
        else:
            continue
        compared += 1
    assert compared >= 4
    assert len(formats.read(tmp_path / "out")) == len(dataset)


def test_all_five_files_are_written_in_step(cityscapes_tree, tmp_path):
    formats.write(formats.read(cityscapes_tree), tmp_path / "out", "cityscapes", train_ids=True)
    folder = tmp_path / "out" / "gtFine" / "val" / "aachen"
    kinds = ("polygons.json", "labelIds.png", "instanceIds.png", "color.png", "labelTrainIds.png")
    assert sorted(p.name for p in folder.glob(f"{NAME}_*")) == sorted(f"{NAME}_gtFine_{kind}" for kind in kinds)
    labels, instances, train = (
        np.array(Image.open(folder / f"{NAME}_gtFine_{kind}.png"))
        for kind in ("labelIds", "instanceIds", "labelTrainIds")
    )
    assert instances.dtype == np.uint16
    assert np.array_equal(np.where(instances >= 1000, instances // 1000, instances), labels)
    assert set(train[labels == 7]) == {0}
    assert set(train[labels == 0]) == {255}
    color = np.array(Image.open(folder / f"{NAME}_gtFine_color.png"))
    assert color.shape[2] == 4
    assert tuple(color[3, 0]) == (*CITY.by_id[7].color, 255)


def test_an_edited_raster_gets_polygons_of_its_own_and_says_so(cityscapes_tree, tmp_path):
    dataset = formats.read(cityscapes_tree)
    item = dataset.images[0]
    annotation = item.read_annotation()
    labels_hw = annotation.labels_hw.copy()
    labels_hw[0, 7] = SegmentTable(annotation.segments).of_class(11).id
    edited = replace(annotation, labels_hw=labels_hw)
    one = replace(dataset, images=[replace(item, read_annotation=lambda: edited)])
    report = formats.write(one, tmp_path / "out", "cityscapes")
    assert "polygons drawn anew from the pixels" in {loss.kind for loss in report.losses}
    document = json.loads((tmp_path / "out" / "gtFine" / "val" / "aachen" / f"{NAME}_gtFine_polygons.json").read_text())
    labels = {o["label"] for o in document["objects"]}
    assert labels == {"road", "cargroup", "car", "building", "sky"}
    assert [o for o in document["objects"] if o.get("deleted")]


def test_polygons_that_disagree_with_the_rasters_are_noticed_and_still_round_trip(cityscapes_tree, tmp_path, mask):
    path = cityscapes_tree / "gtFine" / "val" / "aachen" / f"{NAME}_gtFine_labelIds.png"
    values = np.array(Image.open(path))
    values[0, 6:] = 11
    mask(path, values)
    annotation = formats.read(cityscapes_tree).images[0].read_annotation()
    assert annotation.extra["polygons_differ"][0] == 2
    formats.write(formats.read(cityscapes_tree), tmp_path / "out", "cityscapes")
    for name, old in label_files(cityscapes_tree).items():
        if old.suffix == ".png":
            assert np.array_equal(np.array(Image.open(tmp_path / "out" / name)), np.array(Image.open(old)))
        else:
            assert json.loads((tmp_path / "out" / name).read_text()) == json.loads(old.read_text())


def test_polygons_alone_are_painted(cityscapes_tree):
    folder = cityscapes_tree / "gtFine" / "val" / "aachen"
    with_rasters = formats.read(cityscapes_tree).images[0].read_annotation()
    for path in folder.glob(f"{NAME}_*.png"):
        path.unlink()
    alone = formats.read(cityscapes_tree).images[0].read_annotation()
    assert np.array_equal(
        values_of_segments(alone, CITY)[1],
        values_of_segments(with_rasters, CITY)[1],
    )


def test_loose_files_and_one_file(cityscapes_tree, tmp_path):
    folder = cityscapes_tree / "gtFine" / "val" / "aachen"
    assert len(formats.read(folder)) == 2
    (item,) = formats.read(folder / f"{NAME}_gtFine_polygons.json").images
    assert (item.key, item.split) == (NAME, "")


def test_coarse_labels_stand_in_where_there_are_no_fine_ones(cityscapes_tree, mask):
    coarse = cityscapes_tree / "gtCoarse" / "val" / "aachen"
    mask(coarse / f"{NAME}_gtCoarse_labelIds.png", np.full((6, 8), 23))
    mask(coarse / "aachen_000009_000019_gtCoarse_labelIds.png", np.full((6, 8), 23))
    dataset = formats.read(cityscapes_tree)
    assert len(dataset) == 3
    fine = dataset.by_key[f"val/aachen/{NAME}"].read_annotation()
    assert 23 not in {s.class_id for s in fine.segments if (fine.labels_hw == s.id).any()}
    coarse_one = dataset.by_key["val/aachen/aachen_000009_000019"].read_annotation()
    assert {s.class_id for s in coarse_one.segments if (coarse_one.labels_hw == s.id).any()} == {23}


def test_a_raster_of_another_size_names_both(cityscapes_tree, mask):
    mask(cityscapes_tree / "gtFine" / "val" / "aachen" / f"{NAME}_gtFine_labelIds.png", np.zeros((6, 7)))
    with pytest.raises(UserError, match=r"labelIds\.png: the mask has 7×6 pixels, its image .*leftImg8bit\.png 8×6"):
        formats.read(cityscapes_tree).images[0].read_annotation()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "unicorn"}, "object 0: class 'unicorn' is not in the class set"),
        ({"polygon": [[1, "x"]]}, "object 0: not a polygon"),
        ({"polygon": [[1e30, 2], [3, 4], [5, 6]]}, "object 0: has coordinates beyond any image"),
    ],
)
def test_a_wrong_polygon_names_file_and_object(cityscapes_tree, change, message):
    path = cityscapes_tree / "gtFine" / "val" / "aachen" / f"{NAME}_gtFine_polygons.json"
    document = json.loads(path.read_text())
    document["objects"][0].update(change)
    path.write_text(json.dumps(document))
    with pytest.raises(UserError, match=message):
        formats.read(cityscapes_tree).images[0].read_annotation()


def test_ids_that_the_class_set_lacks_are_named(cityscapes_tree, mask):
    mask(
        cityscapes_tree / "gtFine" / "val" / "aachen" / "aachen_000001_000019_gtFine_labelIds.png", np.full((6, 8), 99)
    )
    item = formats.read(cityscapes_tree).images[1]
    with pytest.raises(UserError, match="class id 99 is not in the class set 'cityscapes'"):
        item.read_annotation()


ids = st.sampled_from([0, 7, 11, 24, 26, 24000, 24003, 26000, 26001, 33999])


@given(hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14), elements=ids))
def test_any_raster_survives_segments(instances):
    labels = np.where(instances >= 1000, instances // 1000, instances).astype(np.uint8)
    annotation = segments_of(labels, instances, CITY, where="x")
    back_labels, back_instances = values_of_segments(annotation, CITY)
    assert np.array_equal(back_labels, labels)
    assert np.array_equal(back_instances, instances)


@given(
    hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=ids),
    st.data(),
)
def test_values_that_do_not_belong_together_survive_segments(instances, data):
    labels = data.draw(hnp.arrays(np.uint8, instances.shape, elements=st.sampled_from([0, 7, 24, 26, 255])))
    annotation = segments_of(labels, instances, CITY, where="x")
    back_labels, back_instances = values_of_segments(annotation, CITY)
    assert np.array_equal(back_labels, labels)
    assert np.array_equal(back_instances, instances)


def test_classes_of_another_set_are_met_by_name_and_the_rest_is_reported(tmp_path):
    coco = ClassSet.load("coco")
    labels = np.zeros((6, 8), np.uint16)
    labels[0], labels[1] = 1, 2
    segments = (Segment(1, coco.by_name["car"].id, 1), Segment(2, coco.by_name["toothbrush"].id, 1))
    annotation = Annotation((6, 8), labels, segments)
    item = ImageItem("x y", None, read_annotation=lambda: annotation)
    dataset = Dataset("d", tmp_path, "coco-instances", coco, [item])
    report = formats.write(dataset, tmp_path / "out", "cityscapes")
    (path,) = (tmp_path / "out").rglob("*instanceIds.png")
    assert path.name == "x-y_000000_000000_gtFine_instanceIds.png"
    assert set(np.unique(np.array(Image.open(path)))) == {0, 26000}
    assert {loss.kind: loss.pixels for loss in report.losses}["classes without a target"] == 8


def test_a_class_set_of_ones_own_travels_with_the_tree(tmp_path):
    own = replace(CITY, name="own", classes=CITY.classes[:12])
    with tempfile.TemporaryDirectory() as folder:
        labels = np.full((2, 2), 12, np.uint16)
        annotation = Annotation((2, 2), labels, tuple(SegmentTable.for_classes(own)))
        item = ImageItem("a", None, read_annotation=lambda: annotation)
        formats.write(Dataset("d", tmp_path, "images", own, [item]), Path(folder, "out"), "cityscapes")
        assert formats.read(Path(folder, "out")).class_set.name == "own"
