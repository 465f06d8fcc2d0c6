"""The other layouts: what their own files say is what we read, and what we write reads back the same."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.segments import SegmentTable
from segstudio.ops import shapes
from tests.formats.samples import place

TINY = "layouts-tiny-datumaro"
TOOLS = "label-tools/made-from-coco"


def class_map(annotation):
    return SegmentTable(annotation.segments).class_lut(unknown=0)[annotation.labels_hw]


def names_in(annotation, class_set):
    present = set(np.unique(annotation.labels_hw)) - {0}
    return {class_set.by_id[s.class_id].name for s in annotation.segments if s.id in present}


def instances_in(annotation):
    present = set(np.unique(annotation.labels_hw))
    return {(s.class_id, s.instance) for s in annotation.segments if s.id in present and s.instance}


def masks_of(annotation):
    whole = Rect.of_size(*annotation.size_hw)
    return [shapes.mask_of(o.shape, whole, annotation.size_hw) for o in annotation.objects]


def test_voc_classes_objects_void_and_splits(shared_data):
    root = shared_data / "layouts-real" / "voc"
    dataset = formats.read(root)
    assert (len(dataset), sorted(dataset.splits)) == (9, ["train", "val"])
    base = root / "VOCdevkit" / "VOC2012"
    assert {i.key for i in dataset if i.split == "val"} == set(
        (base / "ImageSets" / "Segmentation" / "val.txt").read_text().split()
    )
    for item in dataset:
        annotation = item.read_annotation()
        classes = np.array(Image.open(base / "SegmentationClass" / f"{item.key}.png"))
        objects = np.array(Image.open(base / "SegmentationObject" / f"{item.key}.png"))
        assert np.array_equal(class_map(annotation), classes)
        assert len(instances_in(annotation)) == len(set(np.unique(objects)) - {0, 255})
        boxes = ET.parse(base / "Annotations" / f"{item.key}.xml").findall("object")
        assert len(annotation.extra["voc_objects"]) == len(boxes)


@pytest.mark.parametrize("source", ["layouts-real/voc", "coco-panoptic-ccby"])
def test_voc_is_written_as_voc(shared_data, tmp_path, source):
    dataset = formats.read(shared_data / source)
    formats.write(dataset, tmp_path / "out", "voc", images="copy")
    again = formats.read(tmp_path / "out")
    assert (again.format, len(again)) == ("voc", len(dataset))
    for before, after in zip(dataset, [again.by_key[i.key] for i in dataset], strict=True):
        old, new = before.read_annotation(), after.read_annotation()
        found = class_map(new)
        assert np.array_equal(
            class_map(old), np.where(found == 255, 0, found) if source != "layouts-real/voc" else found
        )
        assert len(instances_in(old)) == len(instances_in(new))
        assert after.path.suffix == ".jpg"
    with Image.open(next((tmp_path / "out" / "SegmentationClass").glob("*.png"))) as mask:
        assert mask.mode == "P"


def test_ade20k_scene_parsing_round_trips(shared_data, tmp_path):
    root = shared_data / "layouts-real" / "ade20k"
    dataset = formats.read(root)
    assert (len(dataset), dataset.class_set.name, dataset.splits) == (8, "ade20k", ["training", "validation"])
    formats.write(dataset, tmp_path / "out", "ade20k", images="link")
    for item in dataset:
        original = Image.open(root / "ADEChallengeData2016" / "annotations" / f"{item.key}.png")
        copy = Image.open(tmp_path / "out" / "annotations" / f"{item.key}.png")
        assert np.array_equal(np.array(original), np.array(copy))
    assert formats.read(tmp_path / "out").format == "ade20k"


def test_ade20k_of_2017_numbers_objects_as_its_list_does(shared_data):
    dataset = formats.read(shared_data / TINY / "ade20k2017_dataset" / "dataset")
    annotation = dataset.by_key["training/street/1"].read_annotation()
    names = {n.split(",")[0] for n in names_in(annotation, dataset.class_set)}
    assert names == {"other", "sky", "person"}
    assert [dataset.class_set.by_id[o.class_id].name for o in annotation.objects] == ["license plate"]


def test_ade20k_of_2020_takes_classes_from_the_codes(shared_data):
    dataset = formats.read(shared_data / TINY / "ade20k2020_dataset" / "dataset")
    annotation = dataset.by_key["training/street/1"].read_annotation()
    lut = {c.id: c.name.split(",")[0] for c in dataset.class_set.classes}
    row = [lut[c] for c in class_map(annotation)[0].tolist()]
    assert row == ["other", "person", "car", "car", "car"]
    part = annotation.objects[0]
    assert (lut[part.class_id], part.attributes["part_level"]) == ("door", 1)


def test_kitti_classes_and_instances(shared_data):
    root = shared_data / "layouts-real" / "kitti" / "training"
    for item in formats.read(root.parent):
        annotation = item.read_annotation()
        semantic = np.array(Image.open(root / "semantic" / f"{item.name}.png"))
        codes = np.array(Image.open(root / "instance" / f"{item.name}.png")).astype(int)
        assert np.array_equal(class_map(annotation), semantic)
        things = {c.id for c in ClassSet.load("kitti").classes if c.is_thing}
        expected = {v for v in np.unique(codes).tolist() if v // 256 in things}
        assert len(instances_in(annotation)) == len(expected)


def test_camvid_colours_and_lists(shared_data):
    dataset = formats.read(shared_data / TINY / "camvid_dataset")
    assert dataset.class_set.name == "camvid-32"
    assert sorted(dataset.splits) == ["test", "train", "val"]
    annotation = dataset.by_key["train/0001TP_006690"].read_annotation()
    assert names_in(annotation, dataset.class_set) == {"Road", "Bicyclist"}


def test_camvid_eleven_classes(tmp_path, photo, mask):
    photo(tmp_path / "c" / "train" / "a.png")
    mask(tmp_path / "c" / "trainannot" / "a.png", np.arange(48).reshape(6, 8) % 12)
    dataset = formats.read(tmp_path / "c")
    assert (dataset.format, dataset.class_set.name) == ("camvid", "camvid")
    assert len(names_in(dataset.images[0].read_annotation(), dataset.class_set)) == 12


@pytest.mark.parametrize("release", ["sf", "rand", "rand_custom_labelmap", "rand_meta_file", "al"])
def test_synthia_releases(shared_data, release):
    dataset = formats.read(shared_data / TINY / "synthia_dataset" / release)
    assert (dataset.format, len(dataset)) == ("synthia", 2)
    for item in dataset:
        assert item.path is not None
        assert item.read_annotation().labels_hw.all()


def test_synthia_of_sixteen_bits_holds_instances(tmp_path, photo):
    import cv2

    photo(tmp_path / "s" / "RGB" / "1.png", (1, 3))
    (tmp_path / "s" / "GT" / "LABELS").mkdir(parents=True)
    pixels = np.zeros((1, 3, 3), np.uint16)
    pixels[0, :, 0], pixels[0, :, 1] = [3, 8, 8], [0, 1, 300]
    cv2.imwrite(str(tmp_path / "s" / "GT" / "LABELS" / "1.png"), pixels[:, :, ::-1])
    annotation = formats.read(tmp_path / "s").images[0].read_annotation()
    assert instances_in(annotation) == {(8, 1), (8, 300)}


def test_mapillary_classes_come_from_its_config(shared_data):
    dataset = formats.read(shared_data / TINY / "mapillary_vistas_dataset")
    assert [c.name for c in dataset.class_set.classes][0] == "animal--bird"
    annotation = dataset.by_key["train/2"].read_annotation()
    assert class_map(annotation)[0].tolist() == [0, 1, 0, 1, 0]
    assert len(instances_in(annotation)) == 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gta5", {"road"}),
        ("bdd100k", {"road", "bicycle", "unlabeled"}),
        ("stanford-background", {"sky", "tree", "road", "grass", "water", "unknown"}),
        ("pascal-context", {"accordion", "aeroplane", "airpot"}),
    ],
)
def test_made_samples_have_their_classes(name, expected, shared_data, tmp_path):
    dataset = formats.read(place(name, shared_data, tmp_path / "d"))
    assert names_in(dataset.images[0].read_annotation(), dataset.class_set) == expected


def test_pascal_part_has_objects_and_parts(shared_data, tmp_path):
    dataset = formats.read(place("pascal-part", shared_data, tmp_path / "d"))
    whole, part = dataset.images[0].read_annotation().objects
    assert [dataset.class_set.by_id[o.class_id].name for o in (whole, part)] == ["car", "car wheel_1"]
    assert part.attributes == {"part_of": 1}
    assert part.z > whole.z


EXPECTED_NAMES = {"000000423617", "000000255165", "000000214753"}


@pytest.mark.parametrize("tool", ["labelme", "cvat", "labelstudio", "yolo-seg", "supervisely"])
def test_every_tool_gives_the_masks_of_the_same_photographs(shared_data, tool):
    """The files were made from the same COCO objects; outlines differ by the rounding of each tool's numbers."""
    dataset = formats.read(shared_data / TOOLS / tool)
    found = {i.name.split("-")[-1]: i for i in dataset}
    assert found.keys() >= EXPECTED_NAMES
    for name in EXPECTED_NAMES:
        annotation = found[name].read_annotation()
        height, width = annotation.size_hw
        archive = np.load(shared_data / TOOLS / "expected-masks" / f"{name}.npz")
        expected = np.unpackbits(archive["masks"], axis=-1)[..., :width].astype(bool)
        found_masks = masks_of(annotation)
        best = [max((m & e).sum() / (m | e).sum() for m in found_masks) for e in expected if e.sum() > 300]
        # Tools without parts split an object that has several, and then none of them fits the whole.
        assert np.mean(np.array(best) > 0.9) >= 0.7
        assert height == expected.shape[1]


def test_a_hole_survives_where_the_tool_has_holes(shared_data):
    folder = shared_data / TOOLS
    expected = np.array(Image.open(folder / "expected-masks" / "000000000471_bus.png")) > 0
    for tool in ("cvat", "labelstudio", "supervisely"):
        dataset = formats.read(folder / tool)
        item = next(i for i in dataset if i.name.endswith("000000000471"))
        found = masks_of(item.read_annotation())
        assert any((m & expected).sum() / (m | expected).sum() > 0.98 for m in found), tool


def test_labelme_keeps_every_shape_type_and_group(shared_data, tmp_path):
    source = shared_data / TOOLS / "labelme"
    dataset = formats.read(source)
    original = json.loads((source / "000000214753.json").read_text())
    formats.write(dataset, tmp_path / "out", "labelme")
    back = json.loads((tmp_path / "out" / "000000214753.json").read_text())
    kinds = lambda document: sorted((s["label"], s["shape_type"], len(s["points"])) for s in document["shapes"])  # noqa: E731
    assert kinds(back) == kinds(original)
    groups = [s["group_id"] for s in back["shapes"] if s["group_id"] is not None]
    assert len(groups) == 2
    assert groups[0] == groups[1]


@pytest.mark.parametrize("target", ["labelme", "cvat"])
def test_polygons_and_masks_survive_tools_exactly(shared_data, tmp_path, target):
    dataset = formats.read(shared_data / "coco-instances-ccby")
    formats.write(dataset, tmp_path / "out", target)
    again = formats.read(tmp_path / "out")
    for before in dataset.images[:10]:
        old, new = before.read_annotation(), again.by_key[before.key].read_annotation()
        names = [[d.class_set.by_id[o.class_id].name for o in a.objects] for d, a in ((dataset, old), (again, new))]
        assert sorted(names[0]) == sorted(names[1])
        key = lambda m: (int(m.sum()), m.tobytes())  # noqa: E731
        for a, b in zip(sorted(masks_of(old), key=key), sorted(masks_of(new), key=key), strict=True):
            assert np.array_equal(a, b)


def test_cvat_keeps_order_attributes_and_crowds(shared_data, tmp_path):
    dataset = formats.read(shared_data / TOOLS / "cvat")
    formats.write(dataset, tmp_path / "out", "cvat")
    again = formats.read(tmp_path / "out")
    for before in dataset:
        old, new = before.read_annotation(), again.by_key[before.key].read_annotation()
        facts = lambda a: [(o.z, o.is_crowd, dict(o.attributes)) for o in a.objects]  # noqa: E731
        assert facts(old) == facts(new)


def test_cvat_refuses_entities(tmp_path):
    bomb = '<!DOCTYPE a [<!ENTITY x "y">]><annotations><image name="&x;"/></annotations>'
    (tmp_path / "annotations.xml").write_text(bomb)
    with pytest.raises(UserError, match="entities"):
        formats.read(tmp_path / "annotations.xml", "cvat")


def test_yolo_round_trips_and_reports_what_it_cannot_hold(shared_data, tmp_path):
    dataset = formats.read(shared_data / "coco-instances-ccby")
    report = formats.write(dataset, tmp_path / "out", "yolo-seg")
    kinds = {loss.kind: loss.count for loss in report.losses}
    assert kinds["parts become objects of their own"] > 0
    assert kinds["crowds"] == 5
    again = formats.read(tmp_path / "out")
    assert (again.format, [c.name for c in again.class_set.classes]) == (
        "yolo-seg",
        [c.name for c in dataset.class_set.classes],
    )
    formats.write(again, tmp_path / "twice", "yolo-seg")
    for path in sorted((tmp_path / "out" / "labels").rglob("*.txt")):
        twice = tmp_path / "twice" / path.relative_to(tmp_path / "out")
        a, b = (np.array(f.read_text().split(), float) for f in (path, twice))
        assert np.allclose(a, b, atol=1e-8)


@pytest.mark.parametrize(
    "text", ["names: [a, 'b c']", "names:\n  0: a\n  1: 'b c'\n", "names:\n- a\n- b c\nnc: 2", "names: {0: a, 1: b c}"]
)
def test_yolo_names_in_every_notation(text):
    from segstudio.formats.yolo_seg import names_of_yaml

    assert names_of_yaml("nc: 2\n" + text) == {0: "a", 1: "b c"}


def test_isat_groups_layers_and_colours(shared_data):
    root = shared_data / "label-tools" / "genuine" / "isat"
    rows = json.loads((root / "000000000872.json").read_text())["objects"]
    dataset = formats.read(root)
    annotation = dataset.images[0].read_annotation()
    assert len(annotation.objects) == len({(r["category"], r["group"]) for r in rows})
    assert dataset.class_set.by_name["person"].color == (0xEF, 0x29, 0x29)
    truth = np.array(Image.open(root / "instance_000000000872.png").convert("RGB")).any(axis=2)
    drawn = np.any(masks_of(annotation), axis=0)
    assert (drawn & truth).sum() / (drawn | truth).sum() > 0.98


def test_via_in_all_its_files(shared_data):
    folder = shared_data / TOOLS / "via"
    counts = set()
    for name in ("via_project.json", "via_region_data.json", "via1_region_data.json"):
        dataset = formats.read(folder / name)
        assert {i.key for i in dataset} == EXPECTED_NAMES
        counts.add(sum(len(i.read_annotation().objects) for i in dataset))
    assert len(counts) == 1
    genuine = shared_data / "label-tools" / "genuine" / "via"
    for name in ("unit_test_annotation1.csv", "unit_test_annotation2.json"):
        dataset = formats.read(genuine / name)
        swan = dataset.by_key["sinus_test_pattern"].read_annotation()
        assert [len(part.exterior_xy) for o in swan.objects for part in o.shape.parts] == [11]


def test_label_studio_brush_strokes_decode_exactly(shared_data):
    dataset = formats.read(shared_data / TOOLS / "labelstudio")
    item = next(i for i in dataset if i.name.endswith("471"))
    expected = np.array(Image.open(shared_data / TOOLS / "expected-masks" / "000000000471_bus.png")) > 0
    assert any(np.array_equal(m, expected) for m in masks_of(item.read_annotation()))
