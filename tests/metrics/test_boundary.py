"""Boundary metrics: the fixtures' numbers and the conventions on which the references differ."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.metrics import boundary_iou
from segstudio.metrics.boundary import (
    boundary_f,
    boundary_of,
    boundary_overlap,
    boundary_width,
    trimap_iou,
    trimap_overlap,
)
from tests.metrics.fixtures import square

SQUARE = square(12, 12, rows=slice(3, 9), columns=slice(2, 8))
ONE_RIGHT, TWO_RIGHT = np.roll(SQUARE, 1, axis=1), np.roll(SQUARE, 2, axis=1)


def on_canvas(mask, side):
    canvas = np.zeros((side, side), bool)
    canvas[:12, :12] = mask
    return canvas


def test_rings_of_a_shifted_square_share_a_third():
    assert boundary_overlap(SQUARE, ONE_RIGHT) == (10, 30)
    assert boundary_iou(SQUARE, ONE_RIGHT) == pytest.approx(1 / 3, abs=1e-12)


@pytest.mark.parametrize(("side", "distance"), [(120, 3), (320, 9)])
def test_the_same_squares_on_a_larger_canvas_score_as_their_masks(side, distance):
    assert boundary_width(side, side) == distance
    score = boundary_iou(on_canvas(SQUARE, side), on_canvas(ONE_RIGHT, side))
    assert score == pytest.approx(30 / 42, abs=1e-12)


def test_a_width_in_pixels_does_not_depend_on_the_canvas():
    for side in (12, 120, 320):
        shifted = on_canvas(SQUARE, side), on_canvas(ONE_RIGHT, side)
        assert boundary_iou(*shifted, distance=1) == pytest.approx(1 / 3)


def test_the_frame_is_boundary():
    full = np.ones((9, 9), bool)
    ring = full.copy()
    ring[1:-1, 1:-1] = False
    assert np.array_equal(boundary_of(full, 1), ring)
    assert boundary_of(full, 5).all()


def test_cityscapes_band_is_narrower():
    assert boundary_width(1024, 2048) == 46
    assert boundary_width(1024, 2048, ratio=0.005) == 11
    assert boundary_width(4, 4) == 1


masks = hnp.arrays(bool, st.tuples(st.integers(1, 24), st.integers(1, 24)))


@given(masks, st.integers(1, 8))
def test_a_distance_map_equals_repeated_erosion(mask, distance):
    """The reference erodes `distance` times by a 3 x 3 box on an image padded by zeros."""
    padded = np.pad(mask, 1).astype(np.uint8)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=distance)[1:-1, 1:-1]
    assert np.array_equal(boundary_of(mask, distance), mask & (eroded == 0))


def test_trimap_iou_of_a_shifted_square():
    assert trimap_overlap(SQUARE, ONE_RIGHT, distance=1) == (14, 26)
    assert trimap_iou(SQUARE, ONE_RIGHT, distance=1) == pytest.approx(14 / 26, abs=1e-12)


def test_overlaps_pool_over_images():
    pooled = boundary_overlap(SQUARE, ONE_RIGHT) + boundary_overlap(SQUARE, SQUARE)
    assert pooled == (30, 50)
    assert pooled.iou == 0.6


@pytest.mark.parametrize(("prediction", "expected"), [(SQUARE, 1.0), (ONE_RIGHT, 1.0), (TWO_RIGHT, 14 / 24)])
def test_boundary_f_forgives_one_pixel(prediction, expected):
    assert boundary_f(SQUARE, prediction) == pytest.approx(expected, abs=1e-12)


def test_boundary_f_of_empty_masks():
    empty = np.zeros_like(SQUARE)
    assert boundary_f(empty, empty) == 1
    assert boundary_f(SQUARE, empty) == 0
    assert boundary_f(empty, SQUARE) == 0


@given(masks, st.integers(0, 3), st.integers(0, 1000))
def test_boundary_f_equals_dilation_by_a_disk(mask, radius, seed):
    """DAVIS dilates the other contour by a disk and counts what it covers."""
    other = np.random.default_rng(seed).random(mask.shape) < 0.4

    def contour(m):
        e, s, se = m.copy(), m.copy(), m.copy()
        e[:, :-1], s[:-1], se[:-1, :-1] = m[:, 1:], m[1:], m[1:, 1:]
        edge = (m ^ e) | (m ^ s) | (m ^ se)
        edge[-1], edge[:, -1] = m[-1] ^ e[-1], m[:, -1] ^ s[:, -1]
        edge[-1, -1] = False
        return edge

    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (x * x + y * y <= radius * radius).astype(np.uint8)
    first, second = contour(mask), contour(other)
    if not first.any() or not second.any():
        expected = float(first.any() == second.any())
    else:
        precision = np.mean(cv2.dilate(first.astype(np.uint8), disk)[second])
        recall = np.mean(cv2.dilate(second.astype(np.uint8), disk)[first])
        expected = 2 * precision * recall / (precision + recall) if precision + recall else 0
    assert boundary_f(mask, other, distance=radius) == pytest.approx(expected)


def test_empty_masks_have_no_boundary():
    empty = np.zeros((5, 5), bool)
    assert math.isnan(boundary_iou(empty, empty))
    assert boundary_iou(empty, ~empty) == 0
    assert math.isnan(trimap_iou(empty, empty))


def test_two_classes_do_not_invent_a_third():
    """Eroding a map of class ids and subtracting yields boundary pixels of classes that are not there."""
    labels = np.full((10, 10), 2)
    labels[:, 5:] = 3
    assert not boundary_of(labels == 0, 1).any()
    assert not boundary_of(labels == 1, 1).any()


def test_shapes_that_differ_are_named():
    with pytest.raises(UserError, match=r"\(12, 12\).*\(12, 11\)"):
        boundary_iou(SQUARE, SQUARE[:, :-1])
