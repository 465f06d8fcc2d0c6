"""The brush against the distance itself, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from segstudio.core.geometry import EMPTY, Rect
from segstudio.ops.brush import capsule, snapped, stroke_path
from tests.ops.strategies import coordinates, on_canvas

SIZE = 40, 50
BOUNDS = Rect.of_size(*SIZE)
POINTS = st.tuples(coordinates(), coordinates())
RADII = st.one_of(st.integers(0, 30).map(lambda v: v / 2), st.floats(0, 15, width=32).map(float))


def distance_to_segment(a, b):
    """Euclidean distance of every pixel's middle to the segment."""
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]] + 0.5
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = np.zeros(SIZE)
    if dx or dy:
        along = np.clip(((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy), 0, 1)
    return np.hypot(x - a[0] - along * dx, y - a[1] - along * dy)


def under_square(a, b, radius):
    """Pixels over which a square of half side `radius` passes: both axes are within reach at the same time."""
    if radius < 0:
        return np.zeros(SIZE, bool)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]] + 0.5
    begin, end = np.zeros(SIZE), np.ones(SIZE)
    for place, start, way in ((x, a[0], b[0] - a[0]), (y, a[1], b[1] - a[1])):
        if way == 0:
            end = np.where(np.abs(place - start) <= radius, end, -1)
        else:
            one, other = (place - radius - start) / way, (place + radius - start) / way
            begin, end = np.maximum(begin, np.minimum(one, other)), np.minimum(end, np.maximum(one, other))
    return begin <= end


@given(POINTS, POINTS, RADII)
def test_a_round_tip_covers_what_lies_within_its_radius(a, b, radius):
    distance = distance_to_segment(a, b)
    assume(not (np.abs(distance - radius) < 1e-9).any())
    rect, mask_hw = capsule(a, b, radius, BOUNDS)
    assert np.array_equal(on_canvas(rect, mask_hw, SIZE), distance <= radius)
    assert rect == Rect.of_mask(distance <= radius)


@given(st.integers(0, 80), st.integers(0, 80), st.integers(0, 40))
def test_a_dab_counts_pixels_exactly_at_its_radius(x2, y2, diameter):
    """Half-pixel positions are exact in binary, so here even the rim must agree."""
    x, y, radius = x2 / 2, y2 / 2, diameter / 2
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    expected = (2 * columns + 1 - x2) ** 2 + (2 * rows + 1 - y2) ** 2 <= diameter**2
    rect, mask_hw = capsule((x, y), (x, y), radius, BOUNDS)
    assert np.array_equal(on_canvas(rect, mask_hw, SIZE), expected)


@given(POINTS, POINTS, RADII.filter(lambda radius: radius > 0.01))
def test_a_square_tip_covers_what_it_passes_over(a, b, radius):
    surely, perhaps = under_square(a, b, radius - 1e-7), under_square(a, b, radius + 1e-7)
    rect, mask_hw = capsule(a, b, radius, BOUNDS, square=True)
    covered = on_canvas(rect, mask_hw, SIZE)
    assert not (surely & ~covered).any()
    assert not (covered & ~perhaps).any()
    assert rect == Rect.of_mask(covered)


@given(st.lists(POINTS, min_size=1, max_size=6), RADII, st.booleans())
def test_a_path_is_the_union_of_its_pieces(points, radius, square):
    rect, mask_hw = stroke_path(np.array(points), radius, BOUNDS, square=square)
    expected = np.zeros(SIZE, bool)
    for a, b in zip(points, points[1:] or points, strict=False):
        expected |= on_canvas(*capsule(a, b, radius, BOUNDS, square=square), SIZE)
    assert np.array_equal(on_canvas(rect, mask_hw, SIZE), expected)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 40)), min_size=2, max_size=6))
def test_a_fast_hand_leaves_no_gap(points):
    """Every point of the path lies on, or beside, a painted pixel."""
    rect, mask_hw = stroke_path(np.array(points), 1.0, BOUNDS)
    painted = np.pad(on_canvas(rect, mask_hw, SIZE), 1)
    for (ax, ay), (bx, by) in zip(points, points[1:], strict=False):
        for share in np.linspace(0, 1, 40):
            column, row = int(ax + share * (bx - ax)) + 1, int(ay + share * (by - ay)) + 1
            assert painted[row - 1 : row + 2, column - 1 : column + 2].any()


@pytest.mark.parametrize(("p0", "p1", "radius"), [((-50, -50), (-40, -50), 9), ((5, 5), (9, 9), -1)])
def test_nothing_touched_is_the_empty_rectangle(p0, p1, radius):
    rect, mask_hw = capsule(p0, p1, radius, BOUNDS)
    assert rect == EMPTY
    assert mask_hw.shape == (0, 0)
    assert stroke_path(np.zeros((0, 2)), 3, BOUNDS)[0] == EMPTY


@given(st.floats(0, 49.99), st.floats(0, 39.99), st.integers(1, 20), st.booleans())
def test_a_snapped_square_tip_has_exactly_its_size(x, y, size, square):
    centre = snapped((x, y), size)
    rect, mask_hw = capsule(centre, centre, size / 2, Rect(-50, -50, 100, 100), square=square)
    assert (rect.width, rect.height) == (size, size)
    if square:
        assert mask_hw.all()
    assert abs(centre[0] - x) <= 0.5
    assert abs(centre[1] - y) <= 0.5


@given(st.floats(0, 49.99), st.floats(0, 39.99))
def test_a_tip_of_one_pixel_paints_the_pixel_under_the_cursor(x, y):
    centre = snapped((x, y), 1)
    rect, mask_hw = capsule(centre, centre, 0.5, BOUNDS)
    assert rect == Rect(int(x), int(y), int(x) + 1, int(y) + 1)
    assert mask_hw.all()
