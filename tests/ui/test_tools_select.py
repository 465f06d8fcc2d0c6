"""Selecting, scaling and nudging, with boxes and arrays computed here."""

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt

from segstudio.core.objects import SegObject
from segstudio.ops.rle import mask_shape
from tests.ui.canvas_stage import ALT, CAR, SHIFT, SIZE_HW, box_object, stage
from tests.ui.test_tools_objects import box_mask, pixels
from tests.ui.test_tools_vertices import same

__all__ = ["stage"]
BOTH = ALT | SHIFT


@pytest.fixture(autouse=True)
def object_mode(stage):
    stage.view(mode="objects", tool="select")


def outside(stage, x, y, dx, dy):
    """The image point under a handle, which stands a few pixels of the screen outside its corner."""
    step = 6 / stage.canvas.viewport_now.scale * stage.canvas.devicePixelRatioF()
    return x + dx * step, y + dy * step


def pull(stage, start, end, grip, keys=Qt.KeyboardModifier.NoModifier):
    a, b = outside(stage, *start, *grip), outside(stage, *end, *grip)
    stage.hand.press(*a)
    stage.hand.move((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, keys=keys)
    stage.hand.move(*b, keys=keys)
    stage.hand.release(*b, keys=keys)


def test_a_lasso_selects_what_lies_inside_it_and_shift_adds(stage):
    stage.put(*(box_object(i, 10 + 40 * i, 40, 20, 20) for i in range(4)))
    round_two = [(40, 30), (120, 30), (120, 70), (40, 70)]
    stage.hand.drag(*round_two, keys=ALT)
    assert stage.session.view.now.selection == {1, 2}
    stage.hand.drag((125, 35), (160, 35), (160, 65), (125, 65), keys=BOTH)
    assert stage.session.view.now.selection == {1, 2, 3}
    assert stage.steps() == []


def test_a_lasso_is_dropped_by_escape(stage):
    stage.put(box_object(1, 40, 40, 20, 20))
    stage.hand.press(30, 30, keys=ALT)
    stage.hand.move(70, 30, keys=ALT)
    stage.hand.move(70, 70, keys=ALT)
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.release(30, 70, keys=ALT)
    assert stage.session.view.now.selection == frozenset()


def test_the_last_selected_is_known(stage):
    stage.put(box_object(1, 10, 10, 20, 20), box_object(2, 50, 10, 20, 20), box_object(3, 90, 10, 20, 20))
    stage.hand.click(100, 20)
    stage.hand.click(20, 20, keys=SHIFT)
    assert stage.session.view.now.last_selected == 1
    stage.hand.click(60, 20, keys=SHIFT)
    assert stage.session.view.now.last_selected == 2
    stage.hand.click(60, 20, keys=SHIFT)
    assert stage.session.view.now.last_selected == 3
    stage.hand.click(150, 100)
    assert stage.session.view.now.last_selected is None


def test_a_corner_scales_two_objects_from_the_opposite_corner(stage):
    stage.put(box_object(1, 40, 40, 20, 20), box_object(2, 70, 40, 10, 20))
    stage.view(selection=frozenset({1, 2}))
    pull(stage, (80, 60), (120, 80), (1, 1))
    assert same(stage.objects[0], shapely.box(40, 40, 80, 80))
    assert same(stage.objects[1], shapely.box(100, 40, 120, 80))
    assert stage.steps() == ["scale"]
    stage.session.undo()
    assert stage.objects == [box_object(1, 40, 40, 20, 20), box_object(2, 70, 40, 10, 20)]


def test_a_side_scales_one_way_and_alt_keeps_the_middle(stage):
    stage.put(box_object(1, 60, 40, 40, 40))
    stage.view(selection=frozenset({1}))
    pull(stage, (60, 60), (40, 70), (-1, 0))
    assert same(stage.objects[0], shapely.box(40, 40, 100, 80))
    stage.session.undo()
    pull(stage, (100, 60), (110, 60), (1, 0), keys=ALT)
    assert same(stage.objects[0], shapely.box(50, 40, 110, 80))


def test_shift_keeps_the_proportions(stage):
    stage.put(box_object(1, 20, 20, 40, 20))
    stage.view(selection=frozenset({1}))
    pull(stage, (60, 40), (100, 42), (1, 1), keys=SHIFT)
    assert same(stage.objects[0], shapely.box(20, 20, 100, 60))


def test_a_mask_is_scaled_by_its_pixels(stage):
    mask_hw = np.zeros(SIZE_HW, bool)
    mask_hw[20:40, 30:50] = True
    mask_hw[25:30, 35:40] = False
    stage.put(SegObject(1, 2, mask_shape(mask_hw, size_hw=SIZE_HW)))
    stage.view(selection=frozenset({1}))
    pull(stage, (50, 40), (70, 60), (1, 1))
    expected = np.zeros(SIZE_HW, bool)
    expected[20:60, 30:70] = mask_hw[20:40, 30:50].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(pixels(stage, stage.objects[0]), expected)


def test_an_object_is_never_scaled_to_nothing(stage):
    stage.put(box_object(1, 60, 40, 40, 40))
    stage.view(selection=frozenset({1}))
    pull(stage, (100, 80), (10, 5), (1, 1))
    box = stage.objects[0].bounds()
    assert (box.x0, box.y0) == (60, 40)
    assert box.width >= 1
    assert box.height >= 1


def test_escape_while_scaling_puts_it_back(stage):
    stage.put(box_object(1, 60, 40, 40, 40))
    stage.view(selection=frozenset({1}))
    start = outside(stage, 100, 80, 1, 1)
    stage.hand.press(*start)
    stage.hand.move(130, 100)
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.release(130, 100)
    assert stage.objects == [box_object(1, 60, 40, 40, 40)]
    assert stage.steps() == []


def test_a_region_is_scaled(stage):
    stage.view(mode="semantic")
    stage.paint(slice(20, 40), slice(30, 50), CAR)
    stage.hand.click(40, 30)
    pull(stage, (50, 40), (70, 50), (1, 1))
    np.testing.assert_array_equal(stage.ids == CAR, box_mask(30, 20, 70, 50))
    assert stage.steps() == ["scale"]
    stage.session.undo()
    np.testing.assert_array_equal(stage.ids == CAR, box_mask(30, 20, 50, 40))


@pytest.mark.parametrize(("turns", "right"), [(0, (1, 0)), (1, (0, -1)), (2, (-1, 0))])
def test_arrows_go_their_way_on_the_screen(stage, turns, right):
    stage.put(box_object(1, 60, 40, 20, 20))
    stage.view(selection=frozenset({1}))
    for _ in range(turns):
        stage.canvas.turn()
    stage.hand.key(Qt.Key.Key_Right, SHIFT)
    moved = stage.objects[0].bounds()
    assert (moved.x0 - 60, moved.y0 - 40) == (10 * right[0], 10 * right[1])
