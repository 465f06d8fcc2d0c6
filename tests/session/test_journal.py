"""What the journal tells of each edit, and going back to earlier states as edits."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.objects import PolygonPart, PolygonShape, SegObject
from segstudio.session.journal import read_journal, restore, restore_after
from tests.store.painting import assert_same


def paint(session, rect, class_id):
    with session.document.begin("brush", tool="brush") as stroke:
        segment = stroke.segment_for_class(class_id)
        stroke.write(rect, np.full((rect.height, rect.width), segment, np.uint16))


def add_object(session):
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
    with session.document.begin("polygon", tool="polygon") as stroke:
        stroke.put_object(SegObject(stroke.layer.objects.free_id(), 2, PolygonShape((PolygonPart(square),))))


def test_each_edit_tells_who_how_and_what_it_did_to_the_score(opened):
    height, width = opened.document.size_hw
    scores = []
    for rect, class_id in ((Rect(0, 0, width, 30), 1), (Rect(0, 30, width, height), 0), (Rect(0, 0, 9, 9), 2)):
        paint(opened, rect, class_id)
        scores.append(opened.live.score().image.mean_iou)
    opened.undo()
    scores.append(opened.live.score().image.mean_iou)
    journal = read_journal(opened.project, opened.document.key)
    assert [(row.person, row.tool, row.is_undo) for row in journal.edits] == [("tester", "brush", False)] * 3 + [
        ("tester", "brush", True)
    ]
    gains = np.diff([0.0, *scores])
    assert [row.delta_iou for row in journal.edits] == pytest.approx(gains, abs=2e-6)


@pytest.mark.parametrize("back_to", [0, 1, 2, 3])
def test_restoring_is_an_edit_that_can_be_undone(opened, back_to):
    document = opened.document
    states = [Layer.from_annotation("labels", document.labels.to_annotation())]
    ids = [0]
    for act in (lambda: paint(opened, Rect(0, 0, 20, 20), 1), lambda: add_object(opened), document.undo):
        act()
        states.append(Layer.from_annotation("labels", document.labels.to_annotation()))
        ids.append(opened.project.edits(limit=1)[0].id)
    paint(opened, Rect(10, 10, 30, 30), 2)
    add_object(opened)
    last = document.labels.to_annotation()
    restore_after(opened, ids[back_to], "go back")
    assert_same(states[back_to], document.labels.to_annotation())
    assert_same(states[back_to], opened.project.load(document.key, "labels"))
    assert opened.project.edits(limit=1)[0].name == "go back"
    opened.undo()
    assert_same(Layer.from_annotation("labels", last), document.labels.to_annotation())


def test_restoring_what_is_there_makes_no_edit(opened):
    paint(opened, Rect(0, 0, 20, 20), 1)
    assert restore(opened.document, opened.document.labels.to_annotation(), "nothing") is None
    assert len(opened.project.edits()) == 1
