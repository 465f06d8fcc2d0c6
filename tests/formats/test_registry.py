"""Finding the format of a path, and the errors that a person gets when there is none or more than one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.errors import UserError


def test_importing_the_room_loads_neither_pictures_nor_formats():
    code = (
        "import sys, segstudio.formats; "
        "print([m for m in sys.modules if m.split('.')[0] in ('cv2', 'PIL', 'pycocotools', 'shapely') "
        "or m.startswith('segstudio.formats.co') or m.startswith('segstudio.formats.city')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", formats.names())
def test_every_name_is_a_format_with_that_name(name):
    from segstudio.formats.registry import get

    assert get(name).name == name


def test_an_unknown_format_is_named_with_the_known_ones(tmp_path):
    with pytest.raises(UserError, match="no format 'pngs'.*coco-instances"):
        formats.read(tmp_path, "pngs")


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(UserError, match="nothing-here: no such file or folder"):
        formats.read(tmp_path / "nothing-here")


def test_an_empty_folder_is_in_no_format(tmp_path):
    with pytest.raises(UserError, match="in none of the known formats"):
        formats.read(tmp_path)


def test_a_folder_that_fits_two_formats_equally_asks(coco_file, tmp_path):
    coco_file()
    panoptic = {"images": [], "annotations": [{"segments_info": [], "image_id": 1}], "categories": []}
    (tmp_path / "coco" / "panoptic.json").write_text(json.dumps(panoptic))
    with pytest.raises(UserError, match="coco-instances.*coco-panoptic") as raised:
        formats.read(tmp_path / "coco")
    assert "--from" in raised.value.hint
    assert formats.read(tmp_path / "coco", "coco-instances").format == "coco-instances"


def test_a_misleading_name_does_not_decide(tmp_path, photo):
    photo(tmp_path / "shots" / "aachen_000000_000019_gtFine_labelIds.png")
    assert [c.name for c in formats.detect(tmp_path / "shots")] == ["images"]


def test_split_keeps_only_that_split(cityscapes_tree):
    assert len(formats.read(cityscapes_tree, split="val")) == 2
    with pytest.raises(UserError, match="no split 'test'.*val"):
        formats.read(cityscapes_tree, split="test")


def test_options_of_another_format_are_refused(cityscapes_tree, tmp_path):
    dataset = formats.read(cityscapes_tree)
    with pytest.raises(UserError, match="no option 'segmentation'"):
        formats.write(dataset, tmp_path / "out", "cityscapes", segmentation="rle")
    with pytest.raises(UserError, match="train_ids='maybe'"):
        formats.write(dataset, tmp_path / "out", "cityscapes", options={"train_ids": "maybe"})


def test_bundled_class_sets_load_and_have_the_counts_that_their_papers_name():
    counts = {name: ClassSet.load(name).num_classes for name in ClassSet.bundled_names()}
    expected = {"cityscapes": 19, "coco": 80, "coco-panoptic": 133, "voc": 21, "ade20k": 150, "camvid": 11}
    expected |= {"pascal-context": 59, "stanford-background": 8, "synthia": 16, "gta5": 19, "kitti": 19}
    assert {name: counts[name] for name in expected} == expected
    assert len(ClassSet.load("cityscapes").classes) == 35
    assert ClassSet.load("cityscapes").by_name["license plate"].id == -1
    assert max(ClassSet.load("coco").by_id) == 90
