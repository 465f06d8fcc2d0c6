"""The table of all images: kept up with edits, read back from the project, asked, put in order, written on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.core.layer import LABELS, TRUTH, Annotation
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.core.segments import SegmentTable
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session import Session
from segstudio.session.dataset.image_facts import annotation_facts, stored_facts
from segstudio.session.dataset.images import Remark
from segstudio.session.dataset.query import QueryError
from segstudio.session.jobs import SyncJobs
from segstudio.store.image_facts import ImageFacts
from tests.session.conftest import CLASSES, SIZE_HW, truth_of

CAR = 2


def paint(session, rect, class_id):
    with session.document.begin("brush") as stroke:
        stroke.paint(rect, stroke.segment_for_class(class_id))
        return stroke.commit()


def shown(session):
    return [session.images.index_at(place) for place in range(session.images.num_shown)]


def annotation_of(labels_hw, objects=()):
    """Class ids as an annotation in the street's classes."""
    table = SegmentTable.for_classes(CLASSES)
    lut = np.zeros(256, np.uint16)
    for segment in table:
        lut[segment.class_id] = segment.id
    return Annotation(SIZE_HW, lut[labels_hw], tuple(table), tuple(objects))


@pytest.fixture
def known(opened):
    opened.overview.need()
    assert opened.overview.table is not None
    return opened


def test_an_edit_is_in_the_table_at_once_and_in_the_project_with_it(known):
    paint(known, Rect(0, 0, 90, 30), 1)
    paint(known, Rect(10, 35, 30, 45), CAR)
    assert known.overview.ask("class:car area:200 iou:1") == 1
    assert known.overview.ask("class:house area:2700") == 1
    assert known.overview.ask("person:tester edited>2026-01-01") == 1
    (row,) = [row for row in known.project.facts() if row.layer == LABELS]
    kept = ImageFacts.unpack(row.packed)
    assert dict(zip(kept.classes["class_id"].tolist(), kept.classes["pixels"].tolist(), strict=True)) == {
        0: 0,
        1: 2700,
        CAR: 200,
    }
    known.undo()
    assert known.overview.ask("class:car iou>0") == 0


def test_facts_of_the_labels_are_those_of_a_full_count(known):
    paint(known, Rect(0, 0, 50, 40), 1)
    paint(known, Rect(5, 20, 40, 60), 0)
    with known.document.begin("polygon") as stroke:
        square = PolygonShape.of(np.array([(0, 0), (10, 0), (10, 10), (0, 10)], float))
        stroke.put_object(SegObject(1, CAR, square, score=0.75))
        stroke.commit()
    document = known.document
    full = annotation_facts(
        document.labels.to_annotation(),
        CLASSES,
        index=document.labels.index_map(CLASSES),
        truth_index=document.truth_index_hw,
    )
    kept = ImageFacts.unpack(next(row.packed for row in known.project.facts() if row.layer == LABELS))
    assert np.array_equal(np.sort(kept.classes, order="class_id"), np.sort(full.classes, order="class_id"))
    assert kept.objects.tolist() == full.objects.tolist() == [(CAR, 100.0, 0.75)]
    assert kept.mean_iou == pytest.approx(full.mean_iou)
    matrix = ConfusionMatrix(3)
    matrix.add(document.truth_index_hw, document.labels.index_map(CLASSES))
    wrong = matrix.counts.sum() - np.trace(matrix.counts)
    assert kept.false_positive == wrong
    assert kept.false_negative == wrong + matrix.missed.sum()
    assert kept.worst_class == [0, 1, CAR][int(np.nanargmin(matrix.iou()))]


def test_facts_are_there_when_the_project_is_opened_again(known, street, tmp_path):
    paint(known, Rect(0, 0, 20, 20), CAR)
    key, path = known.document.key, known.project.path
    known.overview.set_note([1], "  look again ")
    known.overview.change_tags([1, 2], add=["night"])
    known.overview.toggle_flag([2])
    known.close()
    again = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="other")
    again.open_path(path)
    again.overview.need()
    assert again.overview.ask("class:car area:400") == 1
    assert shown(again) == [again.images.index_of(key)]
    assert again.images.remark(1) == Remark("look again", ("night",))
    assert again.images.remark(2).is_flagged
    assert again.overview.ask("person:tester") == 1
    again.close()


def test_stored_layers_and_the_truth_are_looked_through(known):
    item, project = known.images[1], known.project
    almost_hw = truth_of(1)
    almost_hw[:10] = 0
    project.save_annotation(item.key, "prediction:one", annotation_of(truth_of(1)), locked=True)
    project.save_annotation(item.key, "prediction:two", annotation_of(almost_hw), locked=True)
    assert [name for _, name in project.layers_without_facts()] == ["prediction:one", "prediction:two"]
    rows = stored_facts(item, [TRUTH, "prediction:one", "prediction:two"], project, CLASSES)
    of = {name: facts for _, name, facts in rows}
    assert of[TRUTH].classes["pixels"].sum() == SIZE_HW[0] * SIZE_HW[1]
    assert math.isnan(of[TRUTH].mean_iou)
    assert of["prediction:one"].mean_iou == 1
    assert of["prediction:one"].boundary_error == 0
    # Ten rows of 85 valid and 5 void pixels are another class; the void ones count as difference too where they differ.
    assert of["prediction:two"].false_positive == 10 * 85
    assert of["prediction:two"].disagreement == pytest.approx(10 * 90 / (60 * 90))
    project.put_facts(rows)
    assert project.layers_without_facts() == []
    known.overview.reload()
    assert known.overview.ask("disagreement>0.1 miou<1") == 1
    known.overview.choose_layer(TRUTH)
    assert known.overview.ask("class:house") == 1
    assert known.overview.ask("miou>0") == 0


def test_saving_a_layer_anew_drops_what_was_known_of_it(known):
    project, key = known.project, known.images[1].key
    project.save_annotation(key, "prediction:one", annotation_of(truth_of(1)), locked=True)
    project.put_facts([(key, "prediction:one", ImageFacts(mean_iou=1.0))])
    project.save_annotation(key, "prediction:one", annotation_of(truth_of(2)), locked=True)
    assert project.layers_without_facts() == [(key, "prediction:one")]


def test_asking_changes_the_way_through_the_images(known):
    told = []
    known.images.walk_changed.connect(told.append)
    known.overview.set_status([0, 2], "reviewed")
    assert known.overview.ask("status:reviewed") == 2
    assert shown(known) == [0, 2]
    known.next_image()
    assert known.index == 2
    known.next_image()
    assert known.index == 2
    known.previous_image()
    assert known.index == 0
    assert told[-1].text == "status:reviewed"
    known.images.show(None)
    assert told[-1] is None
    assert known.overview.asked.text == ""
    known.next_image()
    assert known.index == 1


def test_an_image_that_is_not_shown_has_neighbours_that_are(known):
    known.go(1)
    known.overview.set_status([0, 2], "reviewed")
    known.overview.ask("status:reviewed")
    assert known.index == 1
    known.next_image()
    assert known.index == 2
    known.go(1)
    known.previous_image()
    assert known.index == 0


def test_an_image_stays_until_one_asks_again(known):
    known.overview.ask("status:todo")
    known.overview.set_status([0], "reviewed")
    assert shown(known) == [0, 1, 2]
    assert known.overview.ask("status:todo") == 2


def test_order_puts_what_is_not_known_last_either_way(known):
    table = known.overview.table
    table.numbers["mean_iou"][:] = [0.7, np.nan, 0.2]
    known.overview.ask("", order="mean_iou")
    assert shown(known) == [2, 0, 1]
    known.overview.ask("", order="mean_iou", descending=True)
    assert shown(known) == [0, 2, 1]
    assert known.overview.asked.text == "by mIoU, highest first"
    known.overview.set_note([2], "b")
    known.overview.set_note([0], "a")
    known.overview.ask("", order="note")
    assert shown(known) == [0, 2, 1]
    known.overview.ask("", order="note", descending=True)
    assert shown(known) == [2, 0, 1]
    known.overview.ask("", order="name", descending=True)
    assert shown(known) == [2, 1, 0]


def test_a_question_that_is_not_understood_changes_nothing(known):
    known.overview.ask("status:todo")
    with pytest.raises(QueryError):
        known.overview.ask("class:nothing")
    assert known.overview.asked.query == "status:todo"
    assert known.images.num_shown == 3


def test_filters_are_kept_under_names(known):
    known.project.save_filter("worst cars", "class:car iou<0.5")
    known.project.save_filter("mine", "person:tester")
    known.project.save_filter("mine", None)
    assert known.project.saved_filters == {"worst cars": "class:car iou<0.5"}
