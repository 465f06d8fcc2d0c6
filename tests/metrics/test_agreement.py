"""Who is right where: every code once, and sums that equal both models' confusion matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.metrics import ConfusionMatrix
from segstudio.metrics.agreement import Agreement, agreement_map, agreement_pixels
from tests.metrics.fixtures import label_map


def test_every_code_once():
    truth, a, b = label_map("011110V"), label_map("0102200"), label_map("0012070")
    assert agreement_map(truth, a, b, num_classes=3).tolist() == [
        [
            Agreement.BOTH_RIGHT,
            Agreement.ONLY_A_RIGHT,
            Agreement.ONLY_B_RIGHT,
            Agreement.BOTH_WRONG_ALIKE,
            Agreement.BOTH_WRONG_DIFFERENTLY,
            Agreement.ONLY_A_RIGHT,
            Agreement.VOID,
        ]
    ]


triples = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9).flatmap(
    lambda shape: st.tuples(
        *(hnp.arrays(np.int16, shape, elements=st.sampled_from([-1, 0, 1, 2, 9, 300])) for _ in range(3))
    )
)


@given(triples)
def test_pixels_add_up_to_both_confusion_matrices(rasters):
    truth, a, b = rasters
    pixels = agreement_pixels(agreement_map(truth, a, b, num_classes=3))
    right = []
    for prediction in (a, b):
        matrix = ConfusionMatrix(3)
        matrix.add(truth, prediction)
        right.append(matrix.true_positives.sum())
    assert pixels[Agreement.BOTH_RIGHT] + pixels[Agreement.ONLY_A_RIGHT] == right[0]
    assert pixels[Agreement.BOTH_RIGHT] + pixels[Agreement.ONLY_B_RIGHT] == right[1]
    assert sum(pixels.values()) == truth.size
    assert pixels[Agreement.VOID] == np.count_nonzero((truth < 0) | (truth > 2))


def test_void_predictions_are_alike():
    truth, a, b = label_map("1"), label_map("V"), label_map("9")
    assert agreement_map(truth, a, b, num_classes=3).tolist() == [[Agreement.BOTH_WRONG_ALIKE]]


def test_an_empty_rectangle_has_an_empty_map():
    empty = np.zeros((0, 3), np.uint8)
    assert agreement_map(empty, empty, empty, num_classes=3).shape == (0, 3)


def test_bad_input_is_named():
    square = np.zeros((2, 2), np.uint8)
    with pytest.raises(UserError, match="B has shape"):
        agreement_map(square, square, square[:1], num_classes=3)
    with pytest.raises(UserError, match="300"):
        agreement_map(square, square, square, num_classes=300)
