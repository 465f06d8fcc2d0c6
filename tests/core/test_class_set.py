"""Class sets: unique, written and read alike, and mapped to evaluation indices."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet, LabelClass, distinct_color
from segstudio.core.errors import UserError

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
CLASSES = st.builds(
    LabelClass,
    st.integers(-1, 50),
    st.text("abcdefgh ", min_size=1, max_size=8),
    COLOURS,
    st.sampled_from([255, 0, 1, 2, 3]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "vehicle"]),
)
SETS = st.lists(CLASSES, max_size=8, unique_by=(lambda c: c.id, lambda c: c.name)).map(
    lambda classes: ClassSet("made", tuple(classes), "Made up", {"source": "here"})
)


@given(SETS)
def test_json_brings_the_set_back(class_set):
    document = json.loads(json.dumps(class_set.to_json()))
    assert ClassSet.from_json(document) == class_set


@given(SETS)
def test_every_counted_class_has_an_index_and_no_other(class_set):
    index = class_set.index_of
    assert set(index.values()) == set(range(class_set.num_classes))
    with_train_ids = any(0 <= c.train_id < 255 and not c.is_ignored for c in class_set.classes)
    for c in class_set.classes:
        counts = not c.is_ignored and (not with_train_ids or c.train_id < 255)
        assert (c.id in index) == counts
        if counts:
            same = class_set.evaluated[index[c.id]]
            assert same == c or same.train_id == c.train_id


def test_cityscapes_is_what_it_is():
    cityscapes = ClassSet.load("cityscapes")
    assert len(cityscapes.classes) == 35
    assert cityscapes.num_classes == 19
    assert cityscapes.by_name["car"].id == 26
    assert cityscapes.index_of[26] == 13
    assert -1 not in cityscapes.index_of
    assert cityscapes.ignored_index == 255


def test_every_bundled_set_loads():
    names = ClassSet.bundled_names()
    assert "cityscapes" in names
    for name in names:
        class_set = ClassSet.load(name)
        assert class_set.classes
        assert ClassSet.from_json(class_set.to_json()) == class_set


def test_more_classes_than_a_byte_counts():
    assert ClassSet.of_names([str(i) for i in range(254)]).ignored_index == 255
    assert ClassSet.of_names([str(i) for i in range(255)]).ignored_index == 65535
    assert ClassSet.of_names([str(i) for i in range(400)]).num_classes == 400


@pytest.mark.parametrize(("what", "pair"), [("id", (1, 1, "a", "b")), ("name", (1, 2, "a", "a"))])
def test_doubles_are_refused(what, pair):
    first, second, one, other = pair
    with pytest.raises(UserError, match=f"{what} .* is used twice"):
        ClassSet("x", (LabelClass(first, one, (0, 0, 0)), LabelClass(second, other, (0, 0, 0))))


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"classes": [{"name": "no id"}]},
        {"classes": [{"id": "x", "name": "a"}]},
        {"classes": [{"id": 1, "name": "a", "color": [0, 0, 256]}]},
        {"classes": [{"id": 1, "name": "a", "color": [0]}]},
        {"classes": 7},
        {"classes": ["a"]},
    ],
    ids=str,
)
def test_json_that_describes_no_classes_names_its_file(tmp_path, document):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(document))
    with pytest.raises(UserError, match=r"bad\.json"):
        ClassSet.load(path)


def test_missing_and_broken_files_are_named(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(UserError, match=r"broken\.json"):
        ClassSet.load(tmp_path / "broken.json")
    with pytest.raises(UserError, match=r"none\.json"):
        ClassSet.load(tmp_path / "none.json")
    with pytest.raises(UserError, match="cityscapes"):
        ClassSet.load("no-such-set")


def test_with_class_adds_or_replaces():
    two = ClassSet.of_names(["a", "b"])
    assert [c.name for c in two.with_class(LabelClass(7, "c", (0, 0, 0))).classes] == ["a", "b", "c"]
    assert [c.name for c in two.with_class(LabelClass(1, "z", (0, 0, 0))).classes] == ["a", "z"]


def test_colours_of_a_palette_differ():
    assert len({distinct_color(i) for i in range(100)}) == 100
    assert all(0 <= channel <= 255 for i in range(300) for channel in distinct_color(i))
