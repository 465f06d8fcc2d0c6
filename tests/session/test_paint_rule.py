"""The paint mode in the segments of a layer, and taking from a prediction under it."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.core.layer import TRUTH
from segstudio.session import Session
from segstudio.session.edits.accept import accept_class, accept_everything, accept_region_at
from segstudio.session.edits.paint_rule import in_words, paint_rule
from tests.session.conftest import truth_of


def labels(session: Session) -> np.ndarray:
    """The labels as class ids, −1 where there is none."""
    lut = session.document.labels.segments.class_lut()
    ids_hw = session.document.labels.raster.ids_hw
    return np.where(ids_hw == 0, -1, lut[ids_hw].astype(np.int64))


def begin_with(session: Session) -> np.ndarray:
    """Road on the left third, house on the middle one; returns the labels."""
    with session.document.begin("paint") as stroke:
        stroke.paint(Rect(0, 0, 30, 60), stroke.segment_for_class(0))
        stroke.paint(Rect(30, 0, 60, 60), stroke.segment_for_class(1))
    return labels(session)


def allowed(before: np.ndarray, mode: dict[str, object]) -> np.ndarray:
    """The rule in words: which pixels give way."""
    free = np.ones(before.shape, bool)
    if mode.get("paint_mode") == "unlabelled":
        free = before == -1
    elif mode.get("paint_mode") == "only-over":
        free = np.isin(before, list(mode["over_classes"])) | ((before == -1) & mode["over_unlabelled"])
    return free & ~np.isin(before, list(mode.get("protected_classes", ())))


MODES = [
    {"paint_mode": "everywhere"},
    {"paint_mode": "unlabelled"},
    {"paint_mode": "only-over", "over_classes": frozenset({0}), "over_unlabelled": False},
    {"paint_mode": "only-over", "over_classes": frozenset({1}), "over_unlabelled": True},
    {"protected_classes": frozenset({1})},
    {"paint_mode": "unlabelled", "protected_classes": frozenset({0})},
]


@pytest.mark.parametrize("mode", MODES)
def test_accept_paints_only_where_it_may(opened: Session, mode: dict[str, object]) -> None:
    before = begin_with(opened)
    opened.view.set(**mode)
    rule = paint_rule(opened.view.now, opened.document.labels)
    free = allowed(before, mode)
    assert accept_everything(opened.document, TRUTH, rule=rule) is not None
    np.testing.assert_array_equal(labels(opened), np.where(free, truth_of(0), before))
    opened.undo()
    edit = accept_class(opened.document, TRUTH, 2, rule=rule)
    np.testing.assert_array_equal(labels(opened), np.where(free & (truth_of(0) == 2), 2, before))
    if edit is not None:
        opened.undo()
    accept_region_at(opened.document, TRUTH, (70.5, 5.5), rule=rule)
    np.testing.assert_array_equal(labels(opened), np.where(free & (truth_of(0) == 1), 1, before))


def test_erasing_passes_over_the_mode_under_which_it_could_do_nothing(opened: Session) -> None:
    begin_with(opened)
    opened.view.set(paint_mode="unlabelled", protected_classes=frozenset({0}))
    ids_hw = opened.document.labels.raster.ids_hw
    erased = paint_rule(opened.view.now, opened.document.labels, erases=True).restrict(np.ones((60, 90), bool), ids_hw)
    assert not erased[:, :30].any()
    assert erased[:, 30:].all()


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ({}, ""),
        ({"paint_mode": "unlabelled"}, "paints only what is unlabelled"),
        (
            {"paint_mode": "only-over", "over_classes": frozenset({1}), "protected_classes": frozenset({0, 2})},
            "paints only over 1 class and what is unlabelled, 2 classes protected",
        ),
    ],
)
def test_the_mode_in_words(opened: Session, mode: dict[str, object], words: str) -> None:
    opened.view.set(**mode)
    assert in_words(opened.view.now) == words
