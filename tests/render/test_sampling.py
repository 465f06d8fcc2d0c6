"""What each device pixel shows, against the definition written out in plain NumPy: any zoom, place, turn and size."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.render.compositor import Compositor
from segstudio.render.lut import ColorTable
from segstudio.render.pyramid import Pyramid
from segstudio.render.sampling import Axis, Grid, sample
from segstudio.render.scene import RasterLayer, Scene
from segstudio.render.scratch import Scratch
from segstudio.render.tone import Tone
from segstudio.render.viewport import Viewport

sizes = st.tuples(st.integers(1, 97), st.integers(1, 131))
scales = st.one_of(
    st.sampled_from([0.1, 0.125, 0.2, 0.25, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 8.0, 12.0, 20.0]), st.floats(0.05, 24)
)
views = st.builds(
    Viewport,
    st.integers(1, 150),
    st.integers(1, 110),
    scale=scales,
    left=st.floats(-80, 400),
    top=st.floats(-80, 400),
    quarter_turns=st.integers(0, 3),
)


def positions(view):
    """Image coordinates of the middles of all device pixels: x and y, float `[height, width]` each."""
    columns, rows = np.meshgrid(np.arange(view.width_px), np.arange(view.height_px))
    u, v = (columns + (view.left + 0.5)) / view.scale, (rows + (view.top + 0.5)) / view.scale
    return [(u, v), (v, -u), (-u, -v), (-v, u)][view.quarter_turns]


def inside(x, y, size_hw):
    return (x >= 0) & (x < size_hw[1]) & (y >= 0) & (y < size_hw[0])


@settings(max_examples=150, deadline=None)
@given(views, sizes, st.sampled_from([np.uint8, np.uint16]))
def test_sampled_numbers_are_those_under_the_middles(view, size_hw, dtype):
    numbers = np.random.default_rng(0).integers(0, 256, size_hw).astype(dtype)
    grid = Grid.of(view, Rect(0, 0, view.width_px, view.height_px))
    sampled = sample(numbers, Axis.of(grid.x, size_hw[1]), Axis.of(grid.y, size_hw[0]), Scratch())
    x, y = positions(view)
    columns = np.clip(np.floor(x), 0, size_hw[1] - 1).astype(int)
    rows = np.clip(np.floor(y), 0, size_hw[0] - 1).astype(int)
    np.testing.assert_array_equal(sampled.T if grid.is_swapped else sampled, numbers[rows, columns])


@settings(max_examples=150, deadline=None)
@given(views, sizes, st.integers(0, 300))
def test_labels_are_drawn_where_a_click_would_hit_them(view, size_hw, most):
    numbers = np.random.default_rng(1).integers(0, most + 1, size_hw).astype(np.uint16)
    colors = np.stack([np.arange(400) % 256, np.arange(400) // 256, np.zeros(400)], axis=1).astype(np.uint8)
    layer = RasterLayer(numbers, ColorTable.of(colors[: max(2, most + 2)], np.ones(max(2, most + 2))))
    drawn = Compositor(view.width_px, view.height_px).full(view, Scene(size_hw, layers=(layer,)))
    x, y = positions(view)
    here = inside(x, y, size_hw)
    hit = numbers[np.floor(y[here]).astype(int), np.floor(x[here]).astype(int)]
    np.testing.assert_array_equal((drawn >> 16 & 255)[here] + 256 * (drawn >> 8 & 255)[here], hit)
    assert (drawn[~here] == 0xFF202020).all()


def interpolated(samples, x, y):
    """Bilinear, positions rounded to 1/32 pixel, the border repeated; float `[..., C]`."""
    height, width = samples.shape[:2]
    x, y = (np.floor((at - 0.5) * 32 + 0.5) / 32 for at in (x, y))
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    wx, wy = (x - x0)[..., None], (y - y0)[..., None]

    def at(row, column):
        return samples[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)].astype(float)

    upper = at(y0, x0) * (1 - wx) + at(y0, x0 + 1) * wx
    lower = at(y0 + 1, x0) * (1 - wx) + at(y0 + 1, x0 + 1) * wx
    return upper * (1 - wy) + lower * wy


@settings(max_examples=150, deadline=None)
@given(views, sizes, st.booleans())
def test_the_picture_is_interpolated_or_square_as_defined(view, size_hw, deep):
    chance = np.random.default_rng(2)
    if deep:
        # Each 16-bit value is looked up as its upper byte: what is drawn are the samples themselves.
        samples = (chance.integers(0, 256, size_hw) * 256 + 255).astype(np.uint16)
        tone = Tone((0,), ((np.arange(65536) >> 8).astype(np.uint8),))
    else:
        samples, tone = chance.integers(0, 256, (*size_hw, 3), dtype=np.uint8), None
    drawn = Compositor(view.width_px, view.height_px).full(view, Scene(size_hw, Pyramid(samples), tone))
    x, y = positions(view)
    here = inside(x, y, size_hw)
    shown = np.stack([(drawn >> shift) & 255 for shift in (16, 8, 0)], axis=2)[here].astype(float)
    planes = samples[:, :, None] if deep else samples
    if 0.5 <= view.scale < 2:
        wanted = interpolated(planes, x[here], y[here])
    else:
        wanted = planes[np.floor(y[here]).astype(int), np.floor(x[here]).astype(int)].astype(float)
    if deep:
        wanted = np.floor((wanted + 0.5) / 256)
        assert np.abs(shown - wanted).max(initial=0) <= 1
    else:
        assert np.abs(shown - wanted).max(initial=0) <= 0.5


@settings(max_examples=60, deadline=None)
@given(st.floats(-50, 50), st.floats(0.05, 24), st.integers(2, 90), st.integers(1, 60))
def test_an_axis_says_truly_whether_it_is_regular(start, scale, length, count):
    axis = Axis.of((np.arange(length) + start) / scale, count)
    steps = np.diff(axis.index)
    assert (axis.step != 0) <= (len(np.unique(steps)) == 1)
    if axis.step:
        np.testing.assert_array_equal(np.arange(count)[axis.as_slice], axis.index)
        np.testing.assert_array_equal(np.arange(count)[axis.part(1, length).as_slice], axis.index[1:])
