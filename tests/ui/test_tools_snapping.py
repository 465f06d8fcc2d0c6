"""Polygons drawn to their neighbours, with parts and holes; the points expected are those of the neighbours."""

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt

from segstudio.core.objects import PolygonShape, SegObject
from tests.ui.canvas_stage import ALT, CAR, HOUSE, ROAD, SHIFT, SIZE_HW, box_object, stage
from tests.ui.test_tools_objects import corners
from tests.ui.test_tools_vertices import CTRL, same

__all__ = ["stage"]


@pytest.fixture(autouse=True)
def polygon(stage):
    stage.view(mode="objects", tool="polygon", snapping=True)


def click_through(stage, *points, first=Qt.KeyboardModifier.NoModifier):
    stage.hand.click(*points[0], keys=first)
    for point in points[1:]:
        stage.hand.click(*point)
    stage.hand.key(Qt.Key.Key_Return)


def test_points_snap_to_vertices_before_edges(stage):
    stage.put(box_object(1, 20, 20, 60, 60))
    click_through(stage, (81, 21), (79, 50), (130, 79), (130, 20))
    ring = corners(stage.objects[-1])
    assert ring[0] == (80, 20)
    assert ring[1] == pytest.approx((80, 50))
    assert ring[2:] == [pytest.approx((130, 79)), pytest.approx((130, 20))]
    assert [item.id for item in stage.objects] == [1, 2]


def test_the_reach_is_in_pixels_of_the_screen(stage):
    stage.put(box_object(1, 20, 20, 60, 60))
    stage.canvas.scale_to(4.0)
    stage.view(snap_radius=12.0)
    click_through(stage, (82.5, 20), (84, 79), (100, 60))
    assert corners(stage.objects[-1])[0] == (80, 20)
    assert corners(stage.objects[-1])[1] == pytest.approx((84, 79))


def test_ctrl_held_means_the_opposite(stage):
    stage.put(box_object(1, 20, 20, 60, 60))
    stage.hand.click(81, 21, keys=CTRL)
    assert stage.canvas.tool.points_xy == [pytest.approx((81, 21))]
    stage.hand.key(Qt.Key.Key_Escape)
    stage.view(snapping=False)
    stage.hand.click(81, 21)
    assert stage.canvas.tool.points_xy == [pytest.approx((81, 21))]
    stage.hand.click(81, 81, keys=CTRL)
    assert stage.canvas.tool.points_xy[1] == (80, 80)


def test_hidden_objects_do_not_attract(stage):
    stage.put(box_object(1, 20, 20, 60, 60))
    stage.view(hidden_classes=frozenset({2}))
    stage.hand.click(81, 21)
    assert stage.canvas.tool.points_xy == [pytest.approx((81, 21))]


def test_masks_attract_by_the_corners_of_their_pixels(stage):
    stage.view(tool="brush", brush_square=True, brush_radius=10.0)
    stage.hand.click(50, 50)
    stage.view(tool="polygon")
    stage.hand.click(61, 47.3)
    assert stage.canvas.tool.points_xy == [(60, 47)]


def test_labels_attract_along_their_borders_and_a_mark_says_so(stage):
    stage.view(mode="semantic")
    stage.paint(slice(None), slice(0, 50), ROAD)
    stage.paint(slice(None), slice(50, 200), HOUSE)
    stage.hand.hover(51.4, 40.2)
    stage.hand.canvas.grab()
    bounds = stage.canvas.tool.overlay_bounds()
    assert bounds is not None
    assert bounds.contains(stage.canvas.to_widget(50, 40))
    stage.hand.hover(90, 40)
    assert stage.canvas.tool.overlay_bounds() is None
    click_through(stage, (51.4, 10.2), (120, 10), (120, 90), (49.2, 89.6))
    expected = np.full(SIZE_HW, HOUSE, np.uint16)
    expected[:, :50] = ROAD
    expected[10:90, 50:120] = CAR
    rim = np.zeros(SIZE_HW, bool)
    rim[88:92] = rim[9:12] = True
    np.testing.assert_array_equal(stage.ids[~rim], expected[~rim])
    assert (stage.ids[:, 49] == ROAD).all()


def test_shift_draws_at_45_degrees_and_does_not_snap(stage):
    stage.put(box_object(1, 20, 20, 60, 60))
    stage.hand.click(110, 22)
    stage.hand.click(80.5, 21, keys=SHIFT)
    assert stage.canvas.tool.points_xy[1] == pytest.approx((80.5, 22))


def test_a_part_begun_with_shift_joins_the_selected_object(stage):
    stage.put(box_object(1, 20, 20, 40, 40), box_object(2, 20, 70, 20, 20))
    stage.view(selection=frozenset({1}))
    click_through(stage, (100, 20), (140, 20), (140, 60), (100, 60), first=SHIFT)
    first, second = stage.objects
    assert len(first.shape.parts) == 2
    assert same(first, shapely.union(shapely.box(20, 20, 60, 60), shapely.box(100, 20, 140, 60)))
    assert second == box_object(2, 20, 70, 20, 20)
    assert stage.steps() == ["polygon"]
    stage.session.undo()
    assert stage.objects[0] == box_object(1, 20, 20, 40, 40)


def test_a_hole_is_drawn_inside_the_selected_object_though_another_lies_on_it(stage):
    stage.put(box_object(1, 20, 20, 100, 80), box_object(2, 30, 30, 20, 20, z=5))
    stage.view(selection=frozenset({1}), snapping=False)
    click_through(stage, (40, 40), (80, 40), (80, 80), (40, 80), first=ALT)
    assert same(stage.objects[0], shapely.box(20, 20, 120, 100) - shapely.box(40, 40, 80, 80))
    assert len(stage.objects[0].shape.parts[0].holes_xy) == 1
    assert stage.objects[1] == box_object(2, 30, 30, 20, 20, z=5)


def test_a_freehand_line_goes_on_after_clicks(stage):
    stage.view(snapping=False)
    stage.hand.click(20, 20)
    stage.hand.drag((60, 20), (70, 30), (75, 45), (70, 60))
    stage.hand.click(20, 60)
    stage.hand.key(Qt.Key.Key_Return)
    expected = shapely.Polygon([(20, 20), (60, 20), (70, 30), (75, 45), (70, 60), (20, 60)])
    assert same(stage.objects[0], expected)


def test_other_area_tools_leave_the_vertices_of_a_polygon_where_they_are(stage):
    ring = np.array([(20.3, 20.2), (120.7, 24.1), (100.9, 90.6), (22.2, 80.4)])
    stage.put(SegObject(1, 2, PolygonShape.of(ring)))
    stage.view(tool="rectangle")
    stage.hand.drag((40, 40), (60, 60), keys=ALT)
    # Combined outlines lie on a grid of a millionth of a pixel.
    assert same(stage.objects[0], shapely.Polygon(ring) - shapely.box(40, 40, 60, 60), within=1e-3)
