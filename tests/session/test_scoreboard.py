"""The live numbers of every mode: what they are of, that they follow the hand, and what they say of the change."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.metrics.averaging import image_counts, mean_iou_of_images
from segstudio.metrics.coco_ap import average_precision
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.instances import DetectedInstance, InstanceImage
from segstudio.metrics.live_panoptic import mean_pq
from segstudio.metrics.panoptic import PanopticImage, panoptic_quality
from segstudio.metrics.policy import PRESETS
from segstudio.session.scores.live_instances import rle_of, truth_instances
from segstudio.session.scores.live_panoptic import table_of
from segstudio.session.scores.scoreboard import Scoreboard
from tests.session.conftest import CLASSES


def paint(document, class_id: int, rect: Rect) -> None:
    with document.begin("paint") as stroke:
        stroke.paint(rect, stroke.segment_for_class(class_id))


def put(document, object_id: int, class_id: int, x: int, y: int, wide: int, high: int, score=None) -> None:
    ring = np.array([[x, y], [x + wide, y], [x + wide, y + high], [x, y + high]], np.float64)
    with document.begin("object") as stroke:
        stroke.put_object(SegObject(object_id, class_id, PolygonShape.of(ring), score=score))


@pytest.fixture
def board(opened):
    return Scoreboard(opened)


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_mean_iou_of_image_and_data_set_is_the_policys(opened, board, name: str) -> None:
    opened.view.set(policy=name)
    counts = []
    for number in range(2):
        paint(opened.document, 0, Rect(0, 20 + 5 * number, 85, 60))
        matrix = ConfusionMatrix(3)
        matrix.add(opened.document.truth_index_hw, opened.document.labels.index_map(CLASSES))
        counts.append(image_counts(matrix))
        if number == 0:
            opened.next_image()
    policy = PRESETS[name]
    line = board.board().lines[0]
    expected = [mean_iou_of_images(np.stack(c), policy.averaging, policy.absent) for c in (counts[1:], counts)]
    assert [line.image, line.dataset] == pytest.approx(expected, abs=1e-12)
    assert board.board().num_images == 2


def test_every_number_remembers_the_opening_and_the_last_stroke(opened, board) -> None:
    paint(opened.document, 1, Rect(0, 0, 85, 20))
    first = board.board().lines[0].image
    opened.live.mark()
    paint(opened.document, 1, Rect(0, 20, 85, 30))
    line = board.board().lines[0]
    assert line.image_at_opening == 0
    assert line.image_at_stroke == pytest.approx(first)
    assert line.image > first
    assert line.dataset_at_stroke == pytest.approx(first)


def recounted_pq(document):
    image = PanopticImage(
        "k",
        document.truth.raster.ids_hw,
        table_of(document.truth),
        document.labels.raster.ids_hw,
        table_of(document.labels),
    )
    return mean_pq(panoptic_quality([image], classes=CLASSES).counts)


def test_pq_follows_strokes_undo_and_the_next_image(opened, board) -> None:
    opened.view.set(metric_mode="panoptic")
    document = opened.document
    paint(document, 1, Rect(0, 0, 85, 28))
    paint(document, 2, Rect(10, 35, 30, 45))
    line = board.board().lines[0]
    assert line.title == "PQ"
    assert line.image == pytest.approx(recounted_pq(document), abs=1e-12)
    assert line.image > 0
    opened.undo()
    assert board.board().lines[0].image == pytest.approx(recounted_pq(document), abs=1e-12)
    opened.next_image()
    assert board.board().num_images == 2
    paint(opened.document, 2, Rect(20, 35, 40, 45))
    line = board.board().lines[0]
    assert line.image == pytest.approx(recounted_pq(opened.document), abs=1e-12)
    assert line.image_at_opening == 0


def test_pq_counts_images_that_were_labelled_before(opened) -> None:
    paint(opened.document, 1, Rect(0, 0, 85, 28))
    expected = recounted_pq(opened.document)
    opened.next_image()
    late = Scoreboard(opened)
    opened.view.set(metric_mode="panoptic")
    assert late.board().num_images == 2
    assert late._panoptic.live.dataset.true_positives.sum() > 0
    assert expected > 0


def recounted_ap(document, iou=None):
    truth = truth_instances(document.truth.to_annotation(), CLASSES)
    found = [
        DetectedInstance(o.class_id, 1.0 if o.score is None else o.score, rle_of(o, document.size_hw))
        for o in document.labels.objects
    ]
    return average_precision([InstanceImage("k", truth, found)]).ap(iou=iou)


def test_ap_follows_every_object_that_is_put_moved_and_taken_away(opened, board) -> None:
    opened.view.set(metric_mode="instance")
    document = opened.document
    assert "there are none" in board.board().note
    put(document, 1, 2, 60, 40, 10, 8, score=0.9)
    put(document, 2, 2, 10, 35, 20, 10, score=0.5)
    for place, iou in enumerate((None, 0.5, 0.75)):
        assert board.board().lines[place].image == pytest.approx(recounted_ap(document, iou), abs=1e-12)
    before = board.board().lines[0].image
    opened.live.mark()
    with document.begin("delete") as stroke:
        stroke.remove_object(1)
    line = board.board().lines[0]
    assert line.image == pytest.approx(recounted_ap(document), abs=1e-12) == pytest.approx(1.0)
    assert line.image_at_stroke == pytest.approx(before)
    assert line.dataset_at_stroke == pytest.approx(before)
    assert line.image_at_opening == 0
    opened.undo()
    assert board.board().lines[0].image == pytest.approx(before)


def test_an_object_that_changes_its_class_leaves_the_old_one(opened, board) -> None:
    opened.view.set(metric_mode="instance")
    put(opened.document, 1, 2, 10, 35, 20, 10)
    assert board.board().lines[0].image == pytest.approx(1.0)
    put(opened.document, 1, 1, 10, 35, 20, 10)
    assert board.board().lines[0].image == 0.0


def test_without_truth_there_are_no_numbers(opened, board, street) -> None:
    opened.open_path(street / "images", format="images")
    for mode in ("semantic", "panoptic", "instance"):
        opened.view.set(metric_mode=mode)
        assert board.board() is None
