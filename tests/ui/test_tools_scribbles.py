"""The box cut-out mended by scribbles: what lies under them is certain, by pixels drawn here."""

import numpy as np
from PySide6.QtCore import Qt

from tests.ui.canvas_stage import CAR, stage
from tests.ui.test_tools_picture import SIGN, overlap, wall
from tests.ui.test_tools_raster import near_line
from tests.ui.test_tools_vertices import CTRL

__all__ = ["stage", "wall"]


def boxed(wall):
    wall.view(tool="cutout")
    wall.hand.drag((50, 20), (140, 90))


def inside_sign():
    rows, columns = np.nonzero(SIGN)
    return (columns.min() + columns.max()) / 2, rows.min() + 4, rows.max() - 4


def test_what_is_struck_out_is_not_taken(wall):
    boxed(wall)
    x, top, bottom = inside_sign()
    line = [(x, top), (x, bottom)]
    wall.hand.drag(*line, keys=CTRL)
    assert not wall.ids.any()
    wall.hand.canvas.grab()
    wall.hand.key(Qt.Key.Key_Return)
    assert (wall.ids == CAR).any()
    assert not (wall.ids == CAR)[near_line(line, 0.5)].any()
    assert wall.steps() == ["cut out of a box"]


def test_what_is_drawn_over_is_taken(wall):
    boxed(wall)
    line = [(54, 24), (54, 30)]
    assert not SIGN[near_line(line, 0.5)].any()
    wall.hand.drag(*line)
    wall.hand.key(Qt.Key.Key_Return)
    assert (wall.ids == CAR)[near_line(line, 0.5)].all()


def test_scribbles_are_taken_back_one_by_one_then_the_box(wall):
    boxed(wall)
    x, top, bottom = inside_sign()
    wall.hand.drag((x, top), (x, bottom), keys=CTRL)
    assert wall.canvas.undo_in_tool()
    wall.hand.click(x + 3, (top + bottom) / 2)
    assert overlap(wall.ids == CAR, SIGN) > 0.97
    wall.session.undo()
    boxed(wall)
    assert wall.canvas.undo_in_tool()
    assert wall.canvas.tool.overlay_bounds() is None
    assert not wall.canvas.undo_in_tool()


def test_a_drag_from_outside_begins_a_new_box(wall):
    boxed(wall)
    wall.hand.drag((20, 10), (30, 18))
    wall.hand.key(Qt.Key.Key_Escape)
    wall.hand.key(Qt.Key.Key_Return)
    assert not wall.ids.any()
