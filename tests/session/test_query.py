"""The filter language: what it understands, where it says that it does not, and what it finds, held to plain Python."""

from __future__ import annotations

import math
import operator
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.session.dataset.image_table import ImageTable
from segstudio.session.dataset.images import Remark
from segstudio.session.dataset.query import And, Not, Or, QueryError, Term, parse
from segstudio.session.dataset.query_fields import FIELDS
from segstudio.session.dataset.query_run import find
from segstudio.store.image_facts import CLASS_FACT, NO_CLASS, OBJECT_FACT, FactColumns, ImageFacts

CLASSES = ClassSet.of_names(["road", "car", "traffic light"])
IDS = {one.name: one.id for one in CLASSES.classes}


def image_facts(classes=(), objects=(), **scalars):
    """Facts from (class name, pixels, objects, IoU) and (class name, area, score)."""
    return ImageFacts(
        np.array([(IDS[name], *rest) for name, *rest in classes], CLASS_FACT),
        np.array([(IDS[name], *rest) for name, *rest in objects], OBJECT_FACT),
        **scalars,
    )


def table_of(*facts, keys=None):
    keys = keys or [f"city/image_{number}" for number in range(len(facts))]
    table = ImageTable([ImageItem(key, None, (100, 200), "val") for key in keys])
    table.load_facts(FactColumns.of([one.pack() for one in facts]), np.arange(len(facts)))
    return table


def found(text, table):
    return np.flatnonzero(find(parse(text), table, CLASSES)).tolist()


def test_terms_side_by_side_speak_of_the_same_class():
    both_small = image_facts([("car", 10, 1, 0.9), ("road", 9000, 0, 0.2)])
    large_car = image_facts([("car", 9000, 1, 0.2)])
    table = table_of(both_small, large_car)
    assert found("class:car", table) == [0, 1]
    assert found("class:car area>5000", table) == [1]
    assert found("class:car (area>5000)", table) == [1]
    assert found("area>5000", table) == [0, 1]
    assert found("class:car iou<0.6", table) == [1]
    assert found("-class:road", table) == [1]
    assert found("class:car -area>5000", table) == []
    assert found("class:car area<=5000 or iou<30%", table) == [0, 1]


def test_objects_belong_to_their_class():
    table = table_of(
        image_facts([("car", 10, 2, math.nan), ("road", 9, 1, math.nan)], [("car", 5, 0.1), ("road", 9, 0.9)]),
        image_facts([("car", 10, 1, math.nan)], [("car", 10, 0.9)]),
    )
    assert found("score>0.5", table) == [0, 1]
    assert found("class:car score>0.5", table) == [1]
    assert found("class:car score>0.5 size>=10", table) == [1]
    assert found("class:car -score>0.5", table) == []
    assert found("objects:2", table) == [0]
    assert found("count>=2 class:car", table) == [0]


def test_words_names_tags_and_dates():
    table = table_of(ImageFacts(), ImageFacts(), ImageFacts(), keys=["a/Frankfurt_1", "b/x", "b/frankfurt 2"])
    table.words["status"].set(1, "reviewed")
    table.words["person"].set(2, "Ana María")
    table.set_remark(0, Remark("glare on the lens", ("night", "bad weather")))
    table.set_remark(1, Remark(tags=("flagged",)))
    table.numbers["edited"][1] = datetime(2026, 11, 3, 12, tzinfo=UTC).timestamp()
    assert found("name~frankfurt", table) == [0, 2]
    assert found("FRANKFURT", table) == [0, 2]
    assert found('"frankfurt 2"', table) == [2]
    assert found("status:todo", table) == found('status:"to do"', table) == [0, 2]
    assert found("status!=todo", table) == [1]
    assert found("tag:night", table) == [0]
    assert found("tag:bad-weather", table) == [0]
    assert found("-tag:night", table) == found("tag!=night", table) == [1, 2]
    assert found('person:"ana maría"', table) == [2]
    assert found("note~LENS", table) == found("is:noted", table) == [0]
    assert found("is:flagged", table) == [1]
    assert found("is!=flagged", table) == [0, 2]
    assert found("edited>=2026-11-03 edited<2026-11-04", table) == [1]
    assert found("width:200 height<1k", table) == [0, 1, 2]
    assert found("", table) == [0, 1, 2]


def test_what_is_not_known_is_never_met():
    table = table_of(ImageFacts(), image_facts(mean_iou=0.5))
    assert found("miou<2", table) == found("miou!=7", table) == [1]
    assert found("-miou<2", table) == [0]
    assert found("worst:car", table) == found("worst!=car", table) == []


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("class:cra", 1, "there is no class"),
        ("name~x clss:car", 8, "there is no field “clss”"),
        ("iou<abc", 5, "“abc” is not a number"),
        ("iou<", 5, "needs a value"),
        ("iou~3", 4, "cannot be compared with ~"),
        ("status<3", 7, "cannot be compared with <"),
        ("(class:car", 1, "not closed"),
        ("class:car)", 10, "no “(”"),
        ("class:car or", 13, "missing here"),
        ("or class:car", 1, "missing here"),
        ("()", 2, "missing here"),
        ("a - b", 3, "a minus needs"),
        ("-", 1, "a minus needs"),
        ("x not", 3, "a minus needs"),
        ('tag:"night', 5, "not closed"),
        ("edited>yesterday", 8, "is not a date"),
        ("is:happy", 4, "no state"),
        ("iou<1e999", 5, "not a number"),
        ("(" * 60 + "a" + ")" * 60, 51, "too many parentheses"),
    ],
)
def test_errors_point_at_the_column(text, column, words):
    with pytest.raises(QueryError) as caught:
        find(parse(text), table_of(ImageFacts()), CLASSES)
    assert caught.value.column == column
    assert words in str(caught.value)


def test_a_near_miss_is_offered():
    with pytest.raises(QueryError) as caught:
        parse("statu:x")
    assert caught.value.hint == "did you mean status?"
    with pytest.raises(QueryError) as caught:
        found("class:trafic-light", table_of(ImageFacts()))
    assert caught.value.hint == "did you mean traffic light?"


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_understood_or_refused_in_words(text):
    column = 1
    try:
        find(parse(text), table_of(ImageFacts()), CLASSES)
    except QueryError as error:
        column = error.column
    assert 1 <= column <= len(text) + 1


# ── held to a plain walk over dictionaries ───────────────────────────────────────────────────────────────────────────

NUMBERS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 3.0, math.nan])
AN_IMAGE = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["to do", "labelled"]),
        "miou": NUMBERS,
        "tags": st.sets(st.sampled_from(["night", "rain"])),
        "classes": st.dictionaries(
            st.sampled_from(sorted(IDS)),
            st.fixed_dictionaries({"area": NUMBERS, "iou": NUMBERS, "scores": st.lists(NUMBERS, max_size=3)}),
        ),
    }
)
LEAVES = st.one_of(
    st.builds(lambda word: f"class:{word}", st.sampled_from(["road", "car", "trafficlight"])),
    st.builds(lambda word: f"status:{word}", st.sampled_from(["todo", "labelled"])),
    st.builds(lambda word: f"tag:{word}", st.sampled_from(["night", "rain"])),
    st.builds(
        lambda name, op, value: f"{name}{op}{value}",
        st.sampled_from(["miou", "area", "iou", "score"]),
        st.sampled_from(["<", "<=", ">", ">=", ":", "!="]),
        st.sampled_from(["0.25", "50%", "1"]),
    ),
)
QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda one: f"-({one})", inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: " ".join(f"({part})" for part in parts)),
        st.lists(inner, min_size=2, max_size=3).map(" or ".join).map(lambda text: f"({text})"),
    ),
    max_leaves=8,
)
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}


def passes(node, image):
    """Whether any place of the image makes the tree true."""
    places = [(None, None)]
    for name, one in image["classes"].items():
        places += [(name, None), *((name, score) for score in one["scores"])]
    return any(holds(node, image, *place) for place in places)


def holds(node, image, class_name, score):
    if isinstance(node, And):
        return all(holds(one, image, class_name, score) for one in node.nodes)
    if isinstance(node, Or):
        return any(holds(one, image, class_name, score) for one in node.nodes)
    if isinstance(node, Not):
        return not passes(node.node, image)
    name, wanted = node.field.name, node.value
    if name == "class":
        return class_name is not None and class_name.replace(" ", "") == wanted
    if name == "status":
        return image["status"].replace(" ", "") == wanted
    if name == "tag":
        return wanted in image["tags"]
    if name == "miou":
        value = image["miou"]
    elif name == "score":
        value = math.nan if score is None else score
    else:
        value = math.nan if class_name is None else image["classes"][class_name][name]
    if math.isnan(value):
        return False
    return value != wanted if node.op == "!=" else COMPARE[node.op](value, wanted)


def facts_of(image):
    present = [(name, 0 if math.isnan(o["area"]) else o["area"], 0, o["iou"]) for name, o in image["classes"].items()]
    objects = [(name, 1.0, score) for name, one in image["classes"].items() for score in one["scores"]]
    return image_facts(present, objects, mean_iou=image["miou"])


@given(st.lists(AN_IMAGE, min_size=1, max_size=6), QUERIES, st.data())
@settings(max_examples=400, deadline=None)
def test_what_is_found_is_what_a_plain_walk_finds(images, text, data):
    for image in images:
        for one in image["classes"].values():
            one["area"] = 0 if math.isnan(one["area"]) else int(one["area"])
    table = table_of(*map(facts_of, images))
    if data.draw(st.booleans()):  # the same by one image after the other, each over something that was there before
        for index, image in enumerate(images):
            table.set_facts(index, facts_of(images[0]))
            table.set_facts(index, facts_of(image))
    for index, image in enumerate(images):
        table.words["status"].set(index, image["status"])
        table.set_remark(index, Remark(tags=tuple(image["tags"])))
    node = parse(text)
    assert found(text, table) == [index for index, image in enumerate(images) if passes(node, image)]


def test_rows_that_were_replaced_are_swept_and_nothing_is_lost(monkeypatch):
    monkeypatch.setattr("segstudio.session.dataset.image_table._ENOUGH_DEAD", 3)
    cars = image_facts([("car", 10, 1, 0.5), ("road", 1, 0, 0.5)], [("car", 10, 0.9)])
    table = table_of(cars, ImageFacts(), cars)
    for round_ in range(40):
        table.set_facts(1, image_facts([("road", 1, 0, math.nan)]) if round_ % 2 else cars)
    assert table.classes.count < 20
    assert found("class:car score>0.5", table) == [0, 2]
    assert found("class:road", table) == [0, 1, 2]


def test_every_field_has_an_example_that_is_understood():
    table = table_of(ImageFacts(worst_class=NO_CLASS))
    classes = ClassSet.of_names(["car", "rider"])
    for field in FIELDS.values():
        node = parse(field.example)
        assert isinstance(node, Term)
        assert node.field is field
        find(node, table, classes)
