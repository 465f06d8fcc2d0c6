"""The viewport's transform: exact inverses, zoom about a point, fit, and the rectangles it maps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.render.viewport import MAX_SCALE, MIN_SCALE, Viewport

coordinates = st.floats(-30_000, 30_000, allow_nan=False)
viewports = st.builds(
    Viewport,
    st.integers(1, 4000),
    st.integers(1, 3000),
    scale=st.floats(0.01, 64),
    left=st.floats(-50_000, 50_000),
    top=st.floats(-50_000, 50_000),
    quarter_turns=st.integers(-3, 6),
)


@given(viewports, coordinates, coordinates)
def test_to_image_and_to_widget_are_inverse(viewport, x, y):
    back = viewport.to_image(*viewport.to_widget(x, y))
    # The scaled coordinate has 53 bits; leaving and coming back costs a few of the last.
    tolerance = (abs(x) + abs(y) + 100_000 / viewport.scale) * 1e-14
    assert back == pytest.approx((x, y), abs=tolerance)


@given(viewports, st.floats(0.3, 3), st.floats(0, 4000), st.floats(0, 3000))
def test_zoom_keeps_the_point_under_the_cursor(viewport, factor, x, y):
    zoomed = viewport.zoomed_at(factor, x, y)
    again = zoomed.to_widget(*viewport.to_image(x, y))
    # The view's corner is rounded to 1/256 device pixel, and to whole ones at 100 %, 50 %, 25 % …
    exact = zoomed.scale in [2.0**-k for k in range(9)]
    assert again == pytest.approx((x, y), abs=0.5 + 1e-6 if exact else 1 / 256 + 1e-6)


@given(viewports, st.integers(-5000, 5000), st.integers(-5000, 5000))
def test_whole_pixel_pans_add_up_exactly(viewport, dx, dy):
    assert viewport.panned(dx, dy).panned(-dx, -dy) == viewport


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.125])
def test_pixels_fall_on_pixels_where_the_scale_allows_it(scale):
    view = Viewport(640, 480, scale=0.7, left=3.3, top=-8.9).scaled_at(scale, 100.3, 77.7)
    assert view.left == int(view.left)
    assert view.top == int(view.top)
    assert view.panned(7, -3).left == view.left - 7


def test_one_clockwise_quarter_turn_puts_the_left_edge_on_top():
    view = Viewport(100, 200, quarter_turns=1).fit((100, 200))
    lower_left = view.to_widget(0, 100)
    assert lower_left == pytest.approx((0, 0))
    upper_left = view.to_widget(0, 0)
    assert upper_left == pytest.approx((100, 0))


@pytest.mark.parametrize("turns", range(4))
def test_fit_shows_the_whole_image_and_touches_the_margin(turns):
    view = Viewport(640, 480, quarter_turns=turns).fit((1000, 2000), margin_px=10)
    corners = [view.to_widget(x, y) for x in (0, 2000) for y in (0, 1000)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    assert min(xs) + max(xs) == pytest.approx(640, abs=0.02)
    assert min(ys) + max(ys) == pytest.approx(480, abs=0.02)
    slack = min(640 - (max(xs) - min(xs)), 480 - (max(ys) - min(ys)))
    assert slack == pytest.approx(20, abs=0.02)


def test_visible_rect_is_clipped_to_the_image():
    view = Viewport(100, 50, scale=2.0, left=-10, top=20)
    assert view.visible_rect(Rect(0, 0, 30, 300)) == Rect(0, 10, 30, 35)


@given(viewports, st.integers(0, 3000), st.integers(0, 3000), st.integers(1, 500), st.integers(1, 500))
def test_device_rect_covers_the_image_rect(viewport, x, y, width, height):
    rect = Rect(x, y, x + width, y + height)
    device = viewport.device_rect(rect)
    for corner_x in (rect.x0, rect.x1):
        for corner_y in (rect.y0, rect.y1):
            at_x, at_y = viewport.to_widget(corner_x, corner_y)
            if 0 <= at_x <= viewport.width_px and 0 <= at_y <= viewport.height_px:
                assert device.x0 <= at_x <= device.x1
                assert device.y0 <= at_y <= device.y1


def test_scale_stays_within_its_limits():
    view = Viewport(100, 100)
    assert view.zoomed_at(1e9, 5, 5).scale == MAX_SCALE
    assert view.zoomed_at(1e-9, 5, 5).scale == MIN_SCALE


def test_resizing_and_turning_keep_the_middle():
    view = Viewport(300, 200, scale=3.0, left=100, top=50)
    middle = view.to_image(150, 100)
    assert view.resized(500, 100).to_image(250, 50) == pytest.approx(middle, abs=0.01)
    assert view.turned(1).to_image(150, 100) == pytest.approx(middle, abs=0.01)


@pytest.mark.parametrize(("dx", "dy"), [(9999, 0), (-9999, 0), (0, 9999), (0, -9999)])
def test_a_picture_cannot_be_lost_out_of_the_view(dx, dy):
    size_hw = (400, 600)
    view = Viewport(300, 200).panned(dx, dy).kept_near(size_hw, keep_px=40)
    assert view.device_rect(Rect.of_size(*size_hw)).area >= 40 * 40


def test_a_view_without_pixels_is_refused():
    with pytest.raises(ValueError, match="shows nothing"):
        Viewport(0, 10)
