"""Each tool on objects, driven by mouse and keys; expected shapes are computed by numpy slices and shapely."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from segstudio.core.errors import UserError
from segstudio.core.objects import MaskShape, PolygonShape
from segstudio.ops.shapes import mask_of
from tests.ui.canvas_stage import ALT, SHIFT, SIZE_HW, box_object, stage
from tests.ui.test_tools_raster import coco_mask, near_line, same_but_for_the_rim

__all__ = ["stage"]


@pytest.fixture(autouse=True)
def object_mode(stage):
    stage.view(mode="objects", tool="select")


def pixels(stage, item):
    """The object's pixels over the whole image."""
    from segstudio.core.geometry import Rect

    return mask_of(item.shape, Rect.of_size(*SIZE_HW), SIZE_HW)


def box_mask(x0, y0, x1, y1):
    mask = np.zeros(SIZE_HW, bool)
    mask[y0:y1, x0:x1] = True
    return mask


def corners(item):
    return [tuple(point) for point in item.shape.parts[0].exterior_xy]


def test_a_click_selects_the_front_object_and_shift_adds(stage):
    stage.put(box_object(1, 10, 10, 50, 50), box_object(2, 40, 40, 50, 50, z=1), box_object(3, 150, 10, 20, 20))
    stage.hand.click(50, 50)
    assert stage.session.view.now.selection == {2}
    stage.hand.click(20, 20)
    assert stage.session.view.now.selection == {1}
    stage.hand.click(160, 20, keys=SHIFT)
    assert stage.session.view.now.selection == {1, 3}
    stage.hand.click(20, 20, keys=SHIFT)
    assert stage.session.view.now.selection == {3}
    stage.hand.click(120, 110)
    assert stage.session.view.now.selection == frozenset()
    assert stage.steps() == []


def test_a_box_selects_what_lies_inside_it(stage):
    stage.put(box_object(1, 10, 10, 20, 20), box_object(2, 50, 50, 20, 20), box_object(3, 100, 50, 90, 20))
    stage.hand.drag((5, 5), (60, 60), (130, 80))
    assert stage.session.view.now.selection == {1, 2}


def test_dragging_moves_the_selected_objects_as_one_step(stage):
    stage.put(box_object(1, 10, 10, 20, 20), box_object(2, 50, 50, 20, 20))
    stage.view(selection=frozenset({1, 2}))
    stage.hand.drag((20, 20), (40, 30), (60, 35))
    assert corners(stage.objects[0])[0] == pytest.approx((50, 25))
    assert corners(stage.objects[1])[0] == pytest.approx((90, 65))
    assert stage.steps() == ["move"]
    stage.session.undo()
    assert corners(stage.objects[0])[0] == (10, 10)


def test_escape_in_a_drag_puts_objects_back(stage):
    stage.put(box_object(1, 10, 10, 20, 20))
    stage.hand.press(20, 20)
    stage.hand.move(80, 60)
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.release(80, 60)
    assert corners(stage.objects[0])[0] == (10, 10)
    assert stage.steps() == []


def test_locked_objects_are_left_alone(stage):
    stage.put(box_object(1, 10, 10, 40, 40, locked=True))
    stage.hand.drag((20, 20), (60, 60))
    stage.view(selection=frozenset({1}))
    stage.hand.key(Qt.Key.Key_Left)
    stage.canvas.delete_selection()
    stage.view(tool="eraser")
    stage.hand.drag((20, 20), (30, 30))
    assert stage.objects == [box_object(1, 10, 10, 40, 40, locked=True)]
    assert stage.steps() == []


def test_arrows_nudge_delete_deletes_and_undo_brings_back(stage):
    stage.put(box_object(1, 10, 10, 20, 20))
    stage.view(selection=frozenset({1}))
    stage.hand.key(Qt.Key.Key_Right)
    stage.hand.key(Qt.Key.Key_Up, SHIFT)
    assert corners(stage.objects[0])[0] == (11, 0)
    stage.canvas.delete_selection()
    assert stage.objects == []
    assert stage.session.view.now.selection == frozenset()
    stage.session.undo()
    assert len(stage.objects) == 1


def test_tab_goes_through_the_objects_both_ways(stage):
    stage.put(*(box_object(i, 10 * i, 10, 8, 8, z=i) for i in range(1, 4)))
    seen = []
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        QTest.keyClick(stage.canvas, key)
        seen.append(set(stage.session.view.now.selection))
    assert seen == [{1}, {2}, {3}, {1}, {3}]


def test_tab_brings_an_object_into_view(stage):
    stage.put(box_object(1, 180, 100, 10, 10))
    stage.canvas.scale_to(12.0)
    stage.hand.key(Qt.Key.Key_Tab)
    at = stage.canvas.to_widget(185, 105)
    assert 0 < at.x() < 640
    assert 0 < at.y() < 480


def test_changing_the_class_of_the_selection(stage):
    stage.put(box_object(1, 10, 10, 20, 20), box_object(2, 50, 50, 20, 20))
    with pytest.raises(UserError, match="nothing is selected"):
        stage.canvas.change_class_of_selection()
    stage.view(selection=frozenset({1, 2}), active_class=1)
    stage.canvas.change_class_of_selection()
    assert [item.class_id for item in stage.objects] == [1, 1]
    assert stage.steps() == ["change class"]


def test_a_polygon_becomes_an_object_in_front_and_is_selected(stage):
    stage.put(box_object(1, 10, 10, 100, 100, z=4))
    stage.view(tool="polygon")
    points = [(20, 20), (80, 25), (60, 70)]
    for point in points:
        stage.hand.click(*point)
    stage.hand.key(Qt.Key.Key_Return)
    made = stage.objects[-1]
    np.testing.assert_allclose(corners(made), points)
    assert made.class_id == 2
    assert made.z > 4
    assert stage.session.view.now.selection == {made.id}
    assert not stage.ids.any()


def test_a_polygon_begun_with_alt_cuts_a_hole(stage):
    stage.put(box_object(1, 10, 10, 100, 80))
    stage.view(tool="polygon")
    hole = [(30, 30), (60, 30), (60, 60), (30, 60)]
    stage.hand.click(*hole[0], keys=ALT)
    for point in hole[1:]:
        stage.hand.click(*point)
    stage.hand.key(Qt.Key.Key_Return)
    part = stage.objects[0].shape.parts[0]
    cut = shapely.Polygon(part.exterior_xy, part.holes_xy)
    assert cut.symmetric_difference(shapely.box(10, 10, 110, 90) - shapely.Polygon(hole)).area < 1e-6


def test_a_brush_stroke_makes_an_object(stage):
    stage.view(tool="brush")
    points = [(30, 30), (90, 60)]
    stage.hand.drag(*points)
    (made,) = stage.objects
    assert isinstance(made.shape, MaskShape)
    assert made.class_id == 2
    assert same_but_for_the_rim(pixels(stage, made), near_line(points, 6), points, 6)
    assert stage.session.view.now.selection == {made.id}
    assert stage.steps() == ["brush"]
    assert not stage.ids.any()
    stage.session.undo()
    assert stage.objects == []


def test_shift_extends_the_object_under_the_cursor(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(tool="brush")
    stage.hand.drag((50, 40), (120, 40), keys=SHIFT)
    (item,) = stage.objects
    assert isinstance(item.shape, PolygonShape)
    expected = box_mask(20, 20, 60, 60) | near_line([(50, 40), (120, 40)], 6)
    assert same_but_for_the_rim(pixels(stage, item), expected, [(50, 40), (120, 40)], 6)


def test_a_stroke_begun_inside_the_selected_object_extends_it(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(tool="brush", selection=frozenset({1}))
    stage.hand.drag((50, 40), (120, 40))
    assert len(stage.objects) == 1
    stage.view(selection=frozenset())
    stage.hand.drag((50, 40), (120, 40))
    assert len(stage.objects) == 2


@pytest.mark.parametrize(("tool", "keys"), [("brush", ALT), ("eraser", Qt.KeyboardModifier.NoModifier)])
def test_alt_and_the_eraser_take_away_from_one_object(stage, tool, keys):
    stage.put(box_object(1, 20, 20, 60, 60), box_object(2, 90, 20, 60, 60))
    stage.view(tool=tool)
    stage.hand.drag((30, 50), (140, 50), keys=keys)
    first, second = stage.objects
    gone = near_line([(30, 50), (140, 50)], 6)
    expected = box_mask(20, 20, 80, 80) & ~gone
    assert same_but_for_the_rim(pixels(stage, first), expected, [(30, 50), (140, 50)], 6)
    assert second == box_object(2, 90, 20, 60, 60)


def test_an_object_that_is_erased_wholly_goes(stage):
    stage.put(box_object(1, 20, 20, 6, 6))
    stage.view(tool="eraser", brush_radius=30.0)
    stage.hand.click(23, 23)
    assert stage.objects == []
    stage.session.undo()
    assert stage.objects == [box_object(1, 20, 20, 6, 6)]


def test_escape_in_an_object_stroke_leaves_it_as_it_was(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(tool="eraser")
    stage.hand.press(30, 30)
    stage.hand.move(50, 50)
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.release(50, 50)
    assert stage.objects == [box_object(1, 20, 20, 40, 40)]


def test_fill_and_pick_on_objects(stage):
    stage.put(box_object(1, 20, 20, 40, 40, class_id=1))
    stage.view(tool="fill", active_class=0)
    stage.hand.click(30, 30)
    assert stage.objects == [replace(box_object(1, 20, 20, 40, 40), class_id=0)]
    stage.view(tool="pick", active_class=2)
    stage.hand.click(30, 30)
    assert stage.session.view.now.active_class == 0


def test_a_vertex_is_dragged_with_the_object_following(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(tool="vertex", selection=frozenset({1}))
    stage.hand.press(60, 60)
    stage.hand.move(80, 70)
    stage.hand.move(90, 80)
    stage.canvas._moves.flush()
    assert corners(stage.objects[0])[2] == pytest.approx((90, 80))
    stage.hand.release(90, 80)
    assert corners(stage.objects[0]) == [(20, 20), (60, 20), pytest.approx((90, 80)), (20, 60)]
    assert stage.steps() == ["move vertex"]
    np.testing.assert_array_equal(pixels(stage, stage.objects[0]), coco_mask(corners(stage.objects[0])))


def test_escape_while_dragging_a_vertex(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(tool="vertex", selection=frozenset({1}))
    stage.hand.press(60, 60)
    stage.hand.move(90, 80)
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.release(90, 80)
    assert stage.objects == [box_object(1, 20, 20, 40, 40)]
    assert stage.steps() == []


def test_an_edge_gets_a_vertex_and_alt_click_removes_it(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(tool="vertex", selection=frozenset({1}))
    stage.hand.click(40, 20)
    assert corners(stage.objects[0]) == [(20, 20), pytest.approx((40, 20)), (60, 20), (60, 60), (20, 60)]
    stage.hand.drag((40, 20), (40, 5))
    assert corners(stage.objects[0])[1] == pytest.approx((40, 5))
    stage.hand.click(40, 5, keys=ALT)
    assert stage.objects == [box_object(1, 20, 20, 40, 40)]
    assert stage.steps() == ["add vertex", "move vertex", "remove vertex"]


def test_removing_vertices_until_none_is_left_removes_the_object(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(tool="vertex", selection=frozenset({1}))
    stage.hand.click(60, 60, keys=ALT)
    assert len(corners(stage.objects[0])) == 3
    stage.hand.click(20, 60, keys=ALT)
    assert stage.objects == []
    stage.session.undo()
    assert len(corners(stage.objects[0])) == 3


def test_a_mask_object_is_edited_by_the_corners_of_its_pixels(stage):
    stage.view(tool="brush", brush_square=True, brush_radius=10.0)
    stage.hand.click(50, 50)
    assert isinstance(stage.objects[0].shape, MaskShape)
    stage.view(tool="vertex")
    stage.hand.drag((60, 60), (90, 90))
    quad = shapely.Polygon([(40, 40), (60, 40), (90, 90), (40, 60)])
    assert shapely.Polygon(stage.objects[0].shape.parts[0].exterior_xy).equals(quad)


def test_the_vertex_tool_follows_undo(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(tool="vertex", selection=frozenset({1}))
    stage.hand.drag((60, 60), (90, 80))
    stage.session.undo()
    stage.hand.drag((60, 60), (70, 70))
    assert corners(stage.objects[0])[2] == pytest.approx((70, 70))


def test_a_double_click_on_an_object_takes_the_vertex_tool(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.hand.double_click(30, 30)
    assert stage.session.view.now.tool == "vertex"
    assert stage.session.view.now.selection == {1}


def test_hidden_classes_cannot_be_hit(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(hidden_classes=frozenset({2}))
    stage.hand.click(30, 30)
    assert stage.session.view.now.selection == frozenset()
