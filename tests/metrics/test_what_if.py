"""What-if: the projected matrix is the one that really mended labels give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.metrics import ConfusionMatrix
from segstudio.metrics.error_kinds import ErrorKind, error_kinds
from segstudio.metrics.what_if import errors_of_pair, errors_where, mended
from tests.metrics.fixtures import S1, S4

CLASSES = 3


def matrix_of(*pairs):
    matrix = ConfusionMatrix(CLASSES)
    for pair in pairs:
        matrix.add(*pair)
    return matrix


def test_mending_one_pair():
    projected = mended(matrix_of(S1), errors_of_pair(matrix_of(S1), 0, 1))
    assert projected.counts.tolist() == [[4, 0, 0], [0, 5, 0], [1, 0, 3]]
    assert projected.mean_iou() == pytest.approx((4 / 5 + 1 + 3 / 4) / 3)


def test_mending_what_was_left_unlabelled():
    projected = mended(matrix_of(S4), errors_of_pair(matrix_of(S4), 0, None))
    assert projected.missed.tolist() == [0, 0, 0]
    assert projected.iou()[0] == pytest.approx(3 / 5)


def test_mending_a_whole_image():
    projected = mended(matrix_of(S1, S4), matrix_of(S4))
    assert projected == matrix_of(S1, (S4[0], S4[0]))


maps = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9).flatmap(
    lambda shape: st.tuples(
        *(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 255])) for _ in range(2)),
        hnp.arrays(bool, shape),
    )
)


@given(maps)
def test_mending_any_pixels_equals_a_recount_of_mended_labels(case):
    truth, labels, chosen = case
    matrix = matrix_of((truth, labels), S1)
    projected = mended(matrix, errors_where(truth, labels, chosen, like=matrix))
    assert projected == matrix_of((truth, np.where(chosen, truth, labels)), S1)


def test_mending_all_boundary_errors_of_a_class():
    truth = np.zeros((12, 12), np.uint8)
    truth[3:9, 2:8] = 1
    labels = np.roll(truth, 1, axis=1)
    kinds = error_kinds(truth, labels, 1, distance=1)
    boundary = (kinds == ErrorKind.FALSE_POSITIVE_BOUNDARY) | (kinds == ErrorKind.FALSE_NEGATIVE_BOUNDARY)
    matrix = matrix_of((truth, labels))
    assert mended(matrix, errors_where(truth, labels, boundary, like=matrix)).mean_iou() == 1


def test_errors_that_are_not_there_cannot_be_mended():
    with pytest.raises(UserError, match="not all in the confusion matrix"):
        mended(matrix_of(S4), matrix_of(S1))
    with pytest.raises(UserError, match="chosen pixels"):
        errors_where(*S1, np.ones((2, 2), bool), like=matrix_of(S1))
