"""Each tool on the label raster, driven by mouse and keys; expected labels are computed here, by other means."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.ui.canvas_stage import ALT, CAR, HOUSE, RIGHT, ROAD, SHIFT, SIZE_HW, stage

__all__ = ["stage"]


def middles():
    """x and y of every pixel's middle."""
    y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    return x + 0.5, y + 0.5


def near_line(points, radius):
    """Pixels whose middle is within `radius` of a line through the points, by the textbook distance to a segment."""
    x, y = middles()
    inside = np.zeros(SIZE_HW, bool)
    for (ax, ay), (bx, by) in zip(points, points[1:] or points, strict=False):
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        share = np.clip(((x - ax) * dx + (y - ay) * dy) / length, 0, 1) if length else np.zeros_like(x)
        inside |= np.hypot(x - ax - share * dx, y - ay - share * dy) <= radius
    return inside


def at_screen(stage, *points):
    """The image points that the hand really hits: Qt's positions are exact, so these are the given ones."""
    return [stage.canvas.to_image(stage.canvas.to_widget(*point)) for point in points]


def same_but_for_the_rim(ids, expected, points, radius):
    """Equal, except where the distance is the radius to within rounding."""
    rim = near_line(points, radius + 1e-6) & ~near_line(points, radius - 1e-6)
    return bool((ids[~rim] == expected[~rim]).all())


def test_a_brush_stroke_paints_what_its_tip_touched_as_one_step(stage):
    points = [(20, 20), (60, 35), (61, 80), (150, 90)]
    stage.hand.drag(*points)
    expected = np.where(near_line(at_screen(stage, *points), 6), CAR, 0)
    assert same_but_for_the_rim(stage.ids, expected, points, 6)
    assert stage.steps() == ["brush"]
    stage.session.undo()
    assert not stage.ids.any()
    stage.session.redo()
    assert same_but_for_the_rim(stage.ids, expected, points, 6)


def test_a_stroke_is_seen_and_scored_while_it_is_drawn(stage):
    scores = []
    stage.view(active_class=1)
    stage.session.live.changed.connect(lambda _: scores.append(stage.session.live.score().image.mean_iou))
    stage.hand.press(20, 20)
    stage.hand.move(100, 20)
    QApplication.processEvents()
    assert stage.ids[20, 100] == HOUSE
    assert len(scores) >= 2
    assert scores[-1] > scores[0]
    stage.hand.release(100, 20)


def test_escape_in_a_stroke_leaves_no_trace(stage):
    stage.paint(slice(0, 60), slice(0, 100), ROAD)
    before = stage.ids
    stage.hand.press(20, 20)
    stage.hand.move(100, 70)
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.move(150, 70)
    stage.hand.release(150, 70)
    np.testing.assert_array_equal(stage.ids, before)
    assert stage.steps() == []


def test_undo_while_the_button_is_down_drops_the_stroke(stage):
    stage.hand.press(20, 20)
    stage.hand.move(100, 70)
    assert stage.canvas.undo_in_tool()
    stage.hand.release(100, 70)
    assert not stage.ids.any()
    assert not stage.canvas.undo_in_tool()


def test_alt_erases_and_so_does_the_eraser(stage):
    stage.paint(slice(None), slice(None), ROAD)
    stage.hand.drag((30, 30), (60, 30), keys=ALT)
    line = near_line([(30, 30), (60, 30)], 6)
    assert same_but_for_the_rim(stage.ids, np.where(line, 0, ROAD), [(30, 30), (60, 30)], 6)
    stage.session.undo()
    stage.view(tool="eraser")
    stage.hand.drag((30, 30), (60, 30))
    assert same_but_for_the_rim(stage.ids, np.where(line, 0, ROAD), [(30, 30), (60, 30)], 6)


def test_shift_goes_on_with_the_class_under_the_cursor(stage):
    stage.paint(slice(0, 40), slice(0, 40), HOUSE)
    stage.hand.drag((30, 30), (80, 30), keys=SHIFT)
    assert stage.ids[30, 80] == HOUSE
    stage.hand.click(150, 100, keys=SHIFT)
    assert stage.ids[100, 150] == CAR


def test_a_square_tip(stage):
    stage.view(brush_square=True, brush_radius=5.0)
    stage.hand.click(50, 40)
    expected = np.zeros(SIZE_HW, np.uint16)
    expected[35:45, 45:55] = CAR
    np.testing.assert_array_equal(stage.ids, expected)


def test_a_tip_of_one_pixel_paints_the_pixel_under_the_cursor(stage):
    stage.view(brush_radius=0.5)
    stage.hand.click(50.9, 40.05)
    assert np.argwhere(stage.ids).tolist() == [[40, 50]]


def test_the_brush_can_keep_its_size_on_the_screen(stage):
    stage.canvas.scale_to(2.0)
    stage.view(brush_in_screen_pixels=True, brush_radius=20.0)
    stage.hand.click(100, 60)
    assert np.count_nonzero(stage.ids) == pytest.approx(np.pi * 10**2, rel=0.03)


def test_only_unlabelled_pixels_where_that_is_asked(stage):
    stage.paint(slice(None), slice(0, 50), ROAD)
    stage.view(paint_mode="unlabelled")
    stage.hand.drag((30, 30), (80, 30))
    ids = stage.ids
    assert (ids[:, :50] == ROAD).all()
    assert ids[30, 60] == CAR


def test_protected_classes_are_not_painted_over(stage):
    stage.paint(slice(None), slice(0, 50), ROAD)
    stage.paint(slice(None), slice(50, 100), HOUSE)
    stage.view(protected_classes=frozenset({0}), tool="brush")
    stage.hand.drag((30, 30), (150, 30))
    ids = stage.ids
    assert (ids[:, :50] == ROAD).all()
    assert (ids[30, 50:150] == CAR).all()
    stage.view(tool="eraser")
    stage.hand.drag((30, 30), (150, 30))
    assert (stage.ids[:, :50] == ROAD).all()
    assert not stage.ids[30, 50:150].any()


def test_without_a_class_the_person_is_told_and_nothing_changes(stage):
    told = []
    stage.session.notify.told.connect(lambda notice: told.append(notice.text))
    for tool in ("brush", "fill"):
        stage.view(active_class=None, tool=tool)
        stage.hand.drag((20, 20), (60, 20))
    assert not stage.ids.any()
    assert told
    assert stage.document.stroke is None


def test_strokes_beyond_the_image_are_cut_at_its_border(stage):
    stage.canvas.scale_to(1.0)
    stage.hand.drag((-40, -10), (10, 3), (250, 3))
    assert same_but_for_the_rim(
        stage.ids,
        np.where(near_line([(-40, -10), (10, 3), (250, 3)], 6), CAR, 0),
        [(-40, -10), (10, 3), (250, 3)],
        6,
    )


def test_pen_pressure_thins_the_stroke(stage):
    stage.view(brush_radius=20.0)
    stage.canvas._pressure = 0.5
    stage.hand.click(100, 60)
    assert np.count_nonzero(stage.ids) == pytest.approx(np.pi * 10**2, rel=0.03)


def test_fill_gives_a_connected_area_to_the_class(stage):
    stage.paint(slice(10, 60), slice(10, 60), ROAD)
    stage.paint(slice(70, 100), slice(10, 60), ROAD)
    stage.view(tool="fill")
    stage.hand.click(30, 30)
    expected = np.zeros(SIZE_HW, np.uint16)
    expected[10:60, 10:60], expected[70:100, 10:60] = CAR, ROAD
    np.testing.assert_array_equal(stage.ids, expected)
    stage.hand.click(150, 110)
    expected[expected == 0] = CAR
    np.testing.assert_array_equal(stage.ids, expected)
    assert stage.steps() == ["fill", "fill"]
    stage.hand.click(30, 80, keys=ALT)
    expected[70:100, 10:60] = 0
    np.testing.assert_array_equal(stage.ids, expected)


def test_fill_shows_what_a_click_will_take(stage):
    stage.paint(slice(10, 60), slice(10, 60), ROAD)
    stage.view(tool="fill")
    before = stage.canvas.grab().toImage()
    stage.hand.hover(30, 30)
    after = stage.canvas.grab().toImage()
    inside, outside = stage.canvas.to_widget(20, 50).toPoint(), stage.canvas.to_widget(100, 50).toPoint()
    assert after.pixel(inside) != before.pixel(inside)
    assert after.pixel(outside) == before.pixel(outside)
    assert not stage.steps()
    stage.hand.hover(100, 100)
    assert stage.canvas.grab().toImage().pixel(inside) == before.pixel(inside)


def test_pick_takes_the_class_under_the_cursor(stage):
    stage.paint(slice(0, 60), slice(0, 60), HOUSE)
    stage.view(tool="pick")
    stage.hand.click(30, 30)
    assert stage.session.view.now.active_class == 1
    assert stage.session.view.now.previous_class == 2
    stage.view(shown={"labels": True, "truth": True})
    stage.hand.click(150, 100)
    assert stage.session.view.now.active_class == 0


def coco_mask(points):
    """A polygon's pixels as pycocotools' own encoder gives them."""
    from pycocotools import mask

    flat = [float(value) for point in points for value in point]
    return mask.decode(mask.frPyObjects([flat], *SIZE_HW))[..., 0].astype(bool)


@pytest.mark.parametrize("how", ["enter", "double click", "first point"])
def test_a_closed_polygon_fills_its_region_by_the_coco_rule(stage, how):
    points = [(20.3, 20.7), (120.1, 30.2), (90.6, 100.9), (25, 80)]
    stage.view(tool="polygon")
    for point in points:
        stage.hand.click(*point)
    assert not stage.ids.any()
    if how == "enter":
        stage.hand.key(Qt.Key.Key_Return)
    elif how == "double click":
        stage.hand.double_click(*points[-1])
    else:
        stage.hand.click(20.5, 20.9)
    np.testing.assert_array_equal(stage.ids == CAR, coco_mask(at_screen(stage, *points)))
    area = shapely.Polygon(points).area
    assert np.count_nonzero(stage.ids) == pytest.approx(area, rel=0.03)
    assert stage.steps() == ["polygon"]


def test_escape_drops_a_polygon_and_steps_go_back_one_by_one(stage):
    stage.view(tool="polygon")
    for point in ((20, 20), (100, 20), (100, 90), (20, 90)):
        stage.hand.click(*point)
    assert stage.canvas.undo_in_tool()
    stage.hand.click(50, 50, RIGHT)
    stage.hand.key(Qt.Key.Key_Backspace)
    assert len(stage.canvas.tool.points_xy) == 1
    stage.hand.key(Qt.Key.Key_Escape)
    assert stage.canvas.tool.points_xy == []
    stage.hand.key(Qt.Key.Key_Return)
    assert not stage.ids.any()
    assert stage.steps() == []


def test_two_points_are_no_polygon(stage):
    stage.view(tool="polygon")
    stage.hand.click(20, 20)
    stage.hand.click(100, 90)
    stage.hand.key(Qt.Key.Key_Return)
    assert not stage.ids.any()


def test_shift_draws_in_eighths_of_a_turn(stage):
    stage.view(tool="polygon")
    stage.hand.click(50, 50)
    stage.hand.click(100, 53, keys=SHIFT)
    stage.hand.click(130, 79, keys=SHIFT)
    (_, _), (x1, y1), (x2, y2) = stage.canvas.tool.points_xy
    assert y1 == pytest.approx(50)
    assert x2 - x1 == pytest.approx(y2 - y1)


def test_dragging_draws_freehand_and_closes_at_the_start(stage):
    stage.view(tool="polygon")
    angles = np.linspace(0, 2 * np.pi, 60)
    points = [(100 + 40 * np.cos(a), 60 + 40 * np.sin(a)) for a in angles]
    stage.hand.drag(*points)
    assert np.count_nonzero(stage.ids) == pytest.approx(np.pi * 40**2, rel=0.03)
    assert stage.steps() == ["polygon"]


def test_a_polygon_begun_with_alt_erases(stage):
    stage.paint(slice(None), slice(None), ROAD)
    stage.view(tool="polygon")
    points = [(20, 20), (60, 20), (60, 70), (20, 70)]
    stage.hand.click(*points[0], keys=ALT)
    for point in points[1:]:
        stage.hand.click(*point)
    stage.hand.key(Qt.Key.Key_Enter)
    expected = np.full(SIZE_HW, ROAD)
    expected[20:70, 20:60] = 0
    np.testing.assert_array_equal(stage.ids, expected)


def test_points_beyond_the_image_are_put_on_its_border(stage):
    stage.canvas.scale_to(1.0)
    stage.view(tool="polygon")
    for point in ((-30, -30), (100, -30), (100, 60), (-30, 60)):
        stage.hand.click(*point)
    stage.hand.key(Qt.Key.Key_Return)
    expected = np.zeros(SIZE_HW, np.uint16)
    expected[:60, :100] = CAR
    np.testing.assert_array_equal(stage.ids, expected)


def test_changing_the_tool_drops_a_polygon(stage):
    stage.view(tool="polygon")
    stage.hand.click(20, 20)
    stage.view(tool="brush")
    stage.view(tool="polygon")
    assert stage.canvas.tool.points_xy == []


def test_a_selected_region_is_moved_nudged_and_deleted(stage):
    stage.paint(slice(10, 40), slice(10, 50), HOUSE)
    stage.view(tool="select")
    stage.hand.drag((20, 20), (40, 25), (70, 30))
    expected = np.zeros(SIZE_HW, np.uint16)
    expected[20:50, 60:100] = HOUSE
    np.testing.assert_array_equal(stage.ids, expected)
    assert stage.steps() == ["move"]
    stage.hand.key(Qt.Key.Key_Left)
    np.testing.assert_array_equal(stage.ids, np.roll(expected, -1, axis=1))
    stage.hand.key(Qt.Key.Key_Down, SHIFT)
    np.testing.assert_array_equal(stage.ids, np.roll(expected, (10, -1), axis=(0, 1)))
    stage.canvas.delete_selection()
    assert not stage.ids.any()
    assert stage.steps() == ["move", "move", "move", "delete"]


def test_a_region_moved_out_of_the_image_is_cut(stage):
    stage.paint(slice(10, 40), slice(10, 50), HOUSE)
    stage.view(tool="select")
    stage.hand.drag((20, 20), (0, 20))
    expected = np.zeros(SIZE_HW, np.uint16)
    expected[10:40, 0:30] = HOUSE
    np.testing.assert_array_equal(stage.ids, expected)


def test_a_selected_region_changes_class_and_is_forgotten_when_undone(stage):
    stage.paint(slice(10, 40), slice(10, 50), HOUSE)
    stage.view(tool="select", active_class=0)
    stage.hand.click(20, 20)
    stage.canvas.change_class_of_selection()
    assert (stage.ids[10:40, 10:50] == ROAD).all()
    stage.session.undo()
    stage.canvas.delete_selection()
    assert (stage.ids[10:40, 10:50] == HOUSE).all()


def test_a_click_that_trembles_does_not_move(stage):
    stage.paint(slice(10, 40), slice(10, 50), HOUSE)
    before = stage.ids
    stage.view(tool="select")
    stage.hand.drag((20, 20), (20.3, 20.2))
    np.testing.assert_array_equal(stage.ids, before)
    assert stage.steps() == []


def test_dragging_a_corner_of_a_region_paints_the_difference(stage):
    stage.paint(slice(20, 60), slice(20, 60), HOUSE)
    stage.view(tool="vertex")
    stage.hand.click(40, 40)
    stage.hand.drag((60, 60), (90, 90))
    quad = shapely.Polygon([(20, 20), (60, 20), (90, 90), (20, 60)])
    assert np.count_nonzero(stage.ids == HOUSE) == pytest.approx(quad.area, rel=0.03)
    assert stage.ids[75, 75] == HOUSE
    assert stage.steps() == ["move outline"]
    stage.session.undo()
    assert np.count_nonzero(stage.ids) == 1600


def test_clicking_an_edge_of_a_region_adds_a_vertex_and_alt_removes_one(stage):
    stage.paint(slice(20, 60), slice(20, 60), HOUSE)
    stage.view(tool="vertex")
    stage.hand.click(40, 40)
    stage.hand.drag((60, 40), (80, 40))
    assert np.count_nonzero(stage.ids) == pytest.approx(1600 + 400, rel=0.03)
    stage.hand.click(80, 40, keys=ALT)
    assert np.count_nonzero(stage.ids) == pytest.approx(1600, rel=0.03)


gestures = st.lists(
    st.tuples(
        st.sampled_from(["brush", "eraser", "fill", "polygon", "select", "vertex"]),
        st.sampled_from(["semantic", "objects"]),
        st.lists(st.tuples(st.integers(-10, 210), st.integers(-10, 130)), min_size=1, max_size=5),
        st.sampled_from([Qt.KeyboardModifier.NoModifier, SHIFT, ALT]),
        st.sampled_from([None, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Left, Qt.Key.Key_Delete]),
    ),
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(gestures)
def test_any_gestures_can_be_undone_and_redone_completely(stage, steps):
    while stage.session.undo():
        pass
    stage.forget()
    start = stage.ids, stage.objects
    for tool, mode, points, keys, key in steps:
        stage.view(tool=tool, mode=mode)
        stage.hand.drag(*points, keys=keys)
        if key == Qt.Key.Key_Delete:
            stage.canvas.delete_selection()
        elif key is not None:
            stage.hand.key(key)
        assert stage.document.stroke is None
    end = stage.ids, stage.objects
    while stage.session.undo():
        pass
    np.testing.assert_array_equal(stage.ids, start[0])
    assert stage.objects == start[1]
    while stage.session.redo():
        pass
    np.testing.assert_array_equal(stage.ids, end[0])
    assert stage.objects == end[1]
