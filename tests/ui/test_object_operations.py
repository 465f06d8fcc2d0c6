"""Combining, splitting, simplifying and carrying on, by commands and keys in the real window."""

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt

from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ui.shell.simplify_bar import SimplifyBar
from tests.ui.test_object_commands import box, pixels, put, square

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


def click(window, qtbot, x, y, keys=NONE):
    at = window.canvas.to_widget(x, y).toPoint()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, keys, at)


EXPECTED = {
    "union": box(10, 20, 20) | box(20, 30, 20),
    "subtract": box(10, 20, 20) & ~box(20, 30, 20),
    "intersect": box(10, 20, 20) & box(20, 30, 20),
    "xor": box(10, 20, 20) ^ box(20, 30, 20),
}


@pytest.mark.parametrize("operation", sorted(EXPECTED))
def test_the_last_clicked_is_the_operand(window, qtbot, operation):
    session = window.session
    put(session, square(1, 10, 20, 20), square(2, 20, 30, 20, z=1))
    session.view.set(tool="select", selection=frozenset())
    click(window, qtbot, 12, 22)
    click(window, qtbot, 38, 48, SHIFT)
    assert session.view.now.last_selected == 2
    window.commands.run(f"object.{operation}")
    np.testing.assert_array_equal(pixels(session, 1), EXPECTED[operation])
    assert session.view.now.selection == {1}
    assert session.document.history.undoable[-1].name == operation
    window.commands.run("edit.undo")
    np.testing.assert_array_equal(pixels(session, 1), box(10, 20, 20))


def test_split_and_what_it_says_where_there_is_nothing_to_split(window):
    session, told = window.session, []
    session.notify.told.connect(told.append)
    ring = square(1, 10, 20, 10).shape.parts[0].exterior_xy
    put(session, SegObject(1, 2, PolygonShape.of(ring, ring + (30, 0))))
    window.commands.run("object.split")
    assert session.view.now.selection == {1, 2}
    np.testing.assert_array_equal(pixels(session, 1) | pixels(session, 2), box(10, 20, 10) | box(40, 20, 10))
    window.commands.run("object.split")
    assert "one piece" in told[-1].text


def wavy(number):
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    radius = 20 + 0.3 * np.sin(40 * angle)
    return SegObject(
        number, 2, PolygonShape.of(np.stack((45 + radius * np.cos(angle), 30 + radius * np.sin(angle)), 1))
    )


def bar_of(window):
    bars = window.canvas.findChildren(SimplifyBar)
    return bars[0] if bars else None


def opened_bar(window, qtbot):
    window.commands.run("object.simplify")
    bar = bar_of(window)
    qtbot.waitUntil(lambda: "→" in bar.count.text())
    return bar


def test_simplify_counts_points_while_the_slider_moves_and_enter_applies(window, qtbot):
    session = window.session
    put(session, wavy(1))
    steps = len(session.document.history.undoable)
    bar = opened_bar(window, qtbot)
    counts = []
    for place in (20, 100, 180):
        bar.slider.setValue(place)
        qtbot.waitUntil(lambda: not bar._asking.is_busy)
        counts.append(bar.points)
        assert bar.count.text() == f"{bar.points[0]} → {bar.points[1]} points"
    assert [before for before, _ in counts] == [200, 200, 200]
    assert counts[0][1] > counts[1][1] > counts[2][1] >= 3
    assert len(session.document.history.undoable) == steps
    assert session.document.labels.objects.get(1).shape.num_points == 200
    bar.slider.setValue(100)
    qtbot.keyClick(bar.slider, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(session.document.history.undoable) == steps + 1)
    after = session.document.labels.objects.get(1).shape
    assert after.num_points == counts[1][1]
    before = shapely.Polygon(wavy(1).shape.parts[0].exterior_xy)
    tolerance = 0.1 * 500 ** (100 / 200)
    assert shapely.hausdorff_distance(before, shapely.Polygon(after.parts[0].exterior_xy)) <= 1.2 * tolerance
    assert bar_of(window) is None


@pytest.mark.parametrize("leave", ["escape", "cancel", "selection", "image", "edit"])
def test_simplify_can_be_left(window, qtbot, leave):
    session = window.session
    put(session, wavy(1))
    bar = opened_bar(window, qtbot)
    if leave == "escape":
        qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
        assert session.view.now.selection == {1}
    elif leave == "cancel":
        qtbot.mouseClick(bar.cancel_button, Qt.MouseButton.LeftButton)
    elif leave == "selection":
        session.view.set(selection=frozenset())
    elif leave == "image":
        before = session.document
        session.next_image()
        qtbot.waitUntil(lambda: session.document is not before)
    else:
        window.commands.run("object.grow")
    assert bar_of(window) is None
    if leave not in ("edit", "image"):
        assert session.document.labels.objects.get(1) == wavy(1)
        assert session.document.history.undoable[-1].name == "put"


def test_copy_to_the_next_image_goes_there_with_the_copies_selected(window, qtbot):
    session = window.session
    put(session, square(1, 10, 20, 12))
    first = session.document
    qtbot.keyClick(window.canvas, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | SHIFT)
    qtbot.waitUntil(lambda: session.document is not None and session.document is not first)
    assert session.index == 1
    (item,) = session.document.labels.objects
    np.testing.assert_array_equal(pixels(session, item.id), box(10, 20, 12))
    assert session.view.now.selection == {item.id}
    window.commands.run("edit.undo")
    assert len(session.document.labels.objects) == 0


def test_propagating_stays_here_and_says_what_it_did(window, qtbot):
    session, told = window.session, []
    session.notify.told.connect(told.append)
    put(session, square(1, 10, 20, 12))
    window.commands.run("object.propagate")
    qtbot.waitUntil(lambda: bool(told))
    assert session.index == 0
    assert "carried" in told[-1].text
    told.clear()
    window.commands.run("image.last")
    qtbot.waitUntil(lambda: session.index == len(session.images) - 1)
    put(session, square(1, 10, 20, 12))
    for name in ("propagate", "copy_next", "propagate_many"):
        window.commands.run(f"object.{name}")
        assert "no next image" in told[-1].text


def test_the_dialog_asks_how_far(window, qtbot):
    from segstudio.ui.shell.onward_dialog import OnwardDialog

    session, told = window.session, []
    session.notify.told.connect(told.append)
    put(session, square(1, 10, 20, 12))
    dialog = OnwardDialog(window)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.images.setValue(2)
    dialog.flow.setChecked(False)
    dialog.accept()
    qtbot.waitUntil(lambda: bool(told))
    assert "2 objects carried to 2 images" in told[-1].text


def test_huge_objects_are_reshaped_in_the_worker(window, qtbot, monkeypatch):
    from segstudio.session.edits import reshape

    session = window.session
    monkeypatch.setattr(reshape, "weight_of", lambda items: 10**9)
    put(session, square(1, 10, 20, 20))
    lanes = []
    submit = session.jobs.submit
    monkeypatch.setattr(session.jobs, "submit", lambda *a, **k: lanes.append(k.get("lane")) or submit(*a, **k))
    told = []
    session.notify.told.connect(told.append)
    for name, step in (("convert", "make a mask"), ("smooth", "smooth"), ("split", "smooth")):
        window.commands.run(f"object.{name}")
        qtbot.waitUntil(lambda step=step: session.jobs.is_idle and session.document.history.undoable[-1].name == step)
    assert "one piece" in told[-1].text
    assert lanes.count("compute") == 3
    window.commands.run("object.grow")
    window.commands.run("object.shrink")
    qtbot.waitUntil(lambda: session.jobs.is_idle)
    assert session.document.history.undoable[-1].name == "grow"
    assert "changed meanwhile" in told[-1].text


def test_tool_switches_follow_the_view_and_stand_with_their_tools(window, qtbot):
    view = window.session.view
    view.set(tool="polygon")
    button = window.tool_options.switches["tool.snapping"]
    assert button.isVisible()
    assert not button.isChecked()
    qtbot.keyClick(window.canvas, Qt.Key.Key_S, SHIFT)
    assert view.now.snapping
    assert button.isChecked()
    assert not window.tool_options.switches["tool.shared_borders"].isVisible()
    view.set(tool="vertex")
    qtbot.keyClick(window.canvas, Qt.Key.Key_B, SHIFT)
    assert not view.now.shared_borders
    view.set(tool="brush")
    qtbot.mouseClick(window.tool_options.switches["tool.brush_screen"], Qt.MouseButton.LeftButton)
    assert view.now.brush_in_screen_pixels
    window.tool_options.spin.setValue(1)
    assert view.now.brush_radius == 0.5
    window.tool_options.spin.setValue(1000)
    assert view.now.brush_radius == 500
