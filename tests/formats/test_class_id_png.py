"""Folders of class-id PNGs: pairing, class sets, unknown ids, exact round trips."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.class_set import LabelClass
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.segments import SegmentTable
from segstudio.ops.image import read_label_png

CITY = ClassSet.load("cityscapes")


def class_map(annotation, class_set):
    lut = SegmentTable(annotation.segments).class_lut(unknown=-99)
    return lut[annotation.labels_hw]


def test_masks_are_paired_with_pictures_by_name(tmp_path, photo, mask):
    photo(tmp_path / "d" / "images" / "x" / "a.jpg")
    photo(tmp_path / "d" / "images" / "b.jpg")
    mask(tmp_path / "d" / "labels" / "x" / "a.png", np.full((6, 8), 7))
    mask(tmp_path / "d" / "labels" / "b_labelIds.png", np.full((6, 8), 26))
    dataset = formats.read(tmp_path / "d", class_set=CITY)
    assert dataset.format == "class-id-png"
    assert {item.key: item.path.name for item in dataset} == {"x/a": "a.jpg", "b": "b.jpg"}
    assert set(np.unique(class_map(dataset.by_key["b"].read_annotation(), CITY))) == {26}


def test_masks_beside_jpegs_in_one_folder(tmp_path, photo, mask):
    photo(tmp_path / "d" / "a.jpg")
    mask(tmp_path / "d" / "a.png", np.eye(6, 8))
    (item,) = formats.read(tmp_path / "d").images
    assert (item.key, item.path.name) == ("a", "a.jpg")


def test_unknown_ids_are_named_with_the_file(tmp_path, mask):
    mask(tmp_path / "d" / "a.png", [[7, 77, 78]])
    (item,) = formats.read(tmp_path / "d", "class-id-png", class_set=CITY).images
    with pytest.raises(UserError, match=r"a\.png: class ids 77, 78 are not in the class set 'cityscapes'"):
        item.read_annotation()


def test_a_mask_of_another_size_names_both(tmp_path, photo, mask):
    photo(tmp_path / "d" / "images" / "a.jpg", (6, 8))
    mask(tmp_path / "d" / "labels" / "a.png", np.zeros((6, 7)))
    (item,) = formats.read(tmp_path / "d", class_set=CITY).images
    with pytest.raises(UserError, match=r"a\.png: the mask has 7×6 pixels, its image a\.jpg 8×6"):
        item.read_annotation()


def test_a_cut_off_mask_is_named(tmp_path, mask):
    path = mask(tmp_path / "d" / "a.png", np.random.default_rng(0).integers(0, 30, (64, 64)))
    path.write_bytes(path.read_bytes()[:-40])
    (item,) = formats.read(tmp_path / "d", "class-id-png", class_set=CITY).images
    with pytest.raises(UserError, match=r"a\.png"):
        item.read_annotation()


def test_void_255_is_unlabelled_where_the_set_has_no_such_class(tmp_path, mask):
    mask(tmp_path / "d" / "a.png", [[7, 255, 0]])
    (item,) = formats.read(tmp_path / "d", "class-id-png", class_set=CITY).images
    annotation = item.read_annotation()
    assert annotation.labels_hw[0, 1] == 0
    assert SegmentTable(annotation.segments).class_lut()[annotation.labels_hw[0, [0, 2]]].tolist() == [7, 0]


def test_train_ids_are_known_by_the_name(tmp_path, mask):
    mask(tmp_path / "d" / "a_labelTrainIds.png", [[0, 13, 255]])
    (item,) = formats.read(tmp_path / "d", "class-id-png", class_set=CITY).images
    assert class_map(item.read_annotation(), CITY).tolist() == [[7, 26, -99]]


def test_colours_of_a_class_set_are_read(tmp_path):
    colors = np.array([[CITY.by_id[7].color, CITY.by_id[26].color, (0, 0, 0)]], np.uint8)
    (tmp_path / "d").mkdir()
    Image.fromarray(colors).save(tmp_path / "d" / "a.png")
    (item,) = formats.read(tmp_path / "d", "class-id-png", class_set=CITY).images
    assert class_map(item.read_annotation(), CITY)[0, :2].tolist() == [7, 26]


def test_classes_are_sniffed_from_ids_and_a_voc_palette_is_known(tmp_path, mask):
    mask(tmp_path / "plain" / "a.png", [[0, 3, 255]])
    sniffed = formats.read(tmp_path / "plain").class_set
    assert [c.id for c in sniffed.classes] == [0, 1, 2, 3, 255]
    assert sniffed.num_classes == 4
    voc = ClassSet.load("voc")
    indexed = Image.fromarray(np.array([[0, 15, 255]], np.uint8), mode="P")
    palette = {c.id: c.color for c in voc.classes}
    indexed.putpalette([v for i in range(256) for v in palette.get(i, (9, 9, 9))])
    (tmp_path / "voc").mkdir()
    indexed.save(tmp_path / "voc" / "a.png")
    assert formats.read(tmp_path / "voc").class_set.name == "voc"


def test_real_index_masks_have_the_pixels_that_the_files_have(shared_data):
    folder = shared_data / "coco-panoptic-ccby" / "semantic"
    dataset = formats.read(folder, class_set=ClassSet.load("coco-panoptic"))
    assert len(dataset) == 32
    for item in dataset.images[:8]:
        values = np.array(Image.open(folder / f"{item.key}.png")).astype(int)
        found = class_map(item.read_annotation(), dataset.class_set)
        assert np.array_equal(np.where(values == 0, -99, values), found)


@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([*range(34)])),
)
def test_round_trip_is_exact(values):
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(values).save(Path(folder, "a.png"))
        dataset = formats.read(Path(folder, "a.png"), "class-id-png", class_set=CITY)
        formats.write(dataset, Path(folder, "out"), "class-id-png")
        assert np.array_equal(np.array(Image.open(Path(folder, "out", "a.png"))), values)


def test_sixteen_bit_ids_survive(tmp_path):
    class_set = ClassSet("big", (LabelClass(300, "a", (1, 2, 3)), LabelClass(65534, "b", (3, 2, 1))))
    labels = np.array([[1, 2, 0]], np.uint16)
    annotation = Annotation((1, 3), labels, tuple(SegmentTable.for_classes(class_set)))
    item = ImageItem("a", None, read_annotation=lambda: annotation)
    formats.write(Dataset("d", tmp_path, "class-id-png", class_set, [item]), tmp_path / "out", "class-id-png")
    assert np.array(Image.open(tmp_path / "out" / "a.png")).tolist() == [[300, 65534, 255]]
    assert formats.read(tmp_path / "out").class_set.name == "big"


def test_pictures_come_along_when_asked(tmp_path, photo, mask):
    photo(tmp_path / "d" / "images" / "a.jpg")
    mask(tmp_path / "d" / "labels" / "a.png", np.full((6, 8), 7))
    dataset = formats.read(tmp_path / "d", class_set=CITY)
    formats.write(dataset, tmp_path / "out", "class-id-png", images="copy")
    (item,) = formats.read(tmp_path / "out").images
    assert item.path.read_bytes() == (tmp_path / "d" / "images" / "a.jpg").read_bytes()


def test_a_class_set_tells_noise_of_its_ids_from_a_photograph(tmp_path, mask):
    ade = ClassSet.load("ade20k")
    values = np.random.default_rng(0).integers(0, 151, (40, 40))
    mask(tmp_path / "d" / "a.png", values)
    assert formats.read(tmp_path / "d").format == "images"
    dataset = formats.read(tmp_path / "d", class_set=ade)
    assert dataset.format == "class-id-png"
    assert np.array_equal(class_map(dataset.images[0].read_annotation(), ade), values)


def test_a_label_file_is_decoded_once_while_the_data_set_is_opened(tmp_path, monkeypatch):
    (tmp_path / "labels").mkdir()
    path = tmp_path / "labels" / "a.png"
    Image.fromarray(np.full((40, 50), 3, np.uint8)).save(path)
    decoded = []

    def counted(asked):
        decoded.append(asked)
        return read_label_png(asked)

    monkeypatch.setattr("segstudio.formats.class_sniffing.read_label_png", counted)
    assert formats.format_of(tmp_path) == "class-id-png"
    dataset = formats.read(tmp_path, "class-id-png")
    assert len(dataset) == 1
    assert decoded == [path]
    # Another file under the same name is looked at again.
    Image.fromarray(np.full((41, 50), 7, np.uint8)).save(path)
    assert max(c.id for c in formats.read(tmp_path, "class-id-png").class_set.evaluated) == 7
    assert decoded == [path, path]
