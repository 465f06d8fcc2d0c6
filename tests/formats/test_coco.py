"""COCO files: everything that was in them is in them after a round trip, and what is wrong in them is named."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject
from segstudio.ops import rle, shapes
from tests.formats.conftest import coco_document


def by_id(rows):
    return sorted(rows, key=lambda row: row["id"])


def written(dataset, folder, **options):
    report = formats.write(dataset, Path(folder) / "out.json", "coco-instances", **options)
    return report, json.loads((Path(folder) / "out.json").read_text())


def test_round_trip_keeps_ids_unknown_fields_and_what_is_missing(coco_file, tmp_path):
    document = coco_document()
    dataset = formats.read(coco_file(document))
    _, back = written(dataset, tmp_path)
    assert back["images"] == document["images"]
    assert back["categories"] == document["categories"]
    assert back["made_by"] == document["made_by"]
    assert by_id(back["annotations"]) == by_id(document["annotations"])
    assert "info" not in back


def test_annotations_become_objects(coco_file):
    (item,) = formats.read(coco_file()).images
    annotation = item.read_annotation()
    assert annotation.labels_hw is None
    car, crowd = annotation.objects
    assert (car.id, car.class_id, car.is_crowd, car.extra["annotator"]) == (0, 3, False, "ann")
    assert (crowd.id, crowd.is_crowd, crowd.shape.box) == (5, True, Rect(1, 0, 3, 6))


def test_real_instances_round_trip(shared_data, tmp_path):
    source = shared_data / "coco-instances-ccby" / "instances.json"
    original = json.loads(source.read_text())
    dataset = formats.read(source)
    assert (len(dataset), dataset.class_set.name) == (29, "coco")
    assert sum(len(item.read_annotation().objects) for item in dataset) == len(original["annotations"])
    assert all(item.path.is_file() for item in dataset)
    _, back = written(dataset, tmp_path)
    assert by_id(back["annotations"]) == by_id(original["annotations"])
    assert {k: back[k] for k in ("images", "categories", "info", "licenses")} == {
        k: original[k] for k in ("images", "categories", "info", "licenses")
    }


def test_keypoints_survive(shared_data, tmp_path):
    source = shared_data / "coco-instances-ccby" / "person_keypoints.json"
    original = json.loads(source.read_text())
    _, back = written(formats.read(source), tmp_path)
    assert by_id(back["annotations"]) == by_id(original["annotations"])
    assert back["categories"] == original["categories"]


@pytest.mark.parametrize("layout", ["coco_instances", "coco_stuff", "coco_roboflow", "mmdet_coco"])
def test_splits_of_several_files_are_kept(shared_data, tmp_path, layout):
    dataset = formats.read(shared_data / "layouts-tiny-datumaro" / "coco_dataset" / layout)
    assert dataset.splits == ["train", "val"]
    assert [item.path.name for item in dataset] == ["a.jpg", "b.jpg"]
    formats.write(dataset, tmp_path / "out", "coco-instances", images="copy")
    again = formats.read(tmp_path / "out")
    assert again.splits == ["train", "val"]
    assert [[o.extra for o in i.read_annotation().objects] for i in again] == [
        [o.extra for o in i.read_annotation().objects] for i in dataset
    ]


@pytest.mark.parametrize("form", ["polygons", "rle", "counts"])
def test_every_form_of_segmentation_covers_the_same_pixels(shared_data, tmp_path, form):
    dataset = formats.read(
        shared_data / "label-tools" / "made-from-coco" / "coco" / "instances_polygon_and_crowd_rle.json"
    )
    formats.write(dataset, tmp_path / "out.json", "coco-instances", segmentation=form)
    for before, after in zip(dataset, formats.read(tmp_path / "out.json"), strict=True):
        old, new = before.read_annotation(), after.read_annotation()
        for a, b in zip(old.objects, new.objects, strict=True):
            whole = Rect.of_size(*old.size_hw)
            assert np.array_equal(
                shapes.mask_of(a.shape, whole, old.size_hw), shapes.mask_of(b.shape, whole, old.size_hw)
            )


def test_three_forms_of_the_same_file_have_the_expected_masks(shared_data):
    folder = shared_data / "label-tools" / "made-from-coco"
    for form in sorted((folder / "coco").glob("*.json")):
        for item in formats.read(form, "coco-instances"):
            archive = np.load(folder / "expected-masks" / f"{item.name}.npz")
            height, width = item.size_hw
            masks = np.unpackbits(archive["masks"], axis=-1)[..., :width].astype(bool)
            annotation = item.read_annotation()
            found = [shapes.mask_of(o.shape, Rect.of_size(height, width), (height, width)) for o in annotation.objects]
            assert len(found) == len(masks)
            assert all(any(np.array_equal(f, m) for m in masks) for f in found)


def test_a_shape_with_a_hole_becomes_run_lengths_and_that_is_reported(tmp_path):
    outer = np.array([[1, 1], [9, 1], [9, 9], [1, 9]], float)
    hole = np.array([[3, 3], [6, 3], [6, 6], [3, 6]], float)
    item = SegObject(4, 1, PolygonShape((PolygonPart(outer, (hole,)),)))
    annotation = Annotation((12, 12), objects=(item,))
    dataset = of_annotation(annotation, ClassSet.of_names(["a"], first_id=1))
    report, back = written(dataset, tmp_path)
    assert [(loss.kind, loss.count) for loss in report.losses] == [("polygons with holes become run lengths", 1)]
    assert isinstance(back["annotations"][0]["segmentation"], dict)
    assert back["annotations"][0]["area"] == 64 - 9
    assert back["annotations"][0]["id"] == 4


def of_annotation(annotation, class_set, key="a"):
    item = ImageItem(key, None, annotation.size_hw, read_annotation=lambda: annotation)
    return Dataset("made", Path(), "images", class_set, [item])


def test_new_objects_get_ids_that_no_read_annotation_has(coco_file, tmp_path):
    document = coco_document()
    document["images"].append({"id": 8, "file_name": "b.jpg", "height": 6, "width": 8})
    document["annotations"].append({**document["annotations"][0], "id": 6, "image_id": 8})
    dataset = formats.read(coco_file(document))
    first = dataset.images[0].read_annotation()
    drawn = SegObject(6, 3, PolygonShape.of(np.array([[0, 0], [3, 0], [3, 3]], float)))
    edited = Annotation(first.size_hw, objects=(*first.objects, drawn))
    images = [ImageItem("a", None, first.size_hw, extra=dataset.images[0].extra, read_annotation=lambda: edited)]
    images.append(dataset.images[1])
    merged = Dataset("m", dataset.root, dataset.format, dataset.class_set, images, extra=dataset.extra)
    _, back = written(merged, tmp_path)
    ids = {(row["id"], row["image_id"]) for row in back["annotations"]}
    assert ids == {(0, 7), (5, 7), (6, 8), (7, 7)}


def mutated(change):
    document = copy.deepcopy(coco_document())
    change(document)
    return document


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["images"][0].update(file_name="../../etc/passwd"), "leads out of the data set"),
        (lambda d: d["images"][0].update(file_name="/etc/passwd"), "leads out of the data set"),
        (lambda d: d["images"][0].update(height=10**9), "cannot be"),
        (lambda d: d["images"].append(dict(d["images"][0])), "same file name|there twice"),
        (lambda d: d["annotations"][0].update(category_id=77), "category 77 is not among the categories"),
        (lambda d: d["annotations"][0].update(image_id=99), "there is no image 99"),
        (lambda d: d["annotations"].append("x"), "not an annotation"),
        (lambda d: d["categories"].append({"name": "no id"}), "not a category"),
    ],
)
def test_what_belongs_nowhere_is_skipped_with_a_reason(coco_file, change, message):
    dataset = formats.read(coco_file(mutated(change)))
    assert len(dataset.skipped) >= 1
    assert any(__import__("re").search(message, s.reason) for s in dataset.skipped)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [8, 6], "counts": [48]}, r"the mask has 6×8 pixels, its image 8×6"),
        ({"size": [6, 8], "counts": [10**9, 5]}, "do not add up"),
        ({"size": [6, 8], "counts": "zzzz"}, "damaged|add up"),
        ([[1.0, 2.0, "a"]], "no list of numbers"),
        ([[1, 2, 3]], "no list of x, y"),
        ([[1e300, 2, 3, 4, 5, 6]], "beyond any image"),
        ("polygon", "neither polygons nor run lengths"),
    ],
)
def test_a_broken_segmentation_names_file_image_and_annotation(coco_file, segmentation, message):
    document = coco_document()
    document["annotations"][0]["segmentation"] = segmentation
    (item,) = formats.read(coco_file(document)).images
    with pytest.raises(UserError, match=message) as raised:
        item.read_annotation()
    assert "instances.json: a: annotation 0" in str(raised.value)


def test_a_picture_of_another_size_names_both(coco_file, tmp_path, photo):
    photo(tmp_path / "coco" / "a.jpg", (6, 9))
    (item,) = formats.read(coco_file()).images
    with pytest.raises(UserError, match=r"states 8×6 pixels for a\.jpg, which has 9×6"):
        item.read_annotation()


@pytest.mark.parametrize("document", [[1, 2], {"images": []}, {"images": {}, "annotations": []}, "x", 3])
def test_json_that_is_not_coco_says_so(coco_file, document):
    with pytest.raises(UserError, match=r"instances\.json: JSON, but not COCO"):
        formats.read(coco_file(document), "coco-instances")


boxes = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 8), st.integers(1, 8))


@given(st.lists(st.tuples(st.sampled_from([1, 2]), boxes, st.booleans(), st.booleans()), max_size=6))
def test_any_objects_survive_a_round_trip(rows):
    size_hw = (20, 20)
    objects = []
    for number, (class_id, (x, y, w, h), is_mask, is_crowd) in enumerate(rows):
        shape = PolygonShape.of(np.array([[x, y], [x + w, y], [x + w, y + h + 0.25], [x, y + h]], float))
        made = shapes.as_mask(shape, size_hw) if is_mask or is_crowd else shape
        objects.append(SegObject(number, class_id, made, is_crowd=is_crowd, z=-1 if is_crowd else 0))
    annotation = Annotation(size_hw, objects=tuple(objects))
    with tempfile.TemporaryDirectory() as folder:
        written(of_annotation(annotation, ClassSet.of_names(["a", "b"], first_id=1)), folder)
        (item,) = formats.read(Path(folder, "out.json")).images
        back = item.read_annotation().objects
    assert [(o.id, o.class_id, o.is_crowd, o.shape) for o in back] == [
        (o.id, o.class_id, o.is_crowd, o.shape) for o in objects
    ]


def test_real_panoptic_round_trips(shared_data, tmp_path):
    source = shared_data / "coco-panoptic-ccby"
    original = json.loads((source / "panoptic.json").read_text())
    dataset = formats.read(source)
    assert (len(dataset), dataset.class_set.name) == (32, "coco-panoptic")
    assert sum(len(item.read_annotation().segments) for item in dataset) == 292
    formats.write(dataset, tmp_path / "out", "coco-panoptic")
    back = json.loads((tmp_path / "out" / "annotations" / "panoptic.json").read_text())
    key = lambda row: row["image_id"]  # noqa: E731
    assert sorted(back["annotations"], key=key) == sorted(original["annotations"], key=key)
    for row in original["annotations"]:
        a = np.array(Image.open(source / "panoptic" / row["file_name"]))
        b = np.array(Image.open(tmp_path / "out" / "annotations" / "panoptic" / row["file_name"]))
        assert np.array_equal(a, b)


def test_panoptic_ids_that_the_json_lacks_are_named(tmp_path):
    folder = tmp_path / "p"
    folder.mkdir()
    Image.fromarray(np.array([[[7, 0, 0], [9, 0, 0]]], np.uint8)).save(folder / "a.png")
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": 1, "width": 2}],
        "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 7, "category_id": 1}]}],
        "categories": [{"id": 1, "name": "car", "isthing": 1}],
    }
    (folder / "panoptic.json").write_text(json.dumps(document))
    (item,) = formats.read(folder).images
    with pytest.raises(UserError, match=r"a\.png: segments 9 are in the PNG but not in the JSON"):
        item.read_annotation()


def test_results_keep_scores_and_masks(shared_data, tmp_path):
    source = shared_data / "coco-panoptic-ccby" / "predictions" / "yolact_base.results.json"
    dataset = formats.read(source)
    (item,) = dataset.images
    assert item.extra["coco"]["id"] == 885
    formats.write(dataset, tmp_path / "out.json", "coco-results")
    original = json.loads(source.read_text())
    back = json.loads((tmp_path / "out.json").read_text())
    same = ("image_id", "category_id", "score", "bbox", "segmentation")
    assert [{k: row[k] for k in same} for row in back] == [{k: row[k] for k in same} for row in original]


def test_semantic_things_become_one_object_per_piece_and_that_is_reported(tmp_path, mask):
    city = ClassSet.load("cityscapes")
    values = np.zeros((8, 8), np.uint8)
    values[0:3, 0:3] = 26
    values[5:8, 5:8] = 26
    values[4, :] = 7
    mask(tmp_path / "d" / "a.png", values)
    report, back = written(formats.read(tmp_path / "d", class_set=city), tmp_path)
    assert sorted((row["category_id"], row["area"]) for row in back["annotations"]) == [(7, 8), (26, 9), (26, 9)]
    kinds = {loss.kind: loss.pixels for loss in report.losses}
    assert kinds["instances guessed from connected pieces"] == 18
    assert kinds["ignored classes"] == 64 - 26


def test_uncompressed_crowds_keep_their_form(coco_file, tmp_path):
    _, back = written(formats.read(coco_file()), tmp_path)
    crowd = next(row for row in back["annotations"] if row["id"] == 5)
    assert crowd["segmentation"] == {"size": [6, 8], "counts": [6, 12, 30]}
    (item,) = formats.read(tmp_path / "out.json").images
    shape = item.read_annotation().objects[1].shape
    assert isinstance(shape, MaskShape)
    assert rle.area(shape) == 12


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_photo_that_exif_turns_has_its_objects_turned_too(coco_file, tmp_path, orientation):
    """The file describes the stored pixels; a bright patch there must lie under the object in the upright picture."""
    from segstudio.ops.image import read_image

    document = coco_document()
    document["images"][0].update(height=60, width=80, file_name="a.png")
    crowd = {"size": [60, 80], "counts": [60 * 10 + 5, 20, 60 * 80 - 60 * 10 - 25]}
    document["annotations"][0].update(segmentation=[[20, 10, 50, 10, 50, 40, 20, 40]], area=900, bbox=[20, 10, 30, 30])
    document["annotations"][1].update(segmentation=crowd, area=20, bbox=[10, 5, 1, 20])
    path = coco_file(document)
    stored = np.zeros((60, 80, 3), np.uint8)
    stored[10:40, 20:50] = 200
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(path.parent / "a.png", exif=exif)
    dataset = formats.read(path)
    annotation = dataset.images[0].read_annotation()
    assert annotation.size_hw == (80, 60)
    bright = read_image(path.parent / "a.png").image_hwc[:, :, 0] == 200
    square = shapes.mask_of(annotation.objects[0].shape, Rect.of_size(80, 60), (80, 60))
    assert np.array_equal(square, bright)
    _, back = written(dataset, tmp_path)
    assert back["images"] == document["images"]
    old, new = by_id(document["annotations"])[1], by_id(back["annotations"])[1]
    assert rle.from_string(new["segmentation"]["counts"], (60, 80)) == rle.from_counts(
        old["segmentation"]["counts"], (60, 80)
    )
    assert by_id(back["annotations"])[0]["bbox"] == [20, 10, 30, 30]
