"""Who made each pixel of the open image, live, and what follows from it: people's pixels survive what is automatic."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.core.layer import LABELS, Layer
from segstudio.session import Session
from segstudio.session.assist.forest import FOREST
from segstudio.session.edits import origins
from segstudio.session.edits.accept_sparing import accept_whole
from segstudio.session.edits.onward import propagate_labels
from segstudio.session.edits.refining import Refining
from segstudio.session.jobs import SyncJobs
from segstudio.session.journal import restore_after
from segstudio.store.origins import kind_of
from tests.session.answering_host import AnsweringHost
from tests.session.conftest import CLASSES, SIZE_HW, opened, session, street

__all__ = ["opened", "session", "street"]


def paint(document, class_id, rect, tool="brush"):
    with document.begin("brush", tool=tool) as stroke:
        stroke.paint(rect, stroke.segment_for_class(class_id))


def predict(document, ids_hw, run="net"):
    layer = Layer(f"prediction:{run}", document.size_hw, locked=True)
    layer.ensure_class_segments(CLASSES)
    layer.raster.writable(layer.raster.bounds)[...] = ids_hw
    layer.extra = {"run": run, "model": "espnet", "weights": "abcd"}
    document.set_prediction(layer)
    return layer.name


def everywhere(class_id):
    return np.full(SIZE_HW, class_id + 1, np.uint16)


def reopened(session, street, tmp_path):
    session.close()
    again = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost, person="later")
    again.open_path(street, format="class-id-png", class_set=CLASSES)
    assert again.document is not None
    return again


def same_as_stored(session):
    """The live answer is the store's: the same authors of the same pixels."""
    live, document = session.origins.raster, session.document
    stored = session.project.authors.raster(document.key, LABELS)
    if stored is None:
        return not live.index_hw.any()
    names = [
        np.array([repr(sorted((k, v) for k, v in o.items() if k != "when")) for o in one.origins])[one.index_hw]
        for one in (live, stored)
    ]
    return bool((names[0] == names[1]).all())


def test_the_pixel_under_the_cursor_tells_person_tool_and_weights(opened):
    document = opened.document
    paint(document, 1, Rect(0, 0, 10, 10), tool="wand")
    accept_whole(opened, document, predict(document, everywhere(0)))
    assert {k: v for k, v in opened.origins.at(5, 5).items() if k != "when"} == {
        "kind": "human",
        "person": "tester",
        "tool": "wand",
    }
    found = opened.origins.at(50, 50)
    assert (found["kind"], found["run"], found["model"], found["weights"]) == ("model", "net", "espnet", "abcd")
    assert found["when"] > opened.origins.at(5, 5)["when"][:10]
    assert opened.origins.at(-1, 0) is None


def test_undo_redo_and_going_back_give_the_makers_back(opened):
    document = opened.document
    opened.origins.need()
    paint(document, 1, Rect(0, 0, 40, 40), tool="wand")
    edit_id = opened.project.edits(document.key)[-1].id
    paint(document, 0, Rect(0, 0, 20, 20), tool="brush")
    assert opened.origins.at(5, 5)["tool"] == "brush"
    opened.undo()
    assert opened.origins.at(5, 5)["tool"] == "wand"
    opened.redo()
    assert opened.origins.at(5, 5)["tool"] == "brush"
    restore_after(opened, edit_id, "go back")
    assert opened.origins.at(5, 5)["tool"] == "wand"
    assert same_as_stored(opened)


steps = st.one_of(
    st.tuples(st.just("paint"), st.integers(0, 2), st.integers(0, 80), st.integers(0, 50), st.integers(1, 40)),
    st.tuples(st.just("accept"), st.integers(0, 2)),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(steps, max_size=12), asked_after=st.integers(0, 6), patches_at_once=st.sampled_from([0, 64]))
def test_the_live_answer_is_the_stores(opened, script, asked_after, patches_at_once):
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(origins, "_PATCHES_AT_ONCE", patches_at_once)
        do(opened, script, asked_after)
    opened.origins.need()
    assert same_as_stored(opened)


def do(opened, script, asked_after):
    document = opened.document
    for number, (kind, *values) in enumerate(script):
        if number == asked_after:
            opened.origins.need()
        if kind == "paint":
            class_id, x, y, side = values
            paint(document, class_id, Rect(x, y, min(90, x + side), min(60, y + side)))
        elif kind == "accept":
            accept_whole(opened, document, predict(document, everywhere(values[0])))
        else:
            getattr(opened, kind)()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    strokes=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 80), st.integers(0, 50), st.integers(1, 30)), min_size=1, max_size=5
    ),
    automatic=st.lists(st.sampled_from(["all", "class", "forest", "refined", "carried"]), min_size=1, max_size=6),
)
def test_human_pixels_survive_every_automatic_action(opened, strokes, automatic):
    """Whatever a program does over a whole image, in whatever order: what people drew before it stays."""
    document = opened.document
    drawn_hw = np.zeros(SIZE_HW, np.bool_)
    opened.go(0)
    for number, way in enumerate(automatic):
        if number < len(strokes):
            class_id, x, y, side = strokes[number]
            rect = Rect(x, y, min(90, x + side), min(60, y + side))
            before = document.labels.raster.snapshot()
            paint(document, class_id, rect)
            drawn_hw |= before != document.labels.raster.ids_hw
        human = document.labels.raster.snapshot()
        if way == "all":
            accept_whole(opened, document, predict(document, everywhere(number % 3)))
        elif way == "class":
            accept_whole(opened, document, predict(document, everywhere(number % 3)), class_id=number % 3)
        elif way == "forest":
            accept_whole(opened, document, predict(document, everywhere(number % 3), run="forest"))
        elif way == "refined":
            refining = Refining(opened, predict(document, everywhere(number % 3)))
            refining.preview(0.5, "guided")
            refining.keep()
            accept_whole(opened, document, refining.name)
        else:
            propagate_labels(opened, lambda arrivals: None, with_flow=False)
        now = document.labels.raster.ids_hw
        assert np.array_equal(now[drawn_hw], human[drawn_hw])


def test_it_can_be_said_that_nothing_is_to_be_kept(opened):
    document = opened.document
    paint(document, 1, Rect(0, 0, 10, 10))
    told = []
    opened.notify.told.connect(lambda notice: told.append(notice.text))
    name = predict(document, everywhere(0))
    accept_whole(opened, document, name)
    assert told == ["kept 100 pixels that people drew"]
    assert (document.labels.raster.ids_hw != 1).sum() == 100
    opened.view.set(keep_human=False)
    accept_whole(opened, document, name)
    assert (document.labels.raster.ids_hw == 1).all()


def test_where_the_journal_is_damaged_everything_counts_as_drawn_and_it_is_told_once(opened):
    document = opened.document
    accept_whole(opened, document, predict(document, everywhere(0)))
    opened.project.flush()
    with sqlite3.connect(opened.project.path) as raw:
        raw.execute("UPDATE preimage SET packed = x'00'")
    raw.close()
    told = []
    opened.notify.told.connect(lambda notice: told.append(notice.text))
    opened.origins._follow(None)
    assert opened.origins.at(5, 5) is None
    assert opened.origins.at(6, 6) is None
    assert opened.origins.by_people(Rect(0, 0, 5, 5)).all()
    assert len(told) == 1


def test_reviewed_images_are_peoples(opened):
    document = opened.document
    accept_whole(opened, document, predict(document, everywhere(0)))
    assert not opened.origins.by_people(Rect(0, 0, 5, 5)).any()
    opened.set_status("reviewed")
    assert opened.origins.by_people(Rect(0, 0, 5, 5)).all()
    assert opened.origins.automatic()() is None


def test_the_layer_of_kinds_follows_strokes(opened):
    document = opened.document
    accept_whole(opened, document, predict(document, everywhere(0)))
    opened.view.set(origins=True)
    assert opened.origins.kind_pixels()["model"] == 60 * 90
    stroke = document.begin("brush", tool="brush")
    stroke.paint(Rect(0, 0, 10, 10), stroke.segment_for_class(2))
    assert opened.origins.kind_pixels()["human"] == 100
    stroke.commit()
    assert opened.origins.kind_pixels()["human"] == 100
    opened.undo()
    assert opened.origins.kind_pixels()["human"] == 0
    opened.view.set(origins=False)
    assert document.origin_kinds is None


def test_after_reopening_the_forest_learns_from_people_only_and_changes_the_rest(opened, street, tmp_path):
    pytest.importorskip("sklearn")
    document = opened.document
    paint(document, 1, Rect(5, 5, 25, 12))
    paint(document, 0, Rect(5, 50, 25, 58))
    opened.forest.switch(True)
    painted = opened.forest.facts.painted
    accept_whole(opened, document, FOREST)
    drawn_hw = np.zeros(SIZE_HW, np.bool_)
    drawn_hw[5:12, 5:25] = drawn_hw[50:58, 5:25] = True
    before = document.labels.raster.snapshot()
    again = reopened(opened, street, tmp_path)
    try:
        document = again.document
        assert np.array_equal(document.labels.raster.ids_hw, before)
        again.forest.switch(True)
        assert again.forest.facts.painted == painted
        answer_hw = document.predictions[FOREST].raster.ids_hw
        assert (answer_hw[~drawn_hw] != 0).all()
        assert not answer_hw[drawn_hw].any()
        paint(document, 2, Rect(60, 20, 85, 40))
        accept_whole(again, document, FOREST)
        now = document.labels.raster.ids_hw
        assert (now == 3).sum() > 25 * 20  # what had been accepted has become car where the forest thinks so now
        assert np.array_equal(now[drawn_hw], before[drawn_hw])
    finally:
        again.close()


@pytest.mark.parametrize(
    ("told", "tool", "kind"),
    [
        ({}, "brush", "human"),
        ({"source": "prediction:net"}, "accept", "model"),
        ({"source": "prediction:forest refined"}, "accept", "forest"),
        ({"source": "prediction:mine when 2026-01-01"}, "accept", "human"),
        ({"source": "truth"}, "mend", "imported"),
        ({"from": "view_0"}, "propagate", "carried"),
        ({"model": "sam"}, "ai", "model"),
        ({"source": "labels"}, "correct", "human"),
        ({}, "history", "unknown"),
    ],
)
def test_kinds_follow_from_what_an_edit_says_of_itself(told, tool, kind):
    assert kind_of(told, tool) == kind
