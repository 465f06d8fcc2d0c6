"""Editing a document: strokes, undo and redo, class changes, and scores that equal a recount at every moment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segstudio.core.class_set import LabelClass
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.metrics import ConfusionMatrix
from segstudio.session import Session
from tests.session.conftest import CLASSES, SIZE_HW, truth_of


def recount(session: Session) -> ConfusionMatrix:
    document = session.document
    matrix = ConfusionMatrix(3)
    matrix.add(document.truth.index_map(CLASSES), document.labels.index_map(CLASSES))
    return matrix


def test_a_stroke_is_one_undo_step_and_undo_gives_back_every_pixel(opened: Session) -> None:
    document = opened.document
    with document.begin("brush") as stroke:
        segment = stroke.segment_for_class(0)
        stroke.paint(Rect(0, 30, 90, 60), segment)
        stroke.paint(Rect(-20, 50, 40, 80), stroke.segment_for_class(2))
    expected = np.zeros(SIZE_HW, np.int64)
    expected[30:] = 1
    expected[50:, :40] = 3
    assert np.array_equal(document.labels.raster.ids_hw, expected)
    assert [edit.name for edit in document.history.undoable] == ["brush"]
    opened.undo()
    assert not document.labels.raster.ids_hw.any()
    opened.redo()
    assert np.array_equal(document.labels.raster.ids_hw, expected)


def test_a_cancelled_stroke_leaves_no_trace(opened: Session) -> None:
    document = opened.document
    stroke = document.begin("brush")
    stroke.paint(Rect(0, 0, 90, 60), stroke.segment_for_class(1))
    assert opened.live.score().image.pixel_accuracy > 0
    stroke.cancel()
    assert not document.labels.raster.ids_hw.any()
    assert not document.history.undoable
    assert opened.live.image_matrix() == recount(opened)


def test_two_gestures_never_mix(opened: Session) -> None:
    stroke = opened.document.begin("first")
    with pytest.raises(UserError, match="finish or cancel"):
        opened.document.begin("second")
    assert opened.undo() is None
    stroke.cancel()


def test_a_failing_gesture_is_taken_back(opened: Session) -> None:
    def fail() -> None:
        with opened.document.begin("brush") as stroke:
            stroke.paint(Rect(0, 0, 10, 10), 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not opened.document.labels.raster.ids_hw.any()
    assert opened.document.stroke is None


def test_a_perfect_labelling_scores_one_with_void_left_out(opened: Session) -> None:
    truth_hw = truth_of(0)
    with opened.document.begin("all") as stroke:
        for class_id in (0, 1, 2):
            stroke.paint(Rect(0, 0, 90, 60), stroke.segment_for_class(class_id), mask_hw=truth_hw == class_id)
    score = opened.live.score()
    assert score.image.mean_iou == 1.0
    assert score.image.pixel_accuracy == 1.0
    # Void pixels are free: painting over them changes nothing.
    with opened.document.begin("over void") as stroke:
        stroke.paint(Rect(85, 0, 90, 60), stroke.segment_for_class(2))
    assert opened.live.score().image.mean_iou == 1.0


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["paint", "object", "undo", "redo", "cancel"]),
            st.integers(-10, 80),
            st.integers(-10, 50),
            st.integers(1, 60),
            st.integers(0, 2),
        ),
        max_size=25,
    )
)
def test_any_sequence_keeps_scores_exact_and_undoes_to_the_start(
    opened: Session, steps: list[tuple[str, int, int, int, int]]
) -> None:
    document = opened.document
    while opened.undo() is not None:
        pass
    start = document.labels.raster.ids_hw.copy()
    start_objects = {item.id: item for item in document.labels.objects}
    for what, x, y, side, class_id in steps:
        if what == "undo":
            opened.undo()
        elif what == "redo":
            opened.redo()
        elif what == "object":
            with document.begin("object") as stroke:
                ring = np.array([[x, y], [x + side, y], [x, y + side]], float)
                number = (side % 3) + 1
                if number in document.labels.objects and class_id == 0:
                    stroke.remove_object(number)
                else:
                    stroke.put_object(SegObject(number, class_id, PolygonShape.of(ring)))
        else:
            stroke = document.begin(what)
            stroke.paint(Rect(x, y, x + side, y + side), stroke.segment_for_class(class_id))
            stroke.cancel() if what == "cancel" else stroke.commit()
        assert opened.live.image_matrix() == recount(opened)
    last = document.labels.raster.ids_hw.copy()
    last_objects = {item.id: item for item in document.labels.objects}
    undone = 0
    while opened.undo() is not None:
        undone += 1
    assert np.array_equal(document.labels.raster.ids_hw, start)
    assert {item.id: item for item in document.labels.objects} == start_objects
    for _ in range(undone):
        opened.redo()
    assert np.array_equal(document.labels.raster.ids_hw, last)
    assert {item.id: item for item in document.labels.objects} == last_objects
    assert opened.live.image_matrix() == recount(opened)


def test_adding_a_class_is_an_edit_and_counts_in_the_scores(opened: Session) -> None:
    document = opened.document
    before = opened.classes.current
    document.change_classes("add class dragon", before.with_class(LabelClass(5, "dragon", (9, 9, 9), train_id=3)))
    assert opened.classes.current.num_classes == 4
    assert document.labels.segments.of_class(5) is not None
    assert len(opened.live.score().image.iou) == 4
    opened.undo()
    assert opened.classes.current == before
    assert len(opened.live.score().image.iou) == 3
    opened.redo()
    assert opened.classes.current.by_name["dragon"].id == 5
