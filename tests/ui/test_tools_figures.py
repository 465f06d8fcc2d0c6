"""Rectangle, ellipse and lasso: the pixels and objects that they make, by arrays computed here."""

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt

from segstudio.core.objects import PolygonShape
from segstudio.ops.shapes import mask_of
from tests.ui.canvas_stage import ALT, CAR, ROAD, SHIFT, SIZE_HW, box_object, stage

__all__ = ["stage"]


def box(x0, y0, x1, y1):
    """Whole pixels of a box."""
    inside = np.zeros(SIZE_HW, bool)
    inside[y0:y1, x0:x1] = True
    return inside


def pixels_of(stage, item):
    return mask_of(item.shape, stage.document.labels.raster.bounds, SIZE_HW)


def tool_of_last_edit(stage):
    return stage.document.history.undoable[-1].provenance["tool"]


def test_a_rectangle_from_any_corner_as_one_step(stage):
    stage.view(tool="rectangle")
    stage.hand.drag((120, 70), (60, 90), (50, 30))
    np.testing.assert_array_equal(stage.ids, np.where(box(50, 30, 120, 70), CAR, 0))
    assert stage.steps() == ["rectangle"]
    assert tool_of_last_edit(stage) == "rectangle"
    stage.session.undo()
    assert not stage.ids.any()


def test_shift_makes_a_square_that_stays_on_the_image(stage):
    stage.view(tool="rectangle")
    stage.hand.drag((50, 30), (90, 45), keys=SHIFT)
    np.testing.assert_array_equal(stage.ids, np.where(box(50, 30, 90, 70), CAR, 0))
    stage.session.undo()
    stage.hand.drag((100, 90), (170, 100), keys=SHIFT)
    np.testing.assert_array_equal(stage.ids, np.where(box(100, 90, 130, 120), CAR, 0))


@pytest.mark.parametrize("tool", ["rectangle", "ellipse", "lasso"])
def test_escape_drops_the_figure_and_a_click_makes_none(stage, tool):
    stage.view(tool=tool)
    stage.hand.press(50, 30)
    stage.hand.move(100, 30)
    stage.hand.move(100, 90)
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.move(20, 90)
    stage.hand.release(20, 90)
    stage.hand.click(60, 60)
    assert not stage.ids.any()
    assert stage.steps() == []


def test_nothing_is_painted_before_the_button_is_released(stage):
    stage.view(tool="rectangle")
    stage.hand.press(50, 30)
    stage.hand.move(100, 90)
    assert not stage.ids.any()
    assert stage.canvas.tool.overlay_bounds() is not None
    stage.hand.release(100, 90)
    assert stage.ids.any()


def test_alt_unlabels(stage):
    stage.paint(slice(None), slice(None), ROAD)
    stage.view(tool="rectangle")
    stage.hand.drag((50, 30), (120, 70), keys=ALT)
    np.testing.assert_array_equal(stage.ids, np.where(box(50, 30, 120, 70), 0, ROAD))


def test_a_drag_beyond_the_image_ends_at_its_border(stage):
    stage.view(tool="rectangle")
    stage.hand.drag((150, 80), (260, 170))
    np.testing.assert_array_equal(stage.ids, np.where(box(150, 80, 200, 120), CAR, 0))


def test_an_ellipse_is_where_its_equation_says(stage):
    stage.view(tool="ellipse")
    stage.hand.drag((40, 20), (140, 80))
    y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]] + 0.5
    level = np.hypot((x - 90) / 50, (y - 50) / 30)
    assert (stage.ids[level < 0.96] == CAR).all()
    assert not stage.ids[level > 1.04].any()


def test_a_circle_with_shift(stage):
    stage.view(tool="ellipse")
    stage.hand.drag((40, 20), (100, 40), keys=SHIFT)
    y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]] + 0.5
    distance = np.hypot(x - 70, y - 50)
    assert (stage.ids[distance < 29] == CAR).all()
    assert not stage.ids[distance > 31].any()


def test_a_lasso_fills_what_its_line_goes_round(stage):
    stage.view(tool="lasso")
    points = [(30, 20), (120, 30), (150, 90), (80, 70), (40, 100)]
    stage.hand.drag(*points)
    area = shapely.Polygon(points)
    y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]] + 0.5
    middles = shapely.points(x, y)
    inside, rim = shapely.contains(area, middles), shapely.distance(area.boundary, middles) < 0.8
    np.testing.assert_array_equal(stage.ids[~rim], np.where(inside, CAR, 0)[~rim])
    assert stage.steps() == ["lasso"]


def test_in_object_mode_a_rectangle_is_a_polygon_of_four_corners(stage):
    stage.view(mode="objects", tool="rectangle")
    stage.hand.drag((50, 30), (120, 70))
    (item,) = stage.objects
    assert isinstance(item.shape, PolygonShape)
    assert sorted(map(tuple, item.shape.parts[0].exterior_xy.round(6))) == [(50, 30), (50, 70), (120, 30), (120, 70)]
    assert item.class_id == 2
    assert stage.session.view.now.selection == {item.id}
    assert not stage.ids.any()
    stage.session.undo()
    assert stage.objects == []


def test_alt_takes_from_the_object_it_begins_on(stage):
    stage.put(box_object(1, 20, 20, 60, 40), box_object(2, 70, 30, 80, 60, z=1, locked=True))
    stage.view(mode="objects", tool="rectangle")
    stage.hand.drag((50, 30), (110, 50), keys=ALT)
    first, second = stage.objects
    np.testing.assert_array_equal(pixels_of(stage, first), box(20, 20, 80, 60) & ~box(50, 30, 110, 50))
    np.testing.assert_array_equal(pixels_of(stage, second), box(70, 30, 150, 90))
    assert stage.steps() == ["rectangle"]


def test_taking_all_of_an_object_removes_it(stage):
    stage.put(box_object(1, 20, 20, 30, 30))
    stage.view(mode="objects", tool="rectangle", selection=frozenset({1}))
    stage.hand.drag((10, 10), (110, 80), keys=ALT)
    assert stage.objects == []
    stage.session.undo()
    assert [item.id for item in stage.objects] == [1]


def test_a_lasso_with_shift_extends_the_object_under_its_beginning(stage):
    stage.put(box_object(1, 20, 20, 40, 40))
    stage.view(mode="objects", tool="lasso")
    stage.hand.drag((40, 30), (100, 30), (100, 50), (40, 50), keys=SHIFT)
    (item,) = stage.objects
    np.testing.assert_array_equal(pixels_of(stage, item), box(20, 20, 60, 60) | box(40, 30, 100, 50))


def test_where_there_is_nothing_to_take_from_the_person_is_told(stage):
    told = []
    stage.session.notify.told.connect(told.append)
    stage.view(mode="objects", tool="rectangle")
    stage.hand.drag((50, 30), (110, 50), keys=ALT)
    assert "no object" in told[-1].text
    assert stage.steps() == []
