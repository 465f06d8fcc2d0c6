"""The objects panel: the same selection as the canvas, order by drag, eye and lock, filter, names and attributes."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtWidgets import QLineEdit

from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ui.panels.object_list import OBJECT_ID, eye_of, lock_of

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def square(number, x, side=12, *, class_id=2):
    ring = np.array([(x, 20), (x + side, 20), (x + side, 20 + side), (x, 20 + side)], float)
    return SegObject(number, class_id, PolygonShape.of(ring), z=number)


@pytest.fixture
def crowd(window):
    """Cars 1, 2, 3 from back to front that overlap, and house 4 in front of them; the panel is open."""
    session = window.session
    with session.document.begin("put") as stroke:
        for number in (1, 2, 3):
            stroke.put_object(square(number, 4 * number))
        stroke.put_object(square(4, 60, class_id=1))
    session.view.set(mode="objects", tool="select")
    window.show_panel(window.objects)
    window.objects.refresh()
    return window


def ids(panel):
    return [panel.model.index(row).data(OBJECT_ID) for row in range(panel.model.rowCount())]


def click(qtbot, panel, row, *, part=None, keys=Qt.KeyboardModifier.NoModifier):
    box = panel.list.visualRect(panel.model.index(row))
    at = {None: QPoint(box.left() + 60, box.center().y()), "eye": eye_of(box).center(), "lock": lock_of(box).center()}
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, keys, at[part])


def canvas_click(qtbot, window, x, y, keys=Qt.KeyboardModifier.NoModifier):
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, keys, window.canvas.to_widget(x, y).toPoint())


def test_several_are_selected_here_and_on_the_canvas(crowd, qtbot):
    panel, view = crowd.objects, crowd.session.view
    assert ids(panel) == [4, 3, 2, 1]
    click(qtbot, panel, 0)
    click(qtbot, panel, 2, keys=CTRL)
    assert view.now.selection == {4, 2}
    click(qtbot, panel, 3, keys=SHIFT)
    assert view.now.selection == {2, 1}
    canvas_click(qtbot, crowd, 66, 26)
    assert [index.data(OBJECT_ID) for index in panel.list.selectionModel().selectedIndexes()] == [4]
    qtbot.keyClick(crowd.canvas, Qt.Key.Key_A, CTRL)
    assert len(panel.list.selectionModel().selectedIndexes()) == 4


def test_the_class_filter_lists_one_class(crowd):
    panel = crowd.objects
    assert [panel.classes.itemText(at) for at in range(3)] == ["All (4)", "house (1)", "car (3)"]
    panel.classes.setCurrentIndex(1)
    panel.classes.activated.emit(1)
    assert ids(panel) == [4]
    with crowd.session.document.begin("away") as stroke:
        stroke.remove_object(4)
    panel.refresh()
    assert ids(panel) == [3, 2, 1]


@pytest.mark.parametrize(
    ("dragged", "row", "wanted"),
    [([3], 0, [1, 4, 3, 2]), ([0], 4, [3, 2, 1, 4]), ([1, 2], 4, [4, 1, 3, 2]), ([0], 2, [3, 4, 2, 1])],
)
def test_a_drag_changes_the_order_as_one_edit(crowd, dragged, row, wanted):
    panel, document = crowd.objects, crowd.session.document
    data = panel.model.mimeData([panel.model.index(at) for at in dragged])
    assert not panel.model.dropMimeData(data, Qt.DropAction.MoveAction, row, 0, QModelIndex())
    panel.refresh()
    assert ids(panel) == wanted
    assert [item.id for item in document.labels.objects.in_order()] == wanted[::-1]
    assert [edit.name for edit in document.history.undoable] == ["put", "reorder"]


def test_the_lock_keeps_an_object_from_hand_and_keys(crowd, qtbot):
    panel, session = crowd.objects, crowd.session
    click(qtbot, panel, 0, part="lock")
    assert session.document.labels.objects.get(4).locked
    canvas_click(qtbot, crowd, 66, 26)
    assert session.view.now.selection == frozenset()
    click(qtbot, panel, 0)
    before = session.document.labels.objects.get(4)
    qtbot.keyClick(crowd.canvas, Qt.Key.Key_Delete)
    qtbot.keyClick(crowd.canvas, Qt.Key.Key_Right)
    crowd.commands.run("object.grow")
    assert session.document.labels.objects.get(4) == before
    crowd.commands.run("object.lock")
    assert not session.document.labels.objects.get(4).locked


def colors_at(window, *points):
    """What the canvas shows at image points."""
    picture = window.canvas.grab().toImage()
    ratio = picture.devicePixelRatio()
    return [picture.pixelColor((window.canvas.to_widget(*xy) * ratio).toPoint()).rgb() for xy in points]


def test_what_is_hidden_is_not_drawn_and_shows_what_lies_behind(crowd, qtbot):
    panel, session = crowd.objects, crowd.session
    inside_all, only_front = (14.5, 26.5), (22.5, 26.5)
    with_all = colors_at(crowd, inside_all, only_front)
    click(qtbot, panel, 1, part="eye")
    assert session.view.now.hidden_objects == {3}
    hidden = colors_at(crowd, inside_all, only_front)
    assert hidden[0] != with_all[0]
    with session.document.begin("away") as stroke:
        stroke.remove_object(3)
    assert colors_at(crowd, inside_all, only_front) == hidden
    session.undo()
    canvas_click(qtbot, crowd, *inside_all)
    assert session.view.now.selection == {2}
    crowd.commands.run("object.show_all")
    session.view.set(selection=frozenset())
    assert colors_at(crowd, inside_all, only_front) == with_all


def test_isolated_nothing_else_is_drawn(crowd):
    session = crowd.session
    session.view.set(selection=frozenset({1}))
    crowd.commands.run("object.isolate")
    assert crowd.commands.action("object.isolate").isChecked()
    session.view.set(selection=frozenset())
    alone = colors_at(crowd, (14.5, 26.5), (66.5, 26.5))
    with session.document.begin("away") as stroke:
        for number in (2, 3, 4):
            stroke.remove_object(number)
    crowd.commands.run("object.isolate")
    assert not session.view.now.isolated_objects
    assert colors_at(crowd, (14.5, 26.5), (66.5, 26.5)) == alone


def test_a_name_is_typed_in_the_list(crowd, qtbot):
    panel, session = crowd.objects, crowd.session
    session.view.set(selection=frozenset({2}))
    crowd.commands.run("object.rename")
    editor = panel.list.findChild(QLineEdit)
    qtbot.keyClicks(editor, "taxi")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.document.labels.objects.get(2).attributes == {"name": "taxi"})
    panel.refresh()
    assert panel.model.index(2).data().startswith("“taxi” car #2")


def test_crowd_and_attributes_are_edits_of_all_that_are_selected(crowd, qtbot):
    panel, session = crowd.objects, crowd.session
    details, table = panel.details, session.document.labels.objects
    session.view.set(selection=frozenset({1, 2}))
    qtbot.mouseClick(details.crowd, Qt.MouseButton.LeftButton, pos=QPoint(8, details.crowd.height() // 2))
    assert [item.is_crowd for item in table.in_order()] == [True, True, False, False]
    details.table.item(0, 0).setText("weather")
    panel.refresh()
    details.table.item(0, 1).setText("12")
    assert [table.get(number).attributes for number in (1, 2, 3)] == [{"weather": 12}, {"weather": 12}, {}]
    names = [edit.name for edit in session.document.history.undoable]
    assert names == ["put", "mark as crowd", "set weather", "set weather"]
    session.undo()
    session.undo()
    session.undo()
    assert not any(item.is_crowd or item.attributes for item in table)


def test_letters_are_commands_while_the_list_has_the_focus(crowd, qtbot):
    crowd.objects.list.setFocus()
    qtbot.keyClick(crowd.objects.list, Qt.Key.Key_B)
    assert crowd.session.view.now.tool == "brush"
