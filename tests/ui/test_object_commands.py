"""The commands on objects and regions in the window: by keys, in both modes, each one step."""

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication
from scipy import ndimage

from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ops.shapes import mask_of
from tests.session.conftest import SIZE_HW

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def square(number, x, y, side, *, z=0):
    corners = np.array([(x, y), (x + side, y), (x + side, y + side), (x, y + side)], float)
    return SegObject(number, 2, PolygonShape.of(corners), z=z)


def put(session, *items):
    with session.document.begin("put") as stroke:
        for item in items:
            stroke.put_object(item)
    session.view.set(mode="objects", selection=frozenset(item.id for item in items))


def pixels(session, number):
    item = session.document.labels.objects.get(number)
    return mask_of(item.shape, session.document.labels.raster.bounds, SIZE_HW)


def box(x, y, side):
    inside = np.zeros(SIZE_HW, bool)
    inside[y : y + side, x : x + side] = True
    return inside


def point_at(window, x, y):
    at = QPointF(window.canvas.to_widget(x, y))
    QApplication.sendEvent(window.canvas, QEnterEvent(at, at, QPointF(window.canvas.mapToGlobal(at))))


def test_copy_and_paste_to_the_next_image(window, qtbot):
    session = window.session
    put(session, square(1, 10, 20, 12))
    qtbot.keyClick(window.canvas, Qt.Key.Key_C, CTRL)
    before = session.document
    session.next_image()
    qtbot.waitUntil(lambda: session.document is not before)
    qtbot.keyClick(window.canvas, Qt.Key.Key_V, CTRL)
    (item,) = session.document.labels.objects
    np.testing.assert_array_equal(pixels(session, item.id), box(10, 20, 12))
    assert session.view.now.selection == {item.id}
    assert [edit.name for edit in session.document.history.undoable] == ["paste"]


def test_duplicate_lies_aside_and_is_selected(window, qtbot):
    session = window.session
    put(session, square(1, 10, 20, 12))
    qtbot.keyClick(window.canvas, Qt.Key.Key_D, CTRL)
    first, second = session.document.labels.objects.in_order()
    moved = second.shape.parts[0].exterior_xy - first.shape.parts[0].exterior_xy
    assert (moved == moved[0]).all()
    assert moved[0, 0] == moved[0, 1] > 0
    assert session.view.now.selection == {second.id}


def test_order_by_keys(window, qtbot):
    session = window.session
    put(session, square(1, 10, 20, 12), square(2, 15, 20, 12))
    session.view.set(selection=frozenset({1}))
    qtbot.keyClick(window.canvas, Qt.Key.Key_BracketRight, CTRL)
    assert [item.id for item in session.document.labels.objects.in_order()] == [2, 1]
    qtbot.keyClick(window.canvas, Qt.Key.Key_BracketLeft, CTRL)
    assert [item.id for item in session.document.labels.objects.in_order()] == [1, 2]


def test_merge_selects_what_it_made(window):
    session = window.session
    put(session, square(1, 10, 20, 12), square(2, 15, 20, 20))
    window.commands.run("object.merge")
    assert session.view.now.selection == {2}
    np.testing.assert_array_equal(pixels(session, 2), box(10, 20, 12) | box(15, 20, 20))


def test_each_shape_command_is_one_edit(window):
    session = window.session
    put(session, square(1, 10, 20, 20))
    for name, step in (("convert", "make a mask"), ("grow", "grow"), ("shrink", "shrink")):
        window.commands.run(f"object.{name}")
        assert session.document.history.undoable[-1].name == step


def test_a_region_is_grown_by_its_key_where_the_cursor_is(window, qtbot):
    session = window.session
    with session.document.begin("paint") as stroke:
        number = stroke.segment_for_class(2)
        stroke.paint(stroke.layer.raster.bounds, number, mask_hw=box(20, 20, 20) & ~box(28, 28, 4))
    session.view.set(mode="semantic")
    point_at(window, 25, 25)
    qtbot.keyClick(window.canvas, Qt.Key.Key_H, CTRL)
    np.testing.assert_array_equal(session.document.labels.raster.ids_hw == number, box(20, 20, 20))
    qtbot.keyClick(window.canvas, Qt.Key.Key_BracketRight, ALT)
    grown = ndimage.binary_dilation(box(20, 20, 20))
    np.testing.assert_array_equal(session.document.labels.raster.ids_hw == number, grown)
    assert [edit.name for edit in session.document.history.undoable] == ["paint", "fill holes", "grow"]


def test_what_cannot_be_done_is_said(window):
    session, told = window.session, []
    session.notify.told.connect(told.append)
    session.view.set(mode="objects", selection=frozenset())
    for name in ("copy", "paste", "duplicate", "forward", "merge", "convert", "smooth", "simplify", "remove_specks"):
        told.clear()
        window.commands.run(f"object.{name}")
        assert len(told) == 1
        assert told[0].level == "warning"
        assert not session.document.history.undoable
        session.notify.info("ready")
    session.view.set(mode="semantic")
    window.commands.run("object.grow")
    assert "no labelled region" in told[-1].text
    window.commands.run("object.merge")
    assert "no region is selected" in told[-1].text
    window.commands.run("object.simplify")
    assert "object" in told[-1].text


def test_the_keys_of_the_new_tools(window, qtbot):
    wanted = {"W": "wand", "G": "superpixel", "S": "scissors", "L": "lasso", "K": "rectangle", "O": "ellipse"}
    for letter, tool in wanted.items():
        qtbot.keyClick(window.canvas, letter)
        assert window.session.view.now.tool == tool
    qtbot.keyClick(window.canvas, "G", Qt.KeyboardModifier.ShiftModifier)
    assert window.session.view.now.tool == "cutout"


def test_the_wand_in_the_window_answers_from_its_worker(window, qtbot):
    session = window.session
    session.view.set(mode="semantic", tool="wand")
    session.view.choose_class(2)
    at = window.canvas.to_widget(20.5, 15.5).toPoint()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: len(session.document.history.undoable) == 1)
    assert session.document.history.undoable[-1].provenance["tool"] == "wand"
    assert session.document.labels.index_map(session.classes.current)[15, 20] == 2
