"""The pixel grid: on the first device pixel of each image pixel, in one grey, and nowhere else."""

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.render.compositor import Compositor
from segstudio.render.pyramid import Pyramid
from segstudio.render.scene import Scene
from segstudio.render.viewport import Viewport

WIDTH, HEIGHT = 210, 160


def frames(view, value):
    """The view of a picture of one grey value without and with the grid, as its green channel."""
    photo = Pyramid(np.full((40, 60, 3), value, np.uint8))
    both = [
        Compositor(WIDTH, HEIGHT).full(view, Scene((40, 60), photo, pixel_grid=grid)).copy() for grid in (False, True)
    ]
    assert (both[1] >> 24 == 255).all()
    return [(frame >> 8 & 255).astype(int) for frame in both]


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("at", [(30, 20), (1, 39)])
def test_lines_lie_on_the_first_pixel_of_each_square(turns, at, value):
    view = Viewport(WIDTH, HEIGHT, 13.3, quarter_turns=turns).centred_on(*at)
    bare, lined = frames(view, value)

    def pixel(column, row):
        return tuple(int(np.floor(place)) for place in view.to_image(column + 0.5, row + 0.5))

    for row in range(HEIGHT):
        for column in range(WIDTH):
            x, y = here = pixel(column, row)
            is_inside = 0 <= x < 60 and 0 <= y < 40
            begins = sum(pixel(*before) != here for before in ((column - 1, row), (column, row - 1)))
            change = abs(lined[row, column] - bare[row, column])
            if not is_inside or not begins:
                assert change == 0
            else:
                once = abs(128 - value) * 130 / 255
                assert change == pytest.approx(once if begins == 1 else once * (1 + 125 / 255), abs=1.5)


@pytest.mark.parametrize(("scale", "is_lined"), [(7.9, False), (8.0, True), (128.0, True)])
def test_only_large_pixels_have_lines(scale, is_lined):
    bare, lined = frames(Viewport(WIDTH, HEIGHT, scale), 0)
    assert (bare != lined).any() == is_lined


def test_a_part_that_is_drawn_alone_has_the_same_lines():
    scene = Scene((40, 60), Pyramid(np.zeros((40, 60, 3), np.uint8)), pixel_grid=True)
    view = Viewport(WIDTH, HEIGHT, 9.37, left=3.5, top=-7.25)
    drawn = Compositor(WIDTH, HEIGHT)
    whole = drawn.full(view, scene).copy()
    drawn.buffer_hw[...] = 0
    for row in range(0, 40, 7):
        for column in range(0, 60, 11):
            drawn.update(Rect(column, row, column + 11, row + 7))
    inside = drawn.buffer_hw != 0
    np.testing.assert_array_equal(drawn.buffer_hw[inside], whole[inside])
    assert inside.mean() > 0.8
