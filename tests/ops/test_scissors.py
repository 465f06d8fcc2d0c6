"""Scissors: the line keeps to an edge that is there."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.ops.scissors import fewer_points, live_wire


def disc(size=300, radius=100):
    rows, columns = np.mgrid[0:size, 0:size] + 0.5
    inside = np.hypot(rows - size / 2, columns - size / 2) < radius
    return np.where(inside[..., None], (210, 180, 60), (40, 60, 90)).astype(np.uint8)


def on_rim(degrees, radius=100, middle=150):
    return middle + radius * np.cos(np.radians(degrees)), middle + radius * np.sin(np.radians(degrees))


@pytest.mark.parametrize("degrees", [40, 80, 120])
def test_the_line_follows_the_rim_of_a_disc(degrees):
    wire = live_wire(disc(), on_rim(0))
    path_xy = wire.path_to(on_rim(degrees))
    assert np.abs(np.hypot(*(path_xy - 150).T) - 100).max() < 3
    assert np.hypot(*(path_xy[0] - on_rim(0))) < 1.5
    assert np.hypot(*(path_xy[-1] - on_rim(degrees))) < 1.5
    assert np.abs(np.diff(path_xy, axis=0)).max() <= 1


def test_a_point_outside_the_window_is_drawn_to_its_border():
    wire = live_wire(disc(), (150, 150), window=64)
    assert wire.window == Rect(118, 118, 182, 182)
    path_xy = wire.path_to((400, -50))
    assert path_xy[-1].tolist() == [181.5, 118.5]


def test_the_window_stays_in_the_image():
    assert live_wire(disc(60, 20), (2, 57), window=50).window == Rect(0, 32, 27, 60)


def test_an_anchor_outside_is_refused():
    with pytest.raises(UserError, match="inside the image"):
        live_wire(disc(), (-1, 5))


def test_fewer_points_keep_the_ends_and_the_line():
    path_xy = np.stack((np.arange(100.0), np.abs(np.arange(100.0) - 50)), axis=1)
    kept = fewer_points(path_xy, 0.5)
    assert kept.tolist() == [[0, 50], [50, 0], [99, 49]]
    assert fewer_points(path_xy[:2], 5) is not None
    assert len(fewer_points(path_xy[:1], 5)) == 1
