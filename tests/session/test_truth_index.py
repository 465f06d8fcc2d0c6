"""The truth of a large image has no second map: what is scored, drawn and corrected is the same without it."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.ops.index_view import IndexView
from segstudio.session.inspect.kind_layer import KindLayer
from segstudio.session.inspect.truth_copy import unlock_truth
from segstudio.session.scores.sides import sides_of_document
from tests.session.conftest import CLASSES, SIZE_HW, truth_of


@pytest.fixture
def large(monkeypatch, request):
    """The street, whose images are held to be large."""
    monkeypatch.setattr("segstudio.session.scores.truth_index.LARGE_PIXELS", 100)
    session = request.getfixturevalue("opened")
    assert isinstance(session.document.truth_index_hw, IndexView)
    return session


def recounted(session) -> ConfusionMatrix:
    document = session.document
    matrix = ConfusionMatrix(CLASSES.num_classes, CLASSES.ignored_index)
    matrix.add(document.truth.index_map(session.classes.current), document.labels.index_map(session.classes.current))
    return matrix


def paint(session, rect: Rect, class_id: int, layer: str = "labels") -> None:
    with session.document.begin("area", layer=layer) as stroke:
        stroke.paint(rect, stroke.segment_for_class(class_id))


def test_its_truth_takes_a_byte_a_pixel(large) -> None:
    assert large.document.truth.raster.ids_hw.itemsize == 1
    expected = np.where(truth_of(0) == 9, 255, truth_of(0))
    np.testing.assert_array_equal(large.document.truth_index_hw, expected)
    large.next_image()
    assert isinstance(large.document.truth_index_hw, IndexView)


def test_scores_follow_the_hand_as_with_a_map(large) -> None:
    for rect, class_id in ((Rect(0, 0, 50, 40), 1), (Rect(10, 20, 90, 60), 0), (Rect(3, 3, 4, 4), 2)):
        paint(large, rect, class_id)
        assert large.live.image_matrix() == recounted(large)
    large.undo()
    assert large.live.image_matrix() == recounted(large)
    sides = sides_of_document(large.document, "labels")
    assert isinstance(sides.truth_hw, np.ndarray)
    np.testing.assert_array_equal(sides.truth_hw, large.document.truth.index_map(CLASSES))


def test_a_corrected_truth_is_scored_at_once(large) -> None:
    paint(large, Rect(0, 0, 60, 40), 1)
    unlock_truth(large)
    paint(large, Rect(0, 20, 60, 60), 2, "truth")
    assert (large.document.truth_index_hw[20:60, 0:60] == 2).all()
    assert large.live.image_matrix() == recounted(large)
    large.undo()
    assert large.live.image_matrix() == recounted(large)


def test_errors_by_kind_are_found_without_a_map(large) -> None:
    paint(large, Rect(0, 0, 60, 40), 1)
    kinds = KindLayer(large)
    large.view.set(errors=True, error_kinds=True)
    assert sum(kinds.pixels().values()) == SIZE_HW[0] * SIZE_HW[1]
    paint(large, Rect(0, 0, 90, 60), 0)
    wrong = large.document.truth.index_map(CLASSES) == 1
    assert (large.document.error_kinds[wrong] > 1).all()
