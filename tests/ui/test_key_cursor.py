"""Labelling without a mouse: the cursor that arrows move, and a whole task by keys alone."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication

from segstudio.core.geometry import Rect
from tests.session.conftest import SIZE_HW, truth_of
from tests.ui.canvas_stage import ALT, SHIFT, stage  # noqa: F401 (a fixture)

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
ARROWS = {(1, 0): Key.Key_Right, (-1, 0): Key.Key_Left, (0, 1): Key.Key_Down, (0, -1): Key.Key_Up}


class Keys:
    """Goes to pixels of the image by arrow keys; the view must not be smaller than the image."""

    def __init__(self, canvas, qtbot):
        self.canvas, self.qtbot = canvas, qtbot

    def __call__(self, key, modifiers=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.canvas, key, modifiers)

    def go(self, column, row):
        if self.canvas.key_cursor.image_point is None:
            self(Key.Key_Right)
        x, y = self.canvas.key_cursor.image_point
        for distance, along in ((column + 0.5 - x, (1, 0)), (row + 0.5 - y, (0, 1))):
            arrow = ARROWS[along if distance >= 0 else (-along[0], -along[1])]
            tens, ones = divmod(round(abs(distance)), 10)
            for _ in range(tens):
                self(arrow, SHIFT)
            for _ in range(ones):
                self(arrow)
        assert self.canvas.key_cursor.image_point == (column + 0.5, row + 0.5)


@pytest.fixture
def keys(stage, qtbot):  # noqa: F811
    assert stage.canvas.viewport_now.scale >= 1
    # Some platforms put the mouse over a new window.
    QApplication.sendEvent(stage.canvas, QEvent(QEvent.Type.Leave))
    return Keys(stage.canvas, qtbot)


def filled(points, size_hw):
    """The pixels of a polygon by the reference of COCO, bool `[H, W]`."""
    ring = [float(value) for point in points for value in point]
    return coco.decode(coco.frPyObjects([ring], *size_hw))[..., 0].astype(bool)


def test_it_begins_in_the_middle_and_stays_on_the_image(stage, keys):  # noqa: F811
    keys(Key.Key_Right)
    assert stage.canvas.key_cursor.image_point == (100.5, 60.5)
    keys(Key.Key_Left)
    keys(Key.Key_Down, SHIFT)
    assert stage.canvas.key_cursor.image_point == (99.5, 70.5)
    for _ in range(30):
        keys(Key.Key_Left, SHIFT)
    assert stage.canvas.key_cursor.image_point == (0.5, 70.5)
    assert stage.canvas.cursor_image_point() == pytest.approx((0.5, 70.5))


def test_it_is_gone_when_the_mouse_moves_and_goes_on_from_there(stage, keys):  # noqa: F811
    keys.go(10, 10)
    stage.hand.hover(50.5, 40.5)
    assert stage.canvas.key_cursor.image_point is None
    keys(Key.Key_Right)
    assert stage.canvas.key_cursor.image_point == (50.5, 40.5)


def test_far_away_a_step_is_a_pixel_of_the_screen(stage, keys):  # noqa: F811
    keys.go(100, 60)
    stage.canvas.scale_to(0.25)
    keys(Key.Key_Right)
    assert stage.canvas.key_cursor.image_point == (104.5, 60.5)


def test_it_stays_in_view(stage, keys):  # noqa: F811
    stage.canvas.scale_to(20.0)
    keys(Key.Key_Right)
    for _ in range(9):
        keys(Key.Key_Right, SHIFT)
    column = int(stage.canvas.key_cursor.image_point[0])
    seen = stage.canvas.viewport_now.visible_rect(Rect.of_size(*stage.document.size_hw))
    assert seen.x0 <= column < seen.x1


@pytest.mark.parametrize("click", [Key.Key_Insert, Key.Key_Space])
def test_a_polygon_by_keys_alone(stage, keys, click):  # noqa: F811
    stage.view(tool="polygon", mode="semantic")
    corners = [(20, 20), (90, 25), (70, 80), (33, 61)]
    for corner in corners:
        keys.go(*corner)
        keys(click)
    keys(Key.Key_Return)
    wanted = filled([(x + 0.5, y + 0.5) for x, y in corners], (120, 200))
    np.testing.assert_array_equal(stage.ids != 0, wanted)
    assert stage.steps() == ["polygon"]


def test_a_rectangle_is_dragged_with_the_button_held(stage, keys):  # noqa: F811
    stage.view(tool="rectangle", mode="semantic")
    keys.go(20, 30)
    keys(Key.Key_Insert, CTRL)
    keys.go(60, 70)
    keys(Key.Key_Return)
    rows, columns = np.nonzero(stage.ids)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == pytest.approx(
        (20.5, 60.5, 30.5, 70.5), abs=1
    )
    assert len(stage.steps()) == 1


def test_a_brush_stroke_and_its_cancel(stage, keys):  # noqa: F811
    stage.view(tool="brush", mode="semantic", brush_radius=3.0)
    keys.go(20, 30)
    keys(Key.Key_Insert, CTRL)
    keys(Key.Key_Right, SHIFT)
    assert stage.ids.any()
    keys(Key.Key_Escape)
    assert not stage.ids.any()
    keys(Key.Key_Insert, CTRL)
    keys(Key.Key_Right, SHIFT)
    keys(Key.Key_Insert)
    assert stage.ids[30, 32:38].all()
    assert stage.steps() == ["brush"]


def test_modifiers_of_the_click_reach_the_tool(stage, keys):  # noqa: F811
    stage.paint(slice(0, 120), slice(0, 200), 1)
    stage.view(tool="fill", mode="semantic")
    keys.go(20, 30)
    keys(Key.Key_Insert, ALT)
    assert not stage.ids.any()


def test_what_is_held_is_dropped_when_the_focus_goes(stage, keys):  # noqa: F811
    stage.view(tool="brush", mode="semantic")
    keys.go(20, 30)
    keys(Key.Key_Insert, CTRL)
    QApplication.sendEvent(stage.canvas, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.ActiveWindowFocusReason))
    assert not stage.ids.any()
    keys(Key.Key_Right, SHIFT)
    assert not stage.ids.any()


def test_arrows_nudge_what_is_selected_and_move_the_cursor_otherwise(stage, keys):  # noqa: F811
    from tests.ui.canvas_stage import box_object

    stage.put(box_object(1, 40, 40, 20, 20))
    stage.view(mode="objects", tool="select", selection=frozenset({1}))
    keys(Key.Key_Right)
    assert stage.objects[0].bounds().x0 == 41
    assert stage.canvas.key_cursor.image_point is None
    stage.view(selection=frozenset())
    keys(Key.Key_Right)
    assert stage.canvas.key_cursor.image_point is not None
    assert stage.objects[0].bounds().x0 == 41


def test_a_whole_task_by_keys(window, qtbot):
    """Class, polygon, a vertex moved, the prediction accepted beside it, the next image."""
    session, canvas = window.session, window.canvas
    session.predictions.choose("any")
    keys = Keys(canvas, qtbot)
    keys(Key.Key_R, CTRL)
    session.predictions._host.answer()
    qtbot.waitUntil(lambda: bool(session.document.predictions))
    session.view.set(mode="semantic")
    keys(Key.Key_3)
    keys(Key.Key_P)
    corners = [(50, 38), (80, 38), (80, 55), (50, 55)]
    for corner in corners:
        keys.go(*corner)
        keys(Key.Key_Insert)
    keys(Key.Key_Return)
    keys(Key.Key_P, SHIFT)
    keys.go(65, 47)
    keys(Key.Key_Insert)
    region = session.document.labels.index_map(session.classes.current) == 2
    rows, columns = np.nonzero(region)
    keys.go(columns.min(), rows.min())
    keys(Key.Key_Insert, CTRL)
    keys.go(columns.min() + 6, rows.min() + 6)
    keys(Key.Key_Return)
    moved = session.document.labels.index_map(session.classes.current) == 2
    assert moved.sum() < region.sum()
    assert not moved[rows.min(), columns.min()]
    keys.go(40, 10)
    keys(Key.Key_Y)
    labels = session.document.labels.index_map(session.classes.current)
    assert (labels[truth_of(0) == 1] != 255).any()
    steps = [edit.name for edit in session.document.history.undoable]
    assert steps[0] == "polygon"
    assert steps[-1] == "accept region"
    assert len(steps) == 3
    before = session.document
    keys(Key.Key_D)
    qtbot.waitUntil(lambda: session.document is not before and session.document is not None)
    assert session.document.size_hw == SIZE_HW
