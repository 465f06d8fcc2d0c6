"""The brush's straight lines, pressure and limits; expected pixels by the textbook distance to a segment."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QPointingDevice, QTabletEvent
from PySide6.QtWidgets import QApplication

from tests.ui.canvas_stage import ALT, CAR, HOUSE, ROAD, SHIFT, SIZE_HW, box_object, stage
from tests.ui.test_tools_objects import pixels
from tests.ui.test_tools_raster import near_line, same_but_for_the_rim

__all__ = ["stage"]
BOTH = ALT | SHIFT


@pytest.fixture(autouse=True)
def brush(stage):
    stage.view(tool="brush", mode="semantic")


def test_shift_click_draws_straight_lines_from_the_last_point(stage):
    stage.hand.click(20, 20)
    stage.hand.click(90, 40, keys=SHIFT)
    stage.hand.click(90, 100, keys=SHIFT)
    points = [(20, 20), (90, 40), (90, 100)]
    assert same_but_for_the_rim(stage.ids, np.where(near_line(points, 6), CAR, 0), points, 6)
    assert stage.steps() == ["brush"] * 3
    stage.session.undo()
    assert same_but_for_the_rim(stage.ids, np.where(near_line(points[:2], 6), CAR, 0), points[:2], 6)


def test_the_line_is_of_the_active_class_whatever_lies_under_its_end(stage):
    stage.paint(slice(80, 120), slice(None), ROAD)
    stage.hand.click(20, 20)
    stage.hand.click(20, 100, keys=SHIFT)
    assert stage.ids[100, 20] == CAR


def test_a_drag_with_shift_goes_on_with_what_it_begins_on(stage):
    stage.paint(slice(0, 40), slice(0, 60), HOUSE)
    stage.hand.click(150, 100)
    stage.hand.drag((50, 20), (100, 20), keys=SHIFT)
    expected = np.zeros(SIZE_HW, np.uint16)
    expected[:40, :60] = HOUSE
    expected[near_line([(50, 20), (100, 20)], 6)] = HOUSE
    expected[near_line([(150, 100)], 6)] = CAR
    rim = near_line([(50, 20), (100, 20)], 6.001) & ~near_line([(50, 20), (100, 20)], 5.999)
    rim |= near_line([(150, 100)], 6.001) & ~near_line([(150, 100)], 5.999)
    np.testing.assert_array_equal(stage.ids[~rim], expected[~rim])


@pytest.mark.parametrize("tool", ["brush", "eraser"])
def test_lines_erase_too(stage, tool):
    stage.paint(slice(None), slice(None), ROAD)
    stage.view(tool=tool)
    stage.hand.click(20, 20, keys=ALT if tool == "brush" else Qt.KeyboardModifier.NoModifier)
    stage.hand.click(90, 90, keys=BOTH if tool == "brush" else SHIFT)
    points = [(20, 20), (90, 90)]
    assert same_but_for_the_rim(stage.ids, np.where(near_line(points, 6), 0, ROAD), points, 6)


def test_nothing_to_draw_from_after_escape_or_another_tool(stage):
    for leave in ("escape", "tool"):
        stage.hand.click(20, 20)
        if leave == "escape":
            stage.hand.key(Qt.Key.Key_Escape)
        else:
            stage.view(tool="select")
            stage.view(tool="brush")
        stage.hand.click(90, 90, keys=SHIFT)
        assert stage.ids[55, 55] == 0
        assert stage.ids[90, 90] == CAR
        stage.session.undo()
        stage.session.undo()


def test_the_line_is_shown_before_the_click(stage):
    stage.hand.click(20, 20)
    stage.hand.hover(90, 90, keys=SHIFT)
    stage.hand.canvas.grab()
    bounds = stage.canvas.tool.overlay_bounds()
    assert bounds.contains(stage.canvas.to_widget(20, 20))
    stage.hand.hover(90, 90)
    assert not stage.canvas.tool.overlay_bounds().contains(stage.canvas.to_widget(20, 20))
    assert stage.steps() == ["brush"]


def test_a_line_goes_on_with_the_object_of_the_last_stroke(stage):
    stage.view(mode="objects")
    stage.put(box_object(1, 80, 80, 40, 30))
    stage.hand.click(20, 20)
    stage.hand.click(90, 90, keys=SHIFT)
    points = [(20, 20), (90, 90)]
    first, made = stage.objects
    assert first == box_object(1, 80, 80, 40, 30)
    assert same_but_for_the_rim(pixels(stage, made), near_line(points, 6), points, 6)
    stage.session.undo()
    stage.session.undo()
    stage.hand.click(30, 30, keys=SHIFT)
    assert len(stage.objects) == 2


def tablet(stage, kind, x, y, pressure):
    device = QPointingDevice.primaryPointingDevice()
    at = stage.canvas.to_widget(x, y)
    where = QPointF(stage.canvas.mapToGlobal(at.toPoint()))
    button = Qt.MouseButton.LeftButton
    event = QTabletEvent(
        kind, device, at, where, pressure, 0, 0, 0, 0, 0, Qt.KeyboardModifier.NoModifier, button, button
    )
    QApplication.sendEvent(stage.canvas, event)


def test_the_pressure_of_a_pen_sizes_the_tip(stage):
    stage.view(brush_radius=20.0)
    tablet(stage, QEvent.Type.TabletPress, 60, 60, 0.5)
    stage.hand.press(60, 60)
    tablet(stage, QEvent.Type.TabletRelease, 60, 60, 0.0)
    stage.hand.release(60, 60)
    assert same_but_for_the_rim(stage.ids, np.where(near_line([(60, 60)], 10), CAR, 0), [(60, 60)], 10)
    stage.session.undo()
    stage.hand.click(60, 60)
    assert same_but_for_the_rim(stage.ids, np.where(near_line([(60, 60)], 20), CAR, 0), [(60, 60)], 20)


def test_the_size_goes_from_one_pixel_to_a_thousand_everywhere(stage):
    view = stage.session.view
    view.set(brush_radius=4000.0)
    assert view.now.brush_radius == 500
    view.set(brush_radius=0.01)
    assert view.now.brush_radius == 0.5
    for _ in range(60):
        stage.hand.wheel(100, 60, 1, ALT)
    assert view.now.brush_radius == 500
    stage.hand.click(100, 60)
    assert (stage.ids == CAR).all()
    for _ in range(80):
        stage.hand.wheel(100, 60, -1, ALT)
    stage.session.undo()
    stage.hand.click(100.5, 60.5)
    assert np.argwhere(stage.ids).tolist() == [[60, 100]]


def test_a_square_line(stage):
    stage.view(brush_square=True, brush_radius=5.0)
    stage.hand.click(50, 40)
    stage.hand.click(90, 40, keys=SHIFT)
    expected = np.zeros(SIZE_HW, np.uint16)
    expected[35:45, 45:95] = CAR
    np.testing.assert_array_equal(stage.ids, expected)
