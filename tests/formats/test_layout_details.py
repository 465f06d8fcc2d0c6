"""Details of single layouts: videos, embedded pictures, reduced class sets, lists of splits, names."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.core.segments import Segment
from segstudio.formats.writing import class_pixels
from segstudio.ops.image import probe_size_hw, read_image
from segstudio.ops.thumbnail import read_thumbnail
from tests.formats.samples import place


def test_cvat_video_gives_the_frames_on_which_something_is(shared_data):
    dataset = formats.read(shared_data / "label-tools" / "genuine" / "cvat" / "datumaro" / "for_video")
    (item,) = dataset.images
    assert (item.key, item.path.name) == ("frame_000010", "frame_000010.png")
    annotation = item.read_annotation()
    (box,) = annotation.objects
    assert annotation.size_hw == (20, 25)
    assert dataset.class_set.by_id[box.class_id].name == "II"
    assert box.shape.bounds() == Rect(3, 4, 10, 5)
    assert box.extra["track_id"] == "0"


def test_boxes_and_outlines_of_a_track_move_evenly_where_the_points_are_as_many(tmp_path):
    box = '<box frame="{}" outside="{}" keyframe="1" xtl="{}" ytl="0" xbr="{}" ybr="4"/>'
    outline = '<polygon frame="{}" outside="0" keyframe="1" points="{}"/>'
    boxes = box.format(0, 0, 0, 4) + box.format(4, 1, 8, 12)
    outlines = (
        outline.format(0, "1,1;5,1;5,5") + outline.format(2, "3,3;9,3;9,9") + outline.format(5, "1,1;2,2;3,4;1,4")
    )
    (tmp_path / "annotations.xml").write_text(
        "<annotations><version>1.1</version><meta><original_size><width>20</width><height>10</height></original_size>"
        f'</meta><track id="3" label="car">{boxes}</track><track id="4" label="tree">{outlines}</track></annotations>'
    )
    dataset = formats.read(tmp_path)
    seen = {item.key: item.read_annotation().objects for item in dataset}
    assert [seen[f"frame_{frame:06d}"][0].shape.bounds().x0 for frame in range(4)] == [0, 2, 4, 6]
    assert [len(seen[f"frame_{frame:06d}"]) for frame in (0, 1, 2, 3, 5)] == [2, 2, 2, 1, 1]
    middle = seen["frame_000001"][1].shape.parts[0].exterior_xy
    np.testing.assert_allclose(middle, [[2, 2], [7, 2], [7, 7]])
    assert "2 frames lie between outlines" in dataset.skipped[0].reason


def test_a_picture_inside_a_labelme_file_is_shown_and_written_nowhere(tmp_path, photo):
    picture = photo(tmp_path / "p.png", (6, 8))
    encoded = base64.b64encode(picture.read_bytes()).decode()
    shape = {"label": "a", "points": [[1, 1], [4, 1], [4, 4]], "shape_type": "polygon"}
    head = {"version": "5.5.0", "imagePath": "gone.png", "imageHeight": 6, "imageWidth": 8, "shapes": [shape]}
    root = tmp_path / "d"
    root.mkdir()
    for name, data in (("good", encoded), ("bad", encoded[:40]), ("none", None)):
        (root / f"{name}.json").write_text(json.dumps({**head, "imageData": data}))
    dataset = formats.read(root)
    shown = dataset.by_key["good"].path
    np.testing.assert_array_equal(read_image(shown).image_hwc, read_image(picture).image_hwc)
    assert probe_size_hw(shown) == (6, 8)
    assert read_thumbnail(shown, 4).shape == (3, 4, 3)
    assert dataset.by_key["bad"].path is dataset.by_key["none"].path is None
    assert all(len(item.read_annotation().objects) == 1 for item in dataset)
    assert sorted(p.name for p in root.iterdir()) == ["bad.json", "good.json", "none.json"]


@pytest.mark.parametrize("name", ["labelme", "cvat", "class-id-png", "voc", "yolo-seg"])
def test_a_picture_inside_a_labelme_file_comes_along_as_a_picture(tmp_path, photo, name):
    picture = photo(tmp_path / "p.jpg", (6, 8))
    shape = {"label": "a", "points": [[1, 1], [4, 1], [4, 4]], "shape_type": "polygon"}
    document = {"imagePath": "gone.jpg", "imageHeight": 6, "imageWidth": 8, "shapes": [shape]}
    document["imageData"] = base64.b64encode(picture.read_bytes()).decode()
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.json").write_text(json.dumps(document))
    formats.write(formats.read(tmp_path / "d"), tmp_path / "out", name, options={"images": "link"})
    copies = [path for path in (tmp_path / "out").rglob("*.jpg")]
    assert [path.read_bytes() for path in copies] == [picture.read_bytes()]


def test_ade20k_of_32_classes_takes_all_others_together(tmp_path, mask):
    mask(tmp_path / "annotations" / "training" / "ADE_train_1.png", np.array([[0, 1, 31, 32, 150]], np.uint8))
    annotation = formats.read(tmp_path, class_set=ClassSet.load("ade20k-32")).images[0].read_annotation()
    assert class_pixels(annotation) == {0: 3, 1: 1, 31: 1}


def test_coco_in_the_classes_of_voc_drops_the_rest_and_tells(shared_data):
    dataset = formats.read(shared_data / "coco-instances-ccby", class_set=ClassSet.load("coco-voc"))
    whole = formats.read(shared_data / "coco-instances-ccby")
    names = {c.name for c in ClassSet.load("coco-voc").classes}
    expected = [
        whole.class_set.by_id[o.class_id].name
        for item in whole
        for o in item.read_annotation().objects
        if whole.class_set.by_id[o.class_id].name in names
    ]
    found = [dataset.class_set.by_id[o.class_id].name for item in dataset for o in item.read_annotation().objects]
    assert found == expected
    assert not dataset.skipped
    lost = {loss.kind: loss.count for loss in formats.losses(dataset, "coco-instances")}
    assert lost["classes without a target"] == sum(len(i.read_annotation().objects) for i in whole) - len(found)


def test_gta5_takes_its_splits_from_its_list(shared_data, tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    root = place("gta5", shared_data, tmp_path / "d")
    savemat(root / "split.mat", {"trainIds": [[2]], "valIds": [[1]], "testIds": [[3]]})
    assert [item.split for item in formats.read(root)] == ["val"]


def test_pictures_named_as_cityscapes_does_keep_their_image_when_written(tmp_path, photo):
    photo(tmp_path / "in" / "aachen_000000_000019_leftImg8bit.png")
    annotation = Annotation((6, 8), np.ones((6, 8), np.uint16), (Segment(1, 0),))
    found = formats.read(tmp_path / "in", "images")
    (item,) = found.images
    dataset = replace(
        found, class_set=ClassSet.of_names(["a"]), images=[replace(item, read_annotation=lambda: annotation)]
    )
    formats.write(dataset, tmp_path / "ids", "class-id-png")
    assert [i.key for i in formats.read(tmp_path / "ids")] == ["aachen_000000_000019"]
    formats.write(dataset, tmp_path / "city", "cityscapes")
    assert [i.name for i in formats.read(tmp_path / "city")] == ["aachen_000000_000019"]
