"""The confusion matrix against numbers of the reference evaluators and against a full recount."""

from __future__ import annotations

import logging
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.metrics import ConfusionMatrix
from tests.metrics.fixtures import S1, S2, S3, S4, label_map

NAN = float("nan")


def counted(*pairs, num_classes=3, ignore_index=255):
    matrix = ConfusionMatrix(num_classes, ignore_index)
    for truth, prediction in pairs:
        matrix.add(truth, prediction)
    return matrix


def exactly(*values):
    return pytest.approx([float(Fraction(value)) for value in values], abs=1e-12)


def test_counts_of_s1_leave_out_void():
    matrix = counted(S1)
    assert matrix.counts.dtype == np.int64
    assert matrix.counts.tolist() == [[3, 1, 0], [0, 5, 0], [1, 0, 3]]
    assert matrix.missed.tolist() == [0, 0, 0]
    assert matrix.valid_pixels == 13


def test_metrics_of_s1():
    matrix = counted(S1)
    assert matrix.iou() == exactly("3/5", "5/6", "3/4")
    assert matrix.dice() == exactly("3/4", "10/11", "6/7")
    assert matrix.precision() == exactly("3/4", "5/6", "1")
    assert matrix.recall() == exactly("3/4", "1", "3/4")
    assert matrix.mean_iou() == pytest.approx(0.7277777777777777, abs=1e-12)
    assert matrix.mean_dice() == pytest.approx(0.8387445887445887, abs=1e-12)
    assert matrix.micro_iou() == pytest.approx(11 / 15, abs=1e-12)
    assert matrix.pixel_accuracy() == pytest.approx(11 / 13, abs=1e-12)
    assert matrix.mean_pixel_accuracy() == pytest.approx(2.5 / 3, abs=1e-12)
    assert matrix.frequency_weighted_iou() == pytest.approx((4 * 0.6 + 5 * 5 / 6 + 4 * 0.75) / 13, abs=1e-12)


def test_two_images_accumulate_before_the_mean():
    matrix = counted(S1, S2)
    assert matrix.iou() == exactly("18/21", "5/7", "3/4")
    assert matrix.mean_iou() == pytest.approx(0.7738095238095238, abs=1e-12)


def test_class_only_predicted_is_zero_and_class_absent_from_both_is_undefined():
    matrix = counted(S3)
    assert matrix.iou() == pytest.approx([15 / 16, NAN, 0], nan_ok=True)
    assert matrix.mean_iou() == pytest.approx(0.46875)
    assert matrix.classes_present.tolist() == [True, False, True]
    # Mean accuracy looks only at classes of the truth.
    assert matrix.mean_pixel_accuracy() == pytest.approx(15 / 16)


@pytest.mark.parametrize("void", [255, 3, 200, -1, 1000, -32768])
def test_predicted_void_is_a_miss_of_the_truth_class_and_a_hit_on_nobody(void):
    truth, prediction = S4
    prediction = prediction.astype(np.int16)
    prediction[prediction == 255] = void
    matrix = counted((truth, prediction))
    assert matrix.iou() == exactly("2/5", "5/6", "3/4")
    assert matrix.missed.tolist() == [1, 0, 0]
    assert matrix.valid_pixels == 13
    assert matrix.pixel_accuracy() == pytest.approx(10 / 13)
    assert matrix.mean_pixel_accuracy() == pytest.approx((0.5 + 1 + 0.75) / 3)


def test_nothing_counted_gives_undefined_numbers_without_warnings():
    matrix = ConfusionMatrix(4)
    assert np.isnan(matrix.iou()).all()
    for value in (
        matrix.mean_iou(),
        matrix.pixel_accuracy(),
        matrix.mean_pixel_accuracy(),
        matrix.frequency_weighted_iou(),
        matrix.micro_iou(),
    ):
        assert np.isnan(value)


def test_last_class_counts():
    """Reference histograms whose upper edge was C instead of C - 1 shifted every class."""
    truth = np.full((3, 3), 2, np.uint8)
    assert counted((truth, truth)).iou() == pytest.approx([NAN, NAN, 1.0], nan_ok=True)


def test_dice_of_a_class_never_hit_is_zero_not_undefined():
    """An F-score by precision and recall would drop this class and report a mean of 1."""
    matrix = counted((label_map("00000111"), label_map("00000VVV")), (label_map("VV"), label_map("11")))
    assert matrix.mean_dice() == pytest.approx(0.5)


def test_ignoring_a_real_class_is_said_aloud(caplog):
    with caplog.at_level(logging.WARNING):
        matrix = ConfusionMatrix(3, ignore_index=0)
    assert "ignore index 0" in caplog.text
    matrix.add(*S1)
    # Its truth pixels are gone; predicting it elsewhere is a miss.
    assert matrix.truth_pixels.tolist() == [0, 5, 4]
    assert matrix.missed.tolist() == [0, 0, 1]
    assert matrix.iou() == pytest.approx([NAN, 1.0, 0.75], nan_ok=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.int64, np.uint64, ">u2", ">i4"])
def test_every_integer_dtype_counts_alike(dtype):
    truth, prediction = S4
    assert counted((truth.astype(dtype), prediction)) == counted(S4)
    assert counted((truth, prediction.astype(dtype))) == counted(S4)


def test_negative_truth_is_void():
    truth, prediction = S4
    signed = truth.astype(np.int64)
    signed[signed == 255] = -1
    assert counted((signed, prediction)) == counted(S4)


def test_binary_masks_count_as_zero_and_one():
    truth = np.array([[True, False, True]])
    assert counted((truth, truth), num_classes=2).counts.tolist() == [[1, 0], [0, 2]]


def test_views_of_any_layout_count_alike():
    rng = np.random.default_rng(7)
    truth, prediction = rng.integers(0, 5, (2, 60, 41)).astype(np.uint8)
    straight = counted((truth[::2, 3:30:3].copy(), prediction[::2, 3:30:3].copy()), num_classes=4)
    assert counted((truth[::2, 3:30:3], prediction[::2, 3:30:3]), num_classes=4) == straight
    assert counted((truth[::2, 3:30:3].T, prediction[::2, 3:30:3].T), num_classes=4) == straight
    assert counted((truth[::-2][::-1][:, 3:30:3], prediction[::2, 3:30:3]), num_classes=4).valid_pixels > 0
    flipped = counted((truth[::-1, ::-1], prediction[::-1, ::-1]), num_classes=4)
    assert flipped == counted((truth, prediction), num_classes=4)
    assert counted((truth.ravel(), prediction.ravel()), num_classes=4) == flipped
    assert counted((truth[None, None], prediction[None, None]), num_classes=4) == flipped


def test_a_broadcast_view_counts():
    truth = np.broadcast_to(np.uint8(1), (4, 6))
    assert counted((truth, truth)).counts[1, 1] == 24


def test_counts_stay_exact_beyond_what_float32_holds():
    truth = np.zeros((4097, 4099), np.uint8)
    truth[0, 0] = 1
    matrix = counted((truth, np.zeros_like(truth)), num_classes=2)
    assert matrix.counts.tolist() == [[4097 * 4099 - 1, 0], [1, 0]]
    assert counted((truth.reshape(1, -1), truth.reshape(1, -1)), num_classes=2).counts.tolist() == [
        [4097 * 4099 - 1, 0],
        [0, 1],
    ]


@pytest.mark.parametrize("num_classes", [255, 256, 300, 1203])
def test_many_classes(num_classes):
    rng = np.random.default_rng(num_classes)
    truth, prediction = rng.integers(-2, num_classes + 3, (2, 50, 50))
    matrix = counted((truth, prediction), num_classes=num_classes, ignore_index=None)
    valid = (truth >= 0) & (truth < num_classes)
    expected = np.zeros((num_classes, num_classes), np.int64)
    missed = np.zeros(num_classes, np.int64)
    for row, column in zip(truth[valid].tolist(), prediction[valid].tolist(), strict=True):
        if 0 <= column < num_classes:
            expected[row, column] += 1
        else:
            missed[row] += 1
    assert np.array_equal(matrix.counts, expected)
    assert np.array_equal(matrix.missed, missed)


def test_an_empty_region_changes_nothing():
    matrix = counted(S1)
    empty = np.zeros((0, 5), np.uint8)
    matrix.add(empty, empty)
    matrix.replace(empty, empty, empty)
    assert matrix == counted(S1)


def test_shapes_that_differ_are_named():
    matrix = ConfusionMatrix(3)
    with pytest.raises(UserError, match=r"\(4, 5\).*\(5, 4\)"):
        matrix.add(np.zeros((4, 5), np.uint8), np.zeros((5, 4), np.uint8))
    with pytest.raises(UserError, match=r"\(2, 2\).*\(2, 3\)"):
        matrix.replace(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))
    assert matrix.valid_pixels == 0


def test_scores_are_not_class_indices():
    with pytest.raises(UserError, match="float"):
        ConfusionMatrix(3).add(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.float32))


@pytest.mark.parametrize("num_classes", [0, -1, 70000])
def test_impossible_numbers_of_classes_are_refused(num_classes):
    with pytest.raises(UserError, match="classes"):
        ConfusionMatrix(num_classes)


def test_matrices_of_different_classes_do_not_combine():
    with pytest.raises(UserError, match="3 and 4"):
        ConfusionMatrix(3) + ConfusionMatrix(4)


def test_sum_difference_and_merge():
    total = counted(S1) + counted(S4)
    assert total == counted(S1, S4)
    assert total - counted(S4) == counted(S1)
    merged = counted(S1)
    merged.merge(counted(S4))
    assert merged == total
    assert counted(S1) != counted(S4)


def test_counts_cannot_be_changed_from_outside():
    matrix = counted(S1)
    with pytest.raises(ValueError, match="read-only"):
        matrix.counts[0, 0] = 99
    copy = matrix.copy()
    copy.add(*S1)
    assert matrix == counted(S1)


def test_grouping_forgives_confusion_inside_a_group():
    assert counted(S1).grouped([0, 0, 1]).iou() == exactly("9/10", "3/4")


def test_grouping_without_a_class_treats_its_predictions_as_misses():
    grouped = counted(S1).grouped([0, -1, 1])
    # Truth 0: three right, one predicted as the class left out; its own five pixels are gone.
    assert grouped.iou() == exactly("3/5", "3/4")
    assert grouped.missed.tolist() == [1, 0]


rasters = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12).flatmap(
    lambda shape: st.tuples(*(hnp.arrays(np.int16, shape, elements=st.integers(-2, 6)) for _ in range(3)))
)


@given(rasters, st.sampled_from([np.uint8, np.int16, np.int64]), st.sampled_from([None, 255, -1]))
def test_replacing_equals_a_full_recount(arrays, dtype, ignore_index):
    truth, before, after = (array.astype(dtype) for array in arrays)
    live = counted((truth, before), num_classes=4, ignore_index=ignore_index)
    live.replace(truth, before, after)
    assert live == counted((truth, after), num_classes=4, ignore_index=ignore_index)
    live.replace(truth, after, before)
    assert live == counted((truth, before), num_classes=4, ignore_index=ignore_index)


@pytest.mark.allow_log
@given(rasters)
def test_replacing_equals_a_full_recount_when_a_class_is_ignored(arrays):
    truth, before, after = arrays
    live = counted((truth, before), num_classes=4, ignore_index=1)
    live.replace(truth, before, after)
    assert live == counted((truth, after), num_classes=4, ignore_index=1)


@given(rasters)
def test_swapping_sides_without_void_transposes(arrays):
    truth, prediction = (np.abs(array) % 4 for array in arrays[:2])
    forward = counted((truth, prediction), num_classes=4)
    backward = counted((prediction, truth), num_classes=4)
    assert np.array_equal(forward.counts.T, backward.counts)
    assert np.array_equal(forward.iou(), backward.iou(), equal_nan=True)
    assert np.array_equal(forward.precision(), backward.recall(), equal_nan=True)


@given(rasters)
def test_dice_follows_from_iou_per_class(arrays):
    matrix = counted(arrays[:2], num_classes=4)
    iou = matrix.iou()
    np.testing.assert_allclose(matrix.dice(), 2 * iou / (1 + iou), atol=1e-12)
