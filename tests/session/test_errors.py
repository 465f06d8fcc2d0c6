"""The walk from error to error: order, text, and where it goes on after an edit."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.session.inspect.errors import ErrorWalk
from tests.session.conftest import CLASSES, SIZE_HW


def paint(document, class_id: int, rect: Rect) -> None:
    with document.begin("paint") as stroke:
        stroke.paint(rect, stroke.segment_for_class(class_id))


def copy_truth(document) -> None:
    """Labels without any error."""
    truth = document.truth
    with document.begin("copy") as stroke:
        ids_hw = np.zeros(SIZE_HW, np.uint16)
        for segment in truth.segments:
            ids_hw[truth.raster.ids_hw == segment.id] = stroke.segment_for_class(segment.class_id)
        stroke.write(Rect.of_size(*SIZE_HW), ids_hw)


@pytest.fixture
def walk(opened):
    """A walk over three errors: a house on the road (200 px), a car in the house (40 px), a house in the car (6 px)."""
    document = opened.document
    copy_truth(document)
    paint(document, 1, Rect(40, 40, 60, 50))
    paint(document, 2, Rect(5, 5, 15, 9))
    paint(document, 1, Rect(20, 38, 23, 40))
    made = ErrorWalk(opened)
    made.stops = []
    made.arrived.connect(lambda stop: made.stops.append(stop))
    return made


def mean_iou(truth_hw, labels_hw) -> float:
    """By sets, without a confusion matrix."""
    valid = truth_hw < 3
    scores = []
    for c in range(3):
        mine, theirs = (labels_hw == c) & valid, truth_hw == c
        if (mine | theirs).any():
            scores.append((mine & theirs).sum() / (mine | theirs).sum())
    return float(np.mean(scores))


def test_each_stop_says_what_mending_it_would_give_and_the_best_comes_first(walk, opened) -> None:
    document = opened.document
    truth_hw, labels_hw = document.truth_index_hw, document.labels.index_map(CLASSES)
    for _ in range(3):
        walk.step(1)
    gains = []
    for stop in walk.stops:
        region = stop.region
        pair_hw = (truth_hw == region.truth_class) & (labels_hw == region.label_class)
        _, numbers_hw = cv2.connectedComponents(pair_hw.astype(np.uint8), connectivity=8)
        x, y = region.anchor_xy
        mended_hw = np.where(numbers_hw == numbers_hw[y, x], truth_hw, labels_hw)
        gains.append(mean_iou(truth_hw, mended_hw) - mean_iou(truth_hw, labels_hw))
        assert region.delta_miou == pytest.approx(gains[-1], abs=1e-12)
        assert f"{100 * gains[-1]:+.2f} mIoU" in stop.text
    assert gains == sorted(gains, reverse=True)
    assert [stop.number for stop in walk.stops] == [1, 2, 3]
    assert {stop.total for stop in walk.stops} == {3}


def test_the_line_names_both_classes_and_the_size(walk) -> None:
    walk.step(1)
    texts = {}
    for _ in range(3):
        stop = walk.stops[-1]
        texts[stop.region.pixels] = stop.text
        walk.step(1)
    assert texts[200].startswith("truth road, labels house, 200 px, +")
    assert texts[40].startswith("truth house, labels car, 40 px, +")
    assert texts[6].startswith("truth car, labels house, 6 px, +")


def test_the_walk_goes_round_in_both_directions(walk) -> None:
    for by in (-1, 1, 1, -1, -1):
        walk.step(by)
    assert [stop.number for stop in walk.stops] == [3, 1, 2, 1, 3]


def test_after_mending_the_next_stop_is_the_one_that_followed(walk, opened) -> None:
    walk.step(1)
    walk.step(1)
    walk.step(-1)
    second, first = walk.stops[1].region, walk.stops[2].region
    truth_class = first.truth_class
    paint(opened.document, truth_class, first.box)
    walk.step(1)
    assert walk.stops[-1].total == 2
    assert walk.stops[-1].region.anchor_xy == second.anchor_xy
    assert walk.stops[-1].number == 1


def test_an_edit_elsewhere_does_not_move_the_walk(walk, opened) -> None:
    walk.step(1)
    here = walk.stops[-1].region
    paint(opened.document, 2, Rect(50, 10, 52, 13))
    walk.step(1)
    walk.step(-1)
    assert walk.stops[-1].region.anchor_xy == here.anchor_xy
    assert walk.stops[-1].total == 4


def test_tiny_specks_are_no_stops_and_no_errors_are_told(opened) -> None:
    document = opened.document
    copy_truth(document)
    paint(document, 1, Rect(50, 50, 53, 51))
    told: list[str] = []
    opened.notify.told.connect(lambda notice: told.append(notice.text))
    walk = ErrorWalk(opened)
    walk.arrived.connect(lambda stop: pytest.fail(stop.text))
    walk.step(1)
    assert "no error left" in told[0]


def test_without_truth_it_says_so(opened) -> None:
    opened.document.truth_index_hw = None
    told: list[str] = []
    opened.notify.told.connect(lambda notice: told.append(notice.text))
    ErrorWalk(opened).step(1)
    assert "no ground truth" in told[0]
