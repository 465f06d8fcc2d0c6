"""Errors by kind in the open image: found when shown, patched while painting, found again after the edit."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.metrics.error_kind_map import RegionKind, error_kind_map
from segstudio.session.inspect.kind_layer import KindLayer
from tests.session.conftest import CLASSES
from tests.session.test_errors import copy_truth, paint


@pytest.fixture
def layer(opened):
    copy_truth(opened.document)
    paint(opened.document, 2, Rect(5, 5, 15, 9))
    made = KindLayer(opened)
    opened.view.set(errors=True, error_kinds=True)
    return made


def recount(document):
    return error_kind_map(document.truth_index_hw, document.labels.index_map(CLASSES), num_classes=3)


def test_kinds_are_there_only_while_they_are_shown(layer, opened) -> None:
    document = opened.document
    assert np.array_equal(document.error_kinds, recount(document))
    assert layer.pixels()[RegionKind.SPURIOUS_REGION] == 40
    opened.view.set(errors=False)
    assert document.error_kinds is None
    assert layer.pixels() == {}


def test_what_is_painted_is_right_or_wrong_at_once_and_judged_after_the_stroke(layer, opened) -> None:
    document = opened.document
    stroke = document.begin("brush")
    stroke.paint(Rect(5, 5, 15, 9), stroke.segment_for_class(1))
    assert (document.error_kinds[5:9, 5:15] == RegionKind.RIGHT).all()
    stroke.paint(Rect(40, 40, 60, 50), stroke.segment_for_class(1))
    assert (document.error_kinds[40:50, 40:60] == RegionKind.EXTENT).all()
    stroke.commit()
    assert np.array_equal(document.error_kinds, recount(document))
    assert (document.error_kinds[42:48, 42:58] != RegionKind.EXTENT).all()
    opened.undo()
    assert np.array_equal(document.error_kinds, recount(document))


def test_one_class_alone_shows_what_concerns_it(layer, opened) -> None:
    opened.view.set(error_class=0)
    kinds = opened.document.error_kinds
    truth, labels = opened.document.truth_index_hw, opened.document.labels.index_map(CLASSES)
    concerned = (truth == 0) | (labels == 0) | (truth >= 3)
    assert ((kinds != RegionKind.NEUTRAL) == concerned).all()


def test_the_next_image_has_kinds_of_its_own(layer, opened) -> None:
    first = opened.document
    opened.next_image()
    assert opened.document is not first
    assert np.array_equal(opened.document.error_kinds, recount(opened.document))
