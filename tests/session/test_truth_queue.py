"""Doubts about the truth: which regions are doubted, and what a correction and its undo do to both models."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import prediction_layer
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session.inspect.truth_queue import TruthQueue, doubts_of
from tests.session.conftest import CLASSES
from tests.session.test_inspection import index_of, store_run

A, B = prediction_layer("a"), prediction_layer("b")
COMMON = Rect(60, 40, 80, 50)


@pytest.fixture
def queue(opened):
    """Both say house on a patch of road in image 0; in image 1 B alone says car in the house."""
    store_run(opened, "a", {0: (COMMON, 1)})
    store_run(opened, "b", {0: (COMMON, 1), 1: (Rect(5, 5, 25, 20), 2)})
    made = TruthQueue(opened)
    made.fill(A, B)
    return made


def test_only_what_both_say_against_the_truth_is_doubted(queue, opened) -> None:
    assert [(d.key, d.region.box, d.reason) for d in queue.doubts] == [
        (opened.images[0].key, COMMON, "both models disagree")
    ]
    assert queue.num_images == 3


def test_the_standing_is_the_mean_iou_of_each_over_all_images(queue) -> None:
    matrix = ConfusionMatrix(3)
    for number in range(3):
        said = index_of(number)
        if number == 0:
            said[COMMON.slices] = 1
        matrix.add(index_of(number), said)
    assert queue.before == queue.now
    assert queue.now.a == matrix.mean_iou()
    assert queue.now.leader == "a"


def test_a_correction_scores_both_at_once_and_its_undo_takes_that_back(queue, opened) -> None:
    before = queue.now
    queue.correct(queue.doubts[0])
    assert queue.doubts == []
    assert queue.now.a == 1.0
    assert queue.before == before
    assert queue.now.b > before.b
    opened.undo()
    assert queue.now == before


def test_a_correction_can_flip_the_ranking(opened) -> None:
    store_run(opened, "a", {0: (COMMON, 1)})
    store_run(opened, "b", {0: (COMMON, 1)})
    # B is right but for a few pixels; A errs in the doubted region's surroundings once the truth says house there.
    store_run(opened, "c", {0: (Rect(60, 40, 62, 44), 2)})
    queue = TruthQueue(opened)
    queue.fill(A, prediction_layer("c"))
    assert queue.now.leader == "b"
    assert not queue.is_flipped
    from segstudio.session.inspect.mend import mend_truth
    from segstudio.session.inspect.truth_copy import unlock_truth
    from tests.session.test_inspection import Inspection, region_of

    unlock_truth(opened)
    inspection = Inspection(opened)
    inspection.start()
    inspection.choose(A)
    mend_truth(opened.document, A, region_of(inspection))
    assert queue.now.leader == "a"
    assert queue.is_flipped


def test_a_doubt_of_an_image_that_is_not_open_is_not_corrected_unseen(queue, opened) -> None:
    doubt = queue.doubts[0]
    opened.next_image()
    with pytest.raises(UserError, match="not open"):
        queue.correct(doubt)


def test_what_was_dismissed_does_not_come_back(queue) -> None:
    queue.dismiss(queue.doubts[0])
    queue.fill(A, B)
    assert queue.doubts == []


def test_voiding_takes_the_region_out_of_every_count(queue, opened) -> None:
    queue.correct(queue.doubts[0], as_void=True)
    assert queue.now.a == 1.0
    assert (opened.document.truth_index_hw[COMMON.slices] == CLASSES.ignored_index).all()


def doubts(truth, said, confidence=None):
    return doubts_of("k", truth, said, confidence, CLASSES, layer=A)


def test_one_model_alone_must_be_sure() -> None:
    truth, said = index_of(0), index_of(0)
    said[COMMON.slices] = 1
    for level, count in ((0.9, 1), (0.6, 0)):
        found = doubts(truth, [said], np.full(truth.shape, level, np.float32))
        assert [d.reason for d in found] == ["a sure model disagrees"] * count


def test_an_agreement_without_confidence_is_doubted_and_can_only_become_void() -> None:
    truth = index_of(0)
    confidence = np.full(truth.shape, 0.9, np.float32)
    confidence[5:15, 5:20] = 0.2
    (found,) = doubts(truth, [truth.copy()], confidence)
    assert found.reason == "agreed without confidence"
    assert found.region.pixels == found.mask_hw.sum() == 150
    assert found.region.label_class == found.region.truth_class


def test_specks_are_not_doubted() -> None:
    truth, said = index_of(0), index_of(0)
    said[40:47, 60:69] = 1
    assert doubts(truth, [said, said]) == []
