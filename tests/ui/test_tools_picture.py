"""The tools that look at the picture (wand, superpixels, scissors, cut-out), on pictures with a known answer."""

import gc
import weakref

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication
from scipy import ndimage

from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape
from segstudio.ops.shapes import mask_of
from segstudio.render.pyramid import Pyramid
from tests.ui.canvas_stage import ALT, CAR, RIGHT, ROAD, SHIFT, SIZE_HW, box_object, make_document, show, stage

__all__ = ["stage"]

SIGN = np.zeros(SIZE_HW, bool)
SIGN[30:80, 60:130] = True
"""A red sign on a grey wall."""


@pytest.fixture
def wall(stage):
    """The stage with the sign as its picture, with a little noise."""
    noise = np.random.default_rng(1).integers(-3, 4, (*SIZE_HW, 3))
    colors = np.where(SIGN[..., None], (200, 40, 30), (120, 125, 120)) + noise
    stage.document.pyramid = Pyramid(colors.astype(np.uint8))
    return stage


class Worker:
    """Holds work back until `run`, as a busy thread does."""

    def __init__(self, jobs):
        self.waiting = []
        self._start = jobs._start
        jobs._start = lambda *work: self.waiting.append(work)

    def run(self):
        work, self.waiting = self.waiting, []
        for each in work:
            self._start(*each)


def overlap(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def pixels_of(item):
    return mask_of(item.shape, Rect.of_size(*SIZE_HW), SIZE_HW)


def tool_of_last_edit(stage):
    return stage.document.history.undoable[-1].provenance["tool"]


# ── magic wand ───────────────────────────────────────────────────────────────────────────────────────────────────────


def stripes(stage):
    """Four stripes of 50 columns, each brighter than the one before."""
    grey = np.repeat(np.array([100, 110, 140, 200], np.uint8), 50)
    stage.document.pyramid = Pyramid(np.ascontiguousarray(np.broadcast_to(grey[None, :, None], (*SIZE_HW, 3))))


@pytest.mark.parametrize(("drag", "columns"), [(0, 100), (-18, 50), (34, 150), (100, 200)])
def test_the_wand_takes_more_the_farther_one_drags(stage, drag, columns):
    stripes(stage)
    stage.view(tool="wand")
    stage.hand.press(25, 60)
    stage.hand.move(25 + drag / 2, 60)
    stage.hand.move(25 + drag, 60)
    QApplication.processEvents()
    assert not stage.ids.any()
    assert stage.canvas.tool.overlay_bounds() is not None
    stage.hand.release(25 + drag, 60)
    expected = np.zeros(SIZE_HW, np.uint16)
    expected[:, :columns] = CAR
    np.testing.assert_array_equal(stage.ids, expected)
    assert stage.steps() == ["magic wand"]
    assert tool_of_last_edit(stage) == "wand"
    stage.session.undo()
    assert not stage.ids.any()


def test_the_wand_takes_the_sign_and_not_the_wall(wall):
    wall.view(tool="wand")
    wall.hand.click(90, 50)
    assert overlap(wall.ids == CAR, SIGN) > 0.99
    assert not wall.ids[~ndimage.binary_dilation(SIGN)].any()


def test_the_wand_searches_only_what_is_in_view(wall):
    wall.canvas.scale_to(8.0, wall.canvas.to_widget(95, 55))
    seen = wall.canvas.viewport_now.visible_rect(wall.document.labels.raster.bounds)
    wall.view(tool="wand")
    wall.hand.click(95, 55)
    window = np.zeros(SIZE_HW, bool)
    window[seen.slices] = True
    assert window.sum() < SIGN.sum() * 2
    assert overlap(wall.ids == CAR, SIGN & window) > 0.98
    assert not wall.ids[~window].any()


def test_escape_while_the_wand_is_held(wall):
    wall.view(tool="wand")
    wall.hand.press(90, 50)
    wall.hand.move(100, 50)
    wall.hand.key(Qt.Key.Key_Escape)
    wall.hand.release(100, 50)
    assert not wall.ids.any()
    assert wall.canvas.tool.overlay_bounds() is None


def test_the_wand_with_alt_unlabels_and_in_object_mode_makes_a_mask(wall):
    wall.paint(slice(None), slice(None), ROAD)
    wall.view(tool="wand")
    wall.hand.click(90, 50, keys=ALT)
    assert overlap(wall.ids == 0, SIGN) > 0.99
    wall.session.undo()
    wall.view(mode="objects")
    wall.hand.click(90, 50)
    (item,) = wall.objects
    assert isinstance(item.shape, MaskShape)
    assert overlap(pixels_of(item), SIGN) > 0.99
    assert (wall.ids == ROAD).all()


def test_the_wand_with_shift_extends_the_selected_object(wall):
    wall.put(box_object(1, 10, 10, 20, 20))
    wall.view(mode="objects", tool="wand", selection=frozenset({1}))
    wall.hand.click(90, 50, keys=SHIFT)
    (item,) = wall.objects
    own = np.zeros(SIZE_HW, bool)
    own[10:30, 10:30] = True
    assert overlap(pixels_of(item), SIGN | own) > 0.99
    wall.session.undo()
    np.testing.assert_array_equal(pixels_of(wall.objects[0]), own)


def test_a_slow_worker_keeps_no_one_waiting(wall):
    worker = Worker(wall.session.jobs)
    wall.view(tool="wand")
    wall.hand.press(90, 50)
    for step in range(1, 6):
        wall.hand.move(90 + step, 50)
        QApplication.processEvents()
    assert len(worker.waiting) == 1
    wall.hand.release(95, 50)
    assert not wall.ids.any()
    worker.run()
    assert not wall.ids.any()
    worker.run()
    assert overlap(wall.ids == CAR, SIGN) > 0.99
    assert wall.steps() == ["magic wand"]


@pytest.mark.parametrize("tool", ["wand", "superpixel", "cutout", "scissors"])
def test_what_was_dropped_is_not_committed_when_the_worker_comes_home(wall, tool):
    worker = Worker(wall.session.jobs)
    wall.view(tool=tool)
    wall.hand.drag((50, 20), (100, 60), (140, 90))
    wall.hand.key(Qt.Key.Key_Escape)
    worker.run()
    worker.run()
    assert not wall.ids.any()
    assert wall.steps() == []


# ── superpixels ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_hovering_shows_a_patch_and_a_click_takes_just_that(wall):
    wall.view(tool="superpixel")
    wall.hand.hover(90, 50)
    rect, shown = wall.canvas.tool._gathered
    assert not wall.ids.any()
    wall.hand.click(90, 50)
    expected = np.zeros(SIZE_HW, bool)
    expected[rect.slices] = shown
    np.testing.assert_array_equal(wall.ids == CAR, expected)
    assert expected[50, 90]
    assert ndimage.label(expected)[1] == 1
    assert not (expected & ~ndimage.binary_dilation(SIGN, iterations=2)).any()
    assert wall.steps() == ["superpixels"]
    assert tool_of_last_edit(wall) == "superpixel"


def test_the_patch_shown_goes_with_the_cursor_and_with_the_tool(wall):
    wall.view(tool="superpixel")
    wall.hand.hover(90, 50)
    tool = wall.canvas.tool
    assert tool.overlay_bounds() is not None
    QApplication.sendEvent(wall.canvas, QEvent(QEvent.Type.Leave))
    assert tool.overlay_bounds() is None
    wall.hand.hover(90, 50)
    wall.view(tool="select")
    assert tool.overlay_bounds() is None


@pytest.mark.parametrize("tool", ["wand", "superpixel"])
def test_a_picture_that_was_left_is_not_kept_in_memory(wall, tool):
    wall.view(tool=tool)
    wall.hand.hover(90, 50)
    wall.hand.click(90, 50)
    left = weakref.ref(wall.document.pyramid)
    show(wall.session, make_document(wall.session))
    wall.canvas.grab()
    gc.collect()
    assert left() is None


def test_a_drag_takes_every_patch_on_its_way_as_one_step(wall):
    wall.view(tool="superpixel")
    wall.hand.drag((70, 50), (120, 50))
    dragged = wall.ids == CAR
    assert wall.steps() == ["superpixels"]
    wall.session.undo()
    assert not wall.ids.any()
    for x in range(70, 121):
        if wall.ids[50, x] == 0:
            wall.hand.click(x + 0.5, 50.5)
    np.testing.assert_array_equal(dragged, wall.ids == CAR)


def test_patches_are_made_once_per_view_and_a_drag_before_them_counts(wall):
    worker = Worker(wall.session.jobs)
    wall.view(tool="superpixel")
    wall.hand.hover(90, 50)
    wall.hand.hover(95, 50)
    assert len(worker.waiting) == 1
    wall.hand.drag((70, 50), (120, 50))
    assert not wall.ids.any()
    worker.run()
    assert wall.steps() == ["superpixels"]
    wall.hand.hover(40, 50)
    assert worker.waiting == []
    wall.canvas.zoom_in()
    wall.hand.hover(90, 50)
    assert len(worker.waiting) == 1


def test_superpixels_in_object_mode_make_one_object(wall):
    wall.view(mode="objects", tool="superpixel")
    wall.hand.drag((70, 40), (120, 40), (120, 70))
    (item,) = wall.objects
    assert pixels_of(item)[40, 90]
    assert not wall.ids.any()
    wall.session.undo()
    assert wall.objects == []


# ── scissors ─────────────────────────────────────────────────────────────────────────────────────────────────────────

CORNERS = [(60, 30), (130, 31), (129, 79), (61, 80)]


def test_the_scissors_follow_the_sign(wall):
    wall.view(tool="scissors")
    for corner in CORNERS:
        wall.hand.click(*corner)
    assert not wall.ids.any()
    wall.hand.key(Qt.Key.Key_Return)
    assert overlap(wall.ids == CAR, SIGN) > 0.94
    assert wall.steps() == ["scissors"]
    assert tool_of_last_edit(wall) == "scissors"
    assert wall.canvas.tool.anchors_xy == []


def test_the_outline_clings_to_the_edge_between_two_anchors(wall):
    wall.view(tool="scissors")
    wall.hand.click(60, 55)
    wall.hand.click(130, 55)
    wall.hand.click(95, 80)
    wall.hand.key(Qt.Key.Key_Return)
    straight = 0.5 * 70 * 25
    taken = np.count_nonzero(wall.ids)
    # Along the edges of the sign it is an upper or lower half of it; the straight triangle is half of that again.
    assert taken > 1.5 * straight
    assert overlap((wall.ids == CAR) & ~ndimage.binary_dilation(SIGN, iterations=2), SIGN) == 0


@pytest.mark.parametrize("how", ["double", "first", "right"])
def test_closing_by_double_click_or_first_anchor_and_going_back(wall, how):
    wall.view(tool="scissors")
    for corner in CORNERS[:3]:
        wall.hand.click(*corner)
    if how == "double":
        wall.hand.double_click(*CORNERS[3])
    elif how == "first":
        wall.hand.click(*CORNERS[3])
        wall.hand.click(*CORNERS[0])
    else:
        wall.hand.click(190, 110)
        wall.hand.click(190, 110, button=RIGHT)
        assert len(wall.canvas.tool.anchors_xy) == 3
        wall.hand.click(*CORNERS[3])
        wall.hand.key(Qt.Key.Key_Enter)
    assert overlap(wall.ids == CAR, SIGN) > 0.94
    assert wall.steps() == ["scissors"]


def test_fast_clicks_give_the_outline_that_slow_ones_give(wall):
    wall.view(tool="scissors")
    for corner in CORNERS:
        wall.hand.click(*corner)
    wall.hand.key(Qt.Key.Key_Return)
    slow = wall.ids
    wall.session.undo()
    worker = Worker(wall.session.jobs)
    for corner in CORNERS:
        wall.hand.click(*corner)
    wall.hand.key(Qt.Key.Key_Return)
    assert not wall.ids.any()
    while worker.waiting:
        worker.run()
    np.testing.assert_array_equal(wall.ids, slow)


def test_escape_and_undo_in_the_scissors(wall):
    wall.view(tool="scissors")
    wall.hand.click(60, 30)
    wall.hand.click(130, 30)
    assert wall.canvas.undo_in_tool()
    assert len(wall.canvas.tool.anchors_xy) == 1
    wall.hand.key(Qt.Key.Key_Escape)
    assert wall.canvas.tool.anchors_xy == []
    assert not wall.canvas.undo_in_tool()
    assert wall.steps() == []


def test_scissors_in_object_mode_make_a_polygon_of_few_points(wall):
    wall.view(mode="objects", tool="scissors")
    for corner in CORNERS:
        wall.hand.click(*corner)
    wall.hand.key(Qt.Key.Key_Return)
    (item,) = wall.objects
    assert overlap(pixels_of(item), SIGN) > 0.94
    assert item.shape.num_points < 60


# ── box cut-out ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["enter", "click"])
def test_the_cut_out_is_shown_first_and_then_taken(wall, how):
    wall.view(tool="cutout")
    wall.hand.drag((50, 20), (140, 90))
    assert not wall.ids.any()
    assert wall.canvas.tool.overlay_bounds() is not None
    if how == "enter":
        wall.hand.key(Qt.Key.Key_Return)
    else:
        wall.hand.click(90, 50)
    assert overlap(wall.ids == CAR, SIGN) > 0.97
    assert wall.steps() == ["cut out of a box"]
    assert tool_of_last_edit(wall) == "cutout"


def test_a_cut_out_that_finds_nothing_says_so(stage):
    stage.document.pyramid = Pyramid(np.full((*SIZE_HW, 3), 90, np.uint8))
    told = []
    stage.session.notify.told.connect(told.append)
    stage.view(tool="cutout")
    stage.hand.drag((50, 20), (140, 90))
    stage.hand.key(Qt.Key.Key_Return)
    assert "nothing in the box" in told[-1].text
    assert not stage.ids.any()


def test_the_cut_out_in_object_mode_and_dropped(wall):
    wall.view(mode="objects", tool="cutout")
    wall.hand.drag((50, 20), (140, 90))
    wall.hand.key(Qt.Key.Key_Escape)
    assert wall.canvas.tool.overlay_bounds() is None
    wall.hand.key(Qt.Key.Key_Return)
    assert wall.objects == []
    wall.hand.drag((50, 20), (140, 90))
    wall.hand.key(Qt.Key.Key_Return)
    (item,) = wall.objects
    assert overlap(pixels_of(item), SIGN) > 0.97
