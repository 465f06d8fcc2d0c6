"""Error regions: connected, complete, and worth exactly what mending them gives."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.metrics import ConfusionMatrix
from segstudio.metrics.error_regions import error_regions
from tests.metrics.fixtures import S2, label_map

CLASSES = 4


def matrix_of(*pairs):
    matrix = ConfusionMatrix(CLASSES)
    for pair in pairs:
        matrix.add(*pair)
    return matrix


TRUTH = label_map("000000/000000/111111/11111V")
LABELS = label_map("010011/000011/111112/V1100V")


def test_the_regions_of_one_confusion():
    regions = error_regions(TRUTH, LABELS, matrix_of((TRUTH, LABELS)), pairs=[(0, 1)])
    large, small = regions
    assert (large.pixels, large.box, large.anchor_xy) == (4, Rect(4, 0, 6, 2), (4, 0))
    assert (small.pixels, small.box) == (1, Rect(1, 0, 2, 1))
    assert large.truth_class == 0
    assert large.label_class == 1
    # 7 of 14 intersect for class 0; class 1 holds 7 of 16.
    assert large.delta_iou_truth == pytest.approx(11 / 14 - 7 / 14)
    assert large.delta_iou_label == pytest.approx(7 / 12 - 7 / 16)


def test_all_confusions_are_sorted_by_gain():
    regions = error_regions(TRUTH, LABELS, matrix_of((TRUTH, LABELS)))
    pairs = {(region.truth_class, region.label_class) for region in regions}
    assert pairs == {(0, 1), (1, 2), (1, 0), (1, None)}
    gains = [region.delta_miou for region in regions]
    assert gains == sorted(gains, reverse=True)
    # Mending the lone pixel of class 2 removes a class with IoU 0 from the mean: worth most, though smallest.
    assert regions[0].label_class == 2
    assert math.isnan(regions[0].delta_iou_label)


def test_unlabelled_truth_is_a_confusion_too():
    (region,) = error_regions(TRUTH, LABELS, matrix_of((TRUTH, LABELS)), pairs=[(1, None)])
    assert (region.pixels, region.anchor_xy) == (1, (0, 3))
    assert math.isnan(region.delta_iou_label)


def test_diagonal_neighbours_are_one_region():
    truth = np.zeros((4, 4), np.uint8)
    labels = np.eye(4, dtype=np.uint8)
    (region,) = error_regions(truth, labels, matrix_of((truth, labels)))
    assert region.pixels == 4


def test_small_regions_can_be_left_out():
    regions = error_regions(TRUTH, LABELS, matrix_of((TRUTH, LABELS)), min_pixels=2)
    assert sorted(region.pixels for region in regions) == [2, 4]


def test_a_perfect_image_has_no_regions():
    assert error_regions(TRUTH, TRUTH, matrix_of((TRUTH, TRUTH))) == []


maps = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12).flatmap(
    lambda shape: st.tuples(
        *(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 1, 2, 3, 255])) for _ in range(2))
    )
)


@given(maps)
def test_mending_a_region_gives_what_it_promises(pair):
    truth, labels = pair
    before = matrix_of(pair, S2)
    regions = error_regions(truth, labels, before)
    assert sum(region.pixels for region in regions) == np.count_nonzero((truth != labels) & (truth < CLASSES))
    for region in regions[:4]:
        column = 255 if region.label_class is None else region.label_class
        confusion = ((truth == region.truth_class) & (labels == column)).astype(np.uint8)
        _, component = cv2.connectedComponents(confusion, connectivity=8)
        x, y = region.anchor_xy
        inside = component == component[y, x]
        assert component[y, x] > 0
        assert Rect.of_mask(inside) == region.box
        mended = np.where(inside, truth, labels)
        after = matrix_of((truth, mended), S2)
        assert after.mean_iou() - before.mean_iou() == pytest.approx(region.delta_miou, abs=1e-12)
        truth_gain = after.iou()[region.truth_class] - before.iou()[region.truth_class]
        assert truth_gain == pytest.approx(region.delta_iou_truth, abs=1e-12)


def test_bad_pairs_are_named():
    matrix = matrix_of((TRUTH, LABELS))
    with pytest.raises(UserError, match="outside"):
        error_regions(TRUTH, LABELS, matrix, pairs=[(0, 9)])
    with pytest.raises(UserError, match="not a confusion"):
        error_regions(TRUTH, LABELS, matrix, pairs=[(1, 1)])
    with pytest.raises(UserError, match="shape"):
        error_regions(TRUTH, LABELS[1:], matrix)
