"""Two layers over the whole data set: counts, scores, regions, and taking what one of them says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import prediction_layer
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.session.comparison.duel import Duel
from segstudio.session.comparison.take_region import take_region
from tests.session.conftest import CLASSES
from tests.session.test_inspection import index_of, store_run

ONE, TWO = prediction_layer("one"), prediction_layer("two")
ERRORS = {
    "one": {0: (Rect(60, 40, 80, 50), 1), 1: (Rect(60, 40, 70, 44), 1)},
    "two": {0: (Rect(70, 45, 85, 55), 2)},
}


def said_by(name: str, number: int) -> np.ndarray:
    index_hw = index_of(number)
    if number in ERRORS[name]:
        rect, value = ERRORS[name][number]
        index_hw[rect.slices] = value
    return index_hw


@pytest.fixture
def duel(opened):
    for name, wrong in ERRORS.items():
        store_run(opened, name, wrong)
    made = Duel(opened)
    made.count()
    return made


def test_both_runs_are_counted_in_every_image(duel) -> None:
    result = duel.result
    assert (result.a, result.b) == (ONE, TWO)
    for name, matrix, side in (("one", result.matrix_a, "a"), ("two", result.matrix_b, "b")):
        total = ConfusionMatrix(3)
        for number, score in enumerate(result.images):
            one = ConfusionMatrix(3)
            one.add(index_of(number), said_by(name, number))
            assert getattr(score, side) == pytest.approx(one.mean_iou(), abs=1e-12)
            total += one
        assert (matrix.counts == total.counts).all()
    assert result.statistics.delta == pytest.approx(result.matrix_b.mean_iou() - result.matrix_a.mean_iou(), abs=1e-12)
    assert result.statistics.units == 3
    assert not duel.is_stale


def test_won_regions_are_the_components_where_only_one_is_right(duel) -> None:
    result = duel.result
    expected = set()
    for number, score in enumerate(result.images):
        truth, one, two = index_of(number), said_by("one", number), said_by("two", number)
        for winner, right, wrong in (("a", one, two), ("b", two, one)):
            only = (right == truth) & (wrong != truth) & (truth < 3)
            count, parts, found, _ = cv2.connectedComponentsWithStats(only.astype(np.uint8), connectivity=8)
            for label in range(1, count):
                said = np.unique(wrong[parts == label])
                assert len(said) == 1
                expected.add((score.key, winner, int(found[label, cv2.CC_STAT_AREA]), int(said[0])))
    assert expected
    seen = {(won.key, won.winner, won.region.pixels, won.region.label_class) for won in result.regions}
    assert seen == expected


def test_the_gain_is_what_the_other_would_have_by_saying_the_same(duel) -> None:
    result = duel.result
    gains = [won.region.delta_miou for won in result.regions]
    assert gains == sorted(gains, reverse=True)
    first = result.regions[0]
    loser = result.matrix_b if first.winner == "a" else result.matrix_a
    mended = ConfusionMatrix.from_counts(loser.counts.copy(), loser.missed.copy(), ignore_index=None)
    counts = mended.counts.copy()
    counts[first.region.truth_class, first.region.label_class] -= first.region.pixels
    counts[first.region.truth_class, first.region.truth_class] += first.region.pixels
    after = ConfusionMatrix.from_counts(counts, loser.missed.copy(), ignore_index=None)
    assert first.region.delta_miou == pytest.approx(after.mean_iou() - loser.mean_iou(), abs=1e-12)


@pytest.mark.parametrize("side", ["a", "b"])
def test_taking_a_region_is_one_edit_of_just_its_pixels(duel, opened, side) -> None:
    document = opened.document
    won = next(won for won in duel.result.regions if won.key == document.key and won.winner == "b")
    before = document.labels.index_map(CLASSES).copy()
    assert take_region(document, won, a=ONE, b=TWO, side=side) is not None
    truth, one, two = index_of(0), said_by("one", 0), said_by("two", 0)
    there = (two == truth) & (one != truth)
    assert there.sum() == won.region.pixels
    expected = np.where(there, one if side == "a" else two, before)
    assert (document.labels.index_map(CLASSES) == expected).all()
    opened.undo()
    assert (document.labels.index_map(CLASSES) == before).all()


def test_what_cannot_be_taken_is_refused_in_words(duel, opened) -> None:
    won = next(won for won in duel.result.regions if won.key == opened.document.key)
    with pytest.raises(UserError, match="no layer gone"):
        take_region(opened.document, won, a="prediction:gone", b=TWO, side="b")
    with pytest.raises(UserError, match="labels themselves"):
        take_region(opened.document, won, a="labels", b=TWO, side="a")
    with pytest.raises(UserError, match="do not differ"):
        take_region(opened.document, won, a=ONE, b=ONE, side="a")


def test_another_choice_makes_the_result_stale_until_it_is_counted(duel, opened) -> None:
    duel.choose("a", TWO)
    assert duel.is_stale
    assert (duel.layer("a"), duel.layer("b")) == (TWO, TWO)
    duel.choose("b", ONE)
    before = duel.result.statistics.delta
    duel.count()
    assert duel.result.statistics.delta == pytest.approx(-before, abs=1e-12)


def test_without_both_layers_anywhere_nothing_is_counted(opened) -> None:
    told = []
    opened.notify.told.connect(told.append)
    made = Duel(opened)
    made.count()
    store_run(opened, "one", {})
    made.choose("b", "labels")
    made.count()
    assert [one.text for one in told] == ["there is nothing to compare yet", "no image has a truth and both layers"]
    assert made.result is None
    assert not made.is_counting
