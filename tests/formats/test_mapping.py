"""Class mapping: rename, merge, drop, by name or by a person's table."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.errors import UserError
from segstudio.core.segments import SegmentTable
from segstudio.formats.mapping import by_name, mapped, mapping_of_file

CITY = ClassSet.load("cityscapes")


def class_map(annotation):
    return SegmentTable(annotation.segments).class_lut(unknown=-99)[annotation.labels_hw]


@pytest.fixture
def table(tmp_path):
    def write(document):
        path = tmp_path / "map.json"
        path.write_text(json.dumps(document))
        return path

    return write


def test_names_meet_without_regard_to_case_and_separators():
    mapping = by_name(ClassSet.of_names(["Traffic_Light", "unicorn"]), CITY)
    assert dict(mapping.target_of) == {0: 19, 1: None}


def test_renaming_and_merging_keep_the_first_class_of_a_name(table):
    mapping = mapping_of_file(table({"truck": "car", "bus": "vehicle", "sky": None}), CITY)
    assert mapping.target_of[27] == mapping.target_of[26] == 26
    assert mapping.target.by_id[28].name == "vehicle"
    assert mapping.target_of[23] is None
    assert "sky" not in mapping.target.by_name
    assert mapping.target_of[7] == 7


def test_the_rest_can_be_dropped(table):
    mapping = mapping_of_file(table({"classes": {"car": "car"}, "rest": "drop"}), CITY)
    assert [c.name for c in mapping.target.classes] == ["car"]


def test_a_target_class_set_gives_ids_and_colours(table):
    mapping = mapping_of_file(table({"target": "coco", "classes": {"rider": "person"}}), CITY)
    assert mapping.target_of[25] == mapping.target_of[24] == 1
    assert mapping.target_of[7] is None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"lorry": "truck"}, "no class 'lorry' in 'cityscapes'"),
        ({"target": "coco", "classes": {"car": "lorry"}}, "no class 'lorry' in 'coco'"),
        ({"car": 3}, "the new name of 'car' is no text"),
        ([1], "not a class mapping"),
    ],
)
def test_a_wrong_table_names_the_file_and_the_class(table, document, message):
    with pytest.raises(UserError, match=message) as raised:
        mapping_of_file(table(document), CITY)
    assert "map.json" in str(raised.value)


def test_a_mapped_data_set_is_written_with_the_new_classes(table, cityscapes_tree, tmp_path):
    mapping = mapping_of_file(table({"car": "vehicle", "road": None}), CITY)
    dataset = mapped(formats.read(cityscapes_tree), mapping)
    before = formats.read(cityscapes_tree).images[0].read_annotation()
    annotation = dataset.images[0].read_annotation()
    old, new = class_map(before), class_map(annotation)
    assert np.array_equal(new == 26, old == 26)
    assert (annotation.labels_hw[old == 7] == 0).all()
    assert {loss.kind: loss.pixels for loss in mapping.losses(before)}["classes without a target"] == (old == 7).sum()
    formats.write(dataset, tmp_path / "out", "class-id-png")
    again = formats.read(tmp_path / "out")
    assert again.class_set.by_id[26].name == "vehicle"
    assert np.array_equal(class_map(again.images[0].read_annotation()) == 26, old == 26)
