"""Cutting by a line, in both modes; the pieces expected are cut by shapely or by numpy here."""

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt

from segstudio.core.objects import MaskShape, SegObject
from segstudio.core.segments import Segment
from segstudio.ops.rle import mask_shape
from tests.ui.canvas_stage import CAR, HOUSE, RIGHT, ROAD, SHIFT, SIZE_HW, box_object, stage
from tests.ui.test_tools_objects import box_mask, pixels
from tests.ui.test_tools_vertices import same

__all__ = ["stage"]


@pytest.fixture(autouse=True)
def cut(stage):
    stage.view(mode="objects", tool="cut")


def test_a_drag_across_an_object_makes_two_of_it(stage):
    stage.put(box_object(1, 40, 20, 80, 60, z=3, attributes={"parked": True}), box_object(2, 150, 20, 20, 20))
    stage.hand.drag((90, 10), (95, 50), (90, 95))
    line = shapely.LineString([(90, 10), (95, 50), (90, 95)])
    left, right = sorted(shapely.ops.split(shapely.box(40, 20, 120, 80), line).geoms, key=lambda p: -p.area)
    first, other, second = stage.objects[1], stage.objects[0], stage.objects[2]
    assert (first.id, other.id, second.id) == (1, 2, 3)
    assert same(first, left)
    assert same(second, right)
    assert second.class_id == first.class_id
    assert second.attributes == {"parked": True}
    assert stage.session.view.now.selection == {1, 3}
    assert stage.steps() == ["cut"]
    stage.session.undo()
    assert len(stage.objects) == 2


def test_only_what_is_selected_is_cut(stage):
    stage.put(box_object(1, 40, 20, 40, 40), box_object(2, 40, 60, 40, 40))
    stage.view(selection=frozenset({2}))
    stage.hand.drag((60, 10), (60, 110))
    assert [item.id for item in stage.objects] == [1, 2, 3]
    assert stage.objects[0] == box_object(1, 40, 20, 40, 40)


def test_clicks_and_enter_cut_at_45_degrees_and_a_right_click_takes_one_back(stage):
    stage.put(box_object(1, 40, 20, 40, 40))
    stage.hand.click(30, 10)
    stage.hand.click(90, 100)
    stage.hand.click(10, 10, button=RIGHT)
    stage.hand.click(95, 72, keys=SHIFT)
    stage.hand.canvas.grab()
    stage.hand.key(Qt.Key.Key_Return)
    assert len(stage.objects) == 2
    triangle = shapely.Polygon([(40, 20), (80, 20), (80, 60)])
    assert any(same(item, triangle, within=1e-3) for item in stage.objects)


def test_a_mask_is_cut_into_its_own_pixels(stage):
    stage.put(SegObject(1, 2, mask_shape(box_mask(40, 20, 80, 60), size_hw=SIZE_HW)))
    stage.hand.drag((30, 40), (90, 40))
    assert all(isinstance(item.shape, MaskShape) for item in stage.objects)
    upper, lower = sorted((pixels(stage, item) for item in stage.objects), key=lambda m: np.argwhere(m)[:, 0].mean())
    assert not (upper & lower).any()
    np.testing.assert_array_equal(upper | lower, box_mask(40, 20, 80, 60))
    assert upper[:39, 40:80].sum() == 19 * 40
    assert lower[41:, 40:80].sum() == 19 * 40


@pytest.mark.parametrize("line", [[(60, 30), (60, 100)], [(10, 110), (190, 110)]])
def test_a_line_that_does_not_cut_through_changes_nothing_and_says_so(stage, line):
    told = []
    stage.session.notify.told.connect(told.append)
    stage.put(box_object(1, 40, 20, 40, 40))
    stage.hand.drag(*line)
    assert stage.objects == [box_object(1, 40, 20, 40, 40)]
    assert "cuts through no object" in told[-1].text


def test_escape_drops_the_line(stage):
    stage.put(box_object(1, 40, 20, 40, 40))
    stage.hand.press(60, 10)
    stage.hand.move(60, 100)
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.release(60, 100)
    assert stage.steps() == []


def test_locked_objects_are_not_cut(stage):
    stage.put(box_object(1, 40, 20, 40, 40, locked=True))
    stage.hand.drag((60, 10), (60, 100))
    assert len(stage.objects) == 1


def test_the_smaller_side_of_a_region_gets_the_active_class(stage):
    stage.view(mode="semantic", active_class=2)
    stage.paint(slice(20, 80), slice(40, 120), HOUSE)
    stage.hand.press(100, 10)
    stage.hand.move(100, 95)
    stage.hand.canvas.grab()
    stage.hand.release(100, 95)
    ids = stage.ids
    assert (ids[20:80, 40:99] == HOUSE).all()
    assert (ids[20:80, 101:120] == CAR).all()
    np.testing.assert_array_equal(ids != 0, box_mask(40, 20, 120, 80))
    assert stage.steps() == ["cut"]


def test_what_the_line_goes_through_without_cutting_it_apart_stays(stage):
    stage.view(mode="semantic", active_class=2)
    stage.paint(slice(None), slice(None), ROAD)
    stage.paint(slice(40, 60), slice(40, 120), HOUSE)
    stage.hand.drag((100, 30), (100, 75))
    assert (stage.ids[40:60, 102:120] == CAR).all()
    assert set(np.unique(stage.ids)) == {ROAD, HOUSE, CAR}
    assert (stage.ids[box_mask(40, 40, 120, 60) == 0] == ROAD).all()


def test_an_instance_is_cut_into_two_instances(stage):
    stage.view(mode="semantic", active_class=0)
    with stage.document.begin("set") as stroke:
        stroke.put_segment(Segment(10, 2, instance=1))
        stroke.paint(stroke.layer.raster.bounds, 10, mask_hw=box_mask(40, 20, 120, 80))
    stage.forget()
    stage.hand.drag((100, 10), (100, 95))
    (new,) = set(np.unique(stage.ids)) - {0, 10}
    segment = stage.document.labels.segments.get(int(new))
    assert (segment.class_id, segment.instance) == (2, 2)
    assert (stage.ids[20:80, 101:120] == new).all()
    stage.session.undo()
    assert stage.document.labels.segments.get(int(new)) is None


def test_the_class_of_the_region_itself_would_change_nothing_and_that_is_said(stage):
    told = []
    stage.session.notify.told.connect(told.append)
    stage.view(mode="semantic", active_class=1)
    stage.paint(slice(20, 80), slice(40, 120), HOUSE)
    stage.hand.drag((100, 10), (100, 95))
    assert stage.steps() == []
    assert "active class" in told[-1].text
