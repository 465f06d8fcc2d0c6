"""The error map's codes agree pixel by pixel with the definitions of TP, FP and FN, and with the confusion matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.metrics import ConfusionMatrix
from segstudio.metrics.errors_map import ErrorCode, all_classes_error_map, class_error_map
from tests.metrics.fixtures import S1, S4, label_map

N, TP, FP, FN, WRONG, VOID = (int(code) for code in ErrorCode)


def test_one_class_of_s1():
    assert class_error_map(*S1, 1).tolist() == [
        [N, FP, TP, TP],
        [N, N, TP, TP],
        [N, N, TP, VOID],
        [N, N, VOID, VOID],
    ]


def test_all_classes_of_s4_tell_unlabelled_from_wrong():
    assert all_classes_error_map(*S4, num_classes=3).tolist() == [
        [FN, WRONG, TP, TP],
        [TP, TP, TP, TP],
        [TP, WRONG, TP, VOID],
        [TP, TP, VOID, VOID],
    ]


def test_background_makes_false_positives_and_negatives():
    truth, labels = label_map("0011/0012/VV12"), label_map("0101/0V21/1V12")
    assert all_classes_error_map(truth, labels, num_classes=3, background=0).tolist() == [
        [N, FP, FN, TP],
        [N, FN, WRONG, WRONG],
        [VOID, VOID, TP, TP],
    ]


shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=10)
pairs = shapes.flatmap(
    lambda shape: st.tuples(
        *(hnp.arrays(np.int32, shape, elements=st.sampled_from([-1, 0, 1, 2, 3, 255, 300])) for _ in range(2))
    )
)


@given(pairs, st.integers(0, 2), st.sampled_from([np.int32, np.int64, np.uint8]))
def test_codes_add_up_to_the_confusion_matrix(pair, class_index, dtype):
    truth, labels = (np.where((side < 0) | (side > 2), 255, side).astype(dtype) for side in pair)
    matrix = ConfusionMatrix(3)
    matrix.add(truth, labels)
    codes = class_error_map(truth, labels, class_index)
    hits = matrix.true_positives[class_index]
    assert np.count_nonzero(codes == TP) == hits
    assert np.count_nonzero(codes == FN) == matrix.truth_pixels[class_index] - hits
    assert np.count_nonzero(codes == FP) == matrix.predicted_pixels[class_index] - hits
    assert np.array_equal(codes == VOID, truth == 255)

    overall = all_classes_error_map(truth, labels, num_classes=3)
    assert np.count_nonzero(overall == TP) == matrix.true_positives.sum()
    assert np.count_nonzero(overall == FN) == matrix.missed.sum()
    assert np.count_nonzero(overall == WRONG) == matrix.counts.sum() - matrix.true_positives.sum()


@given(pairs)
def test_a_rectangle_of_the_map_is_the_map_of_the_rectangle(pair):
    truth, labels = pair
    window = np.s_[truth.shape[0] // 3 :, : truth.shape[1] // 2 + 1]
    assert np.array_equal(class_error_map(truth, labels, 1)[window], class_error_map(truth[window], labels[window], 1))
    whole = all_classes_error_map(truth, labels, num_classes=3)
    assert np.array_equal(whole[window], all_classes_error_map(truth[window], labels[window], num_classes=3))


def test_values_outside_the_classes_are_void():
    truth, labels = np.array([[-1, 300, 2]]), np.array([[0, 0, 77]])
    assert all_classes_error_map(truth, labels, num_classes=3).tolist() == [[VOID, VOID, FN]]


def test_an_empty_rectangle_has_an_empty_map():
    empty = np.zeros((3, 0), np.uint8)
    assert class_error_map(empty, empty, 0).shape == (3, 0)


def test_bad_input_is_named():
    with pytest.raises(UserError, match=r"\(2, 2\).*\(2, 3\)"):
        class_error_map(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), 0)
    with pytest.raises(UserError, match="255"):
        class_error_map(S1[0], S1[1], 255)
    with pytest.raises(UserError, match="300"):
        all_classes_error_map(S1[0], S1[1], num_classes=300)
