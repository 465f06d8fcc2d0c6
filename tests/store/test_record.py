"""Every edit reaches the file: what it touched, its journal line, and nothing twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.segments import Segment
from segstudio.core.transaction import Transaction
from segstudio.store import Project
from tests.store.painting import CLASSES, SIZE_HW, Painter, assert_same


def stroke(layer, rect, segment_id, **provenance):
    transaction = Transaction(layer, "brush", provenance=provenance)
    transaction.paint(rect, segment_id)
    return transaction.commit()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), steps=st.integers(1, 30))
def test_stored_layer_follows_every_edit(tmp_path_factory, seed, steps):
    path = tmp_path_factory.mktemp("record") / "p.segproj"
    painter = Painter(seed)
    with Project.create(path, class_set=CLASSES) as project:
        project.add_images([ImageItem("a", None)])
        for _ in range(steps):
            edit, undo = painter.step()
            project.record("a", painter.layer, edit, undo=undo)
        assert_same(painter.layer, project.load("a", "labels"))
    with Project.open(path) as project:
        assert_same(painter.layer, project.load("a", "labels"))
        assert len(project.edits()) == steps


def test_work_goes_on_after_reopening(project):
    painter = Painter(5)
    for _ in range(10):
        edit, undo = painter.step()
        project.record("city/1", painter.layer, edit, undo=undo)
    project.close()
    with Project.open(project.path) as reopened:
        layer = Layer.from_annotation("labels", reopened.load("city/1", "labels"))
        painter = Painter(6, layer)
        for _ in range(10):
            edit, undo = painter.step()
            reopened.record("city/1", layer, edit, undo=undo)
        assert_same(layer, reopened.load("city/1", "labels"))


def test_first_edit_stores_what_was_there_before(project):
    layer = Layer("labels", SIZE_HW)
    layer.segments.put(Segment(1, 0))
    layer.raster.writable(Rect(600, 0, 610, 10))[...] = 1
    project.record("city/0", layer, stroke(layer, Rect(0, 0, 5, 5), 1))
    assert_same(layer, project.load("city/0", "labels"))


def test_record_copies_before_it_returns(project):
    layer = Layer("labels", SIZE_HW)
    layer.ensure_class_segments(CLASSES)
    receipt = project.record("city/0", layer, stroke(layer, Rect(0, 0, 5, 5), 1))
    receipt.wait()
    receipt = project.record("city/0", layer, stroke(layer, Rect(0, 0, 9, 9), 2))
    expected = layer.raster.ids_hw.copy()
    layer.raster.writable(Rect(0, 0, 50, 50))[...] = 3
    receipt.wait()
    assert np.array_equal(project.load("city/0", "labels").labels_hw, expected)


def test_segments_added_outside_an_edit_are_stored_with_the_next(project):
    layer = Layer("labels", SIZE_HW)
    layer.ensure_class_segments(CLASSES)
    project.record("city/0", layer, stroke(layer, Rect(0, 0, 5, 5), 1))
    layer.ensure_class_segments(ClassSet.of_names(["road", "car", "person", "tree"]))
    project.record("city/0", layer, stroke(layer, Rect(0, 0, 5, 5), 4))
    assert_same(layer, project.load("city/0", "labels"))


def test_class_change_is_one_transaction_with_its_edit(project):
    layer = Layer("labels", SIZE_HW)
    wider = ClassSet.of_names(["road", "car", "person", "tree"])
    project.record("city/0", layer, stroke(layer, Rect(0, 0, 5, 5), 1), class_set=wider)
    project.close()
    with Project.open(project.path) as reopened:
        assert reopened.class_set == wider


def test_erased_tiles_leave_no_row(project):
    layer = Layer("labels", SIZE_HW)
    project.record("city/0", layer, stroke(layer, Rect(0, 0, 400, 5), 1))
    project.record("city/0", layer, stroke(layer, Rect(0, 0, 400, 5), 0)).wait()
    count = project._writer.run(lambda c: c.exec_driver_sql("SELECT count(*) FROM tile").scalar())
    assert count == 0
    assert not project.load("city/0", "labels").labels_hw.any()


def test_transaction_holds_only_the_touched_tiles(project):
    layer = Layer("labels", SIZE_HW)
    project.record("city/0", layer, stroke(layer, Rect(0, 0, 700, 300), 1))
    before = _tile_rowids(project)
    project.record("city/0", layer, stroke(layer, Rect(250, 250, 260, 260), 2)).wait()
    after = _tile_rowids(project)
    changed = {key for key in after if after[key] != before.get(key)}
    assert changed == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert after.keys() == before.keys()


def _tile_rowids(project):
    rows = project._writer.run(lambda c: c.exec_driver_sql("SELECT ty, tx, seal FROM tile").all())
    return {(ty, tx): seal for ty, tx, seal in rows}


def test_journal_tells_who_did_what(project):
    layer = Layer("labels", SIZE_HW)
    edit = stroke(layer, Rect(0, 0, 5, 5), 1, tool="brush", person="maria", run="r1")
    project.record("city/0", layer, edit)
    inverse, _ = edit.swap(layer)
    project.record("city/0", layer, inverse, undo=True)
    first, second = project.edits("city/0")
    assert (first.person, first.tool, first.name, first.pixels) == ("maria", "brush", "brush", 25)
    assert (first.layer, first.provenance, first.is_undo, second.is_undo) == ("labels", {"run": "r1"}, False, True)
    assert project.edits("city/1") == []
    assert [row.id for row in project.edits(limit=1)] == [second.id]


def test_edit_drops_the_score_of_its_layer_only(project):
    for layer_name in ("labels", "prediction:a"):
        project.set_score("city/0", layer_name, np.eye(3, dtype=np.int64), np.zeros(3, np.int64))
    layer = Layer("labels", SIZE_HW)
    project.record("city/0", layer, stroke(layer, Rect(0, 0, 5, 5), 1))
    assert project.scores("labels") == []
    assert len(project.scores("prediction:a")) == 1


def test_unknown_image_is_refused_and_does_not_stop_the_next_edit(project):
    layer = Layer("labels", SIZE_HW)
    edit = stroke(layer, Rect(0, 0, 5, 5), 1)
    with pytest.raises(UserError, match="no image 'nowhere'"):
        project.record("nowhere", layer, edit)
    project.record("city/0", layer, edit)
    assert_same(layer, project.load("city/0", "labels"))
