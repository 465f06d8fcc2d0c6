"""Semantic boundary metrics: pooled over images, void left out, one band per class."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.metrics.semantic_boundary import SemanticBoundary
from tests.metrics.fixtures import square

SQUARE = square(12, 12, rows=slice(3, 9), columns=slice(2, 8)).astype(np.uint8)


def pooled(*pairs, num_classes=2):
    boundary = SemanticBoundary(num_classes)
    for pair in pairs:
        boundary.add(*pair)
    return boundary


def test_a_shifted_square():
    boundary = pooled((SQUARE, np.roll(SQUARE, 1, axis=1)))
    assert boundary.boundary_iou()[1] == pytest.approx(10 / 30)
    assert boundary.trimap_iou()[1] == pytest.approx(14 / 26)


def test_images_pool_before_the_division():
    boundary = pooled((SQUARE, np.roll(SQUARE, 1, axis=1)), (SQUARE, SQUARE))
    assert boundary.boundary_iou()[1] == pytest.approx(30 / 50)
    merged = pooled((SQUARE, np.roll(SQUARE, 1, axis=1)))
    merged.merge(pooled((SQUARE, SQUARE)))
    assert merged.boundary_iou().tolist() == boundary.boundary_iou().tolist()
    assert merged.trimap_iou().tolist() == boundary.trimap_iou().tolist()


def test_void_leaves_both_sides():
    truth = SQUARE.copy()
    truth[:, 8:] = 255
    prediction = np.roll(SQUARE, 1, axis=1)
    # The prediction's right side lies on void; what remains are its other sides against the whole truth ring.
    assert pooled((truth, prediction)).boundary_iou()[1] == pytest.approx(10 / (20 + 14 - 10))


def test_two_classes_do_not_invent_a_third():
    labels = np.full((10, 10), 2, np.uint8)
    labels[:, 5:] = 3
    boundary = pooled((labels, labels), num_classes=4)
    assert np.isnan(boundary.boundary_iou()[:2]).all()
    assert boundary.boundary_iou()[2:].tolist() == [1, 1]


def test_shapes_that_differ_are_named():
    with pytest.raises(UserError, match=r"\(12, 12\).*\(11, 12\)"):
        pooled((SQUARE, SQUARE[1:]))
