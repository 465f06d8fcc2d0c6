"""Kinds of error: the fixtures' pixels, a recorded reference, and sums that must come out even."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.metrics import ConfusionMatrix
from segstudio.metrics.error_kinds import ErrorKind, ErrorShares, error_kinds
from tests.metrics.fixtures import square

SQUARE = square(12, 12, rows=slice(3, 9), columns=slice(2, 8)).astype(np.uint8)


def pixels_by_kind(kinds):
    return {
        kind.name: int(count) for kind, count in zip(ErrorKind, np.bincount(kinds.ravel(), minlength=9), strict=True)
    }


def test_an_object_too_wide_a_spurious_one_and_a_missed_one():
    truth, labels = np.zeros((2, 12, 12), np.uint8)
    truth[1:5, 1:5] = truth[8:11, 8:11] = 1
    labels[1:5, 1:9] = labels[7:9, 0:3] = 1
    found = pixels_by_kind(error_kinds(truth, labels, 1, distance=1))
    assert found == {
        "TRUE_NEGATIVE": 97,
        "TRUE_POSITIVE": 16,
        "FALSE_POSITIVE_BOUNDARY": 8,
        "FALSE_NEGATIVE_BOUNDARY": 0,
        "FALSE_POSITIVE_EXTENT": 8,
        "FALSE_NEGATIVE_EXTENT": 0,
        "FALSE_POSITIVE_SEGMENT": 6,
        "FALSE_NEGATIVE_SEGMENT": 9,
        "VOID": 0,
    }


def test_a_square_one_pixel_off_errs_only_at_its_boundary():
    shares = ErrorShares.of(error_kinds(SQUARE, np.roll(SQUARE, 1, axis=1), 1, distance=1))
    assert shares == ErrorShares(true_positives=30, boundary=12)
    assert shares.of_union() == pytest.approx({"iou": 30 / 42, "boundary": 12 / 42, "extent": 0, "segment": 0})


def test_shares_add_up_and_renormalise():
    shares = ErrorShares(true_positives=6, boundary=2, extent=4, segment=8) + ErrorShares()
    assert sum(shares.of_union().values()) == pytest.approx(1)
    assert shares.renormalised() == pytest.approx({"boundary": 2 / 8, "extent": 4 / 12, "segment": 8 / 20})
    assert all(math.isnan(value) for value in ErrorShares().of_union().values())


def test_void_truth_has_no_kind_of_error():
    truth = SQUARE.copy()
    truth[:, :4] = 255
    kinds = error_kinds(truth, np.ones_like(SQUARE), 1)
    assert np.array_equal(kinds == ErrorKind.VOID, truth == 255)


def test_a_class_absent_from_both_is_true_negative():
    assert not error_kinds(SQUARE, SQUARE, 7).any()


maps = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14).flatmap(
    lambda shape: st.tuples(
        *(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 1, 1, 2, 255])) for _ in range(2))
    )
)


@given(maps, st.integers(1, 3))
def test_kinds_divide_the_confusion_matrix(pair, distance):
    truth, labels = pair
    matrix = ConfusionMatrix(3)
    matrix.add(truth, labels)
    for class_index in range(3):
        found = pixels_by_kind(error_kinds(truth, labels, class_index, distance=distance))
        hits = matrix.true_positives[class_index]
        assert found["TRUE_POSITIVE"] == hits
        wrong = sum(count for name, count in found.items() if name.startswith("FALSE_POSITIVE"))
        missed = sum(count for name, count in found.items() if name.startswith("FALSE_NEGATIVE"))
        assert wrong == matrix.predicted_pixels[class_index] - hits
        assert missed == matrix.truth_pixels[class_index] - hits


@given(maps)
def test_cutting_to_the_class_changes_nothing(pair):
    truth, labels = (np.pad(side, 9, constant_values=0) for side in pair)
    kinds = error_kinds(truth, labels, 2, distance=2)
    wider = error_kinds(np.pad(truth, 20), np.pad(labels, 20), 2, distance=2)
    assert np.array_equal(wider[20:-20, 20:-20], kinds)


def test_shapes_that_differ_are_named():
    with pytest.raises(UserError, match=r"\(12, 12\).*\(11, 12\)"):
        error_kinds(SQUARE, SQUARE[1:], 1)
