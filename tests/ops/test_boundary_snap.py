"""Outlines find the edge of a thing whose edge is known, and stay where nothing is gained."""

import cv2
import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape
from segstudio.ops import polygon
from segstudio.ops.boundary_snap import snap_shape

SIZE = (220, 260)


def disc():
    image = np.full((*SIZE, 3), 90, np.uint8)
    cv2.circle(image, (130, 110), 60, (200, 180, 60), -1)
    noise = np.random.default_rng(0).integers(-6, 7, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), image[..., 0] > 150


def wavy(amplitude, radius=60.0):
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    length = radius + amplitude * np.sin(5 * angle)
    return PolygonShape.of(np.stack([130.5 + length * np.cos(angle), 110.5 + length * np.sin(angle)], axis=1))


def iou(shape, mask):
    filled = polygon.fill_mask(shape, Rect.of_size(*SIZE), SIZE)
    return (filled & mask).sum() / (filled | mask).sum()


@pytest.mark.parametrize("amplitude", [3, 5])
def test_a_wavy_outline_finds_the_disc(amplitude):
    image, mask = disc()
    assert iou(wavy(amplitude), mask) < 0.95
    assert iou(snap_shape(wavy(amplitude), image), mask) > 0.98


def test_nothing_moves_where_there_is_no_edge():
    flat = np.full((*SIZE, 3), 90, np.uint8)
    before = wavy(5)
    after = snap_shape(before, flat)
    assert np.array_equal(after.rings_xy[0], before.rings_xy[0])


def test_points_never_go_farther_than_the_reach_or_out_of_the_picture():
    image, _ = disc()
    before = wavy(0, radius=100)
    after = snap_shape(before, image, reach=8)
    x, y = after.rings_xy[0].T
    assert x.min() >= 0
    assert y.min() >= 0
    assert x.max() <= SIZE[1]
    assert y.max() <= SIZE[0]
    assert np.hypot(x - 130.5, y - 110.5).min() > 100 - 8 - 1


@pytest.mark.parametrize("ring", [[(0, 0), (1, 0), (1, 1)], [(300, 300), (310, 300), (310, 310)]])
def test_tiny_and_far_shapes_survive(ring):
    image, _ = disc()
    assert snap_shape(PolygonShape.of(np.array(ring, float)), image).parts
