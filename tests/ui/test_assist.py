"""The assist group in the window: keys, panel, dialog, and the two tools by hand."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from segstudio.render.pyramid import Pyramid
from segstudio.session.assist.forest import FOREST
from tests.ui.canvas_stage import ALT, CAR, SIZE_HW, Hand, box_object, stage

__all__ = ["stage"]

CTRL = Qt.KeyboardModifier.ControlModifier
SIGNS = np.zeros(SIZE_HW, bool)
SIGNS[30:80, 20:60] = True
SIGNS[30:80, 120:170] = True


@pytest.fixture
def wall(stage):
    """The stage with two red signs on a grey wall, with a little noise."""
    noise = np.random.default_rng(1).integers(-3, 4, (*SIZE_HW, 3))
    colors = np.where(SIGNS[..., None], (200, 40, 30), (120, 125, 120)) + noise
    stage.document.pyramid = Pyramid(colors.astype(np.uint8))
    return stage


def test_the_smart_brush_stays_on_the_sign_and_with_ctrl_is_plain(wall):
    wall.view(tool="smart_brush", brush_radius=14.0)
    wall.hand.drag((50, 50), (52, 52))
    taken = wall.ids == CAR
    assert taken.sum() > 200
    assert (taken & ~SIGNS).sum() < 0.05 * taken.sum()
    assert wall.steps() == ["brush"]
    wall.session.undo()
    wall.hand.drag((50, 50), (52, 52), keys=CTRL)
    assert ((wall.ids == CAR) & ~SIGNS).sum() > 50


def test_the_smart_brush_erases_with_alt_and_escape_leaves_nothing(wall):
    wall.paint(slice(None), slice(None), CAR)
    wall.view(tool="smart_brush", brush_radius=14.0)
    wall.hand.drag((50, 50), (51, 50), keys=ALT)
    assert ((wall.ids == 0) & SIGNS).sum() > 200
    before = wall.ids
    wall.hand.press(150, 50)
    wall.hand.move(155, 55)
    wall.hand.key(Qt.Key.Key_Escape)
    wall.hand.release(155, 55)
    assert np.array_equal(wall.ids, before)


def test_the_smart_brush_makes_objects_in_object_mode(wall):
    wall.view(tool="smart_brush", brush_radius=14.0, mode="objects")
    wall.hand.drag((40, 50), (45, 55))
    assert len(wall.objects) == 1


def test_the_colour_range_takes_both_signs_at_once(wall):
    wall.view(tool="colour_range")
    wall.hand.click(40, 50)
    assert ((wall.ids == CAR) == SIGNS).mean() > 0.99
    assert wall.steps() == ["colour range"]


def test_the_colour_range_keeps_to_the_selected_object(wall):
    wall.put(box_object(1, 110, 20, 70, 80))
    wall.view(tool="colour_range", mode="objects", selection=frozenset({1}))
    wall.hand.click(140, 50)
    (new,) = [item for item in wall.objects if item.id != 1]
    assert new.bounds().x0 >= 118


def test_escape_drops_the_colour_range(wall):
    wall.view(tool="colour_range")
    before = wall.ids
    wall.hand.press(40, 50)
    wall.hand.move(60, 50)
    wall.hand.key(Qt.Key.Key_Escape)
    wall.hand.release(60, 50)
    assert np.array_equal(wall.ids, before)


def paint_two_classes(window, qtbot):
    session = window.session
    hand = Hand(window.canvas)
    session.view.set(tool="brush", brush_radius=3.0)
    for class_id, y in ((1, 10), (0, 50)):
        session.view.choose_class(class_id)
        hand.drag((10, y), (20, y))
    forest = session.forest
    qtbot.waitUntil(lambda: forest.facts.classes == 2 and forest.facts.refined, timeout=20_000)


def test_the_forest_from_the_key_to_accepting(window, qtbot):
    pytest.importorskip("sklearn")
    session = window.session
    window.commands.run("assist.forest")
    assert window.commands.action("assist.forest").isChecked()
    panel = window.docks.content("assist.panel")
    assert window.docks.is_shown("assist.panel")
    paint_two_classes(window, qtbot)
    qtbot.waitUntil(lambda: "2 classes" in panel.numbers.text(), timeout=5_000)
    assert "your pixels stay" in panel.state.text()
    window.commands.run("tool.repeat")
    assert session.view.now.tool == "brush", "N leads to a doubtful region while the forest is on"
    window.commands.run("view.heat")
    assert session.view.now.heat_map
    window.commands.run("accept.all")
    assert [edit.name for edit in session.document.history.undoable] == ["brush", "brush", "accept forest"]
    assert (session.document.labels.raster.ids_hw != 0).all()
    window.commands.run("assist.forest")
    assert FOREST not in session.document.predictions
    qtbot.waitUntil(lambda: "Off." in panel.state.text(), timeout=2_000)


def test_the_image_may_be_left_while_it_is_prepared(window, qtbot):
    pytest.importorskip("sklearn")
    session = window.session
    session.forest.switch(True)
    for index in (1, 2, 0, 1):
        session.go(index)
        qtbot.wait(5)
    qtbot.waitUntil(lambda: session.index == 1 and session.forest.state == "ready", timeout=20_000)
    assert session.forest.facts.painted == 0


def test_refining_asks_for_a_prediction_and_its_dialog_leaves_no_trace_when_cancelled(window, qtbot):
    from segstudio.core.layer import Layer, prediction_layer
    from segstudio.ui.shell.refine_dialog import refine_prediction

    session = window.session
    assert refine_prediction(window) is None
    layer = Layer(prediction_layer("net"), session.document.size_hw, locked=True)
    layer.ensure_class_segments(session.classes.current)
    layer.raster.writable(layer.raster.bounds)[:30] = 1
    layer.raster.writable(layer.raster.bounds)[30:] = 2
    session.document.set_prediction(layer)
    dialog = refine_prediction(window)
    qtbot.waitUntil(lambda: "pixels" in dialog.words.text(), timeout=10_000)
    dialog.strength.setValue(80)
    qtbot.waitUntil(lambda: "prediction:net refined" in session.document.predictions, timeout=10_000)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert list(session.document.predictions) == ["prediction:net"]
    assert not session.document.history.undoable


def test_commands_without_what_they_need_say_so(window):
    told = []
    window.session.notify.told.connect(lambda notice: told.append(notice.text))
    window.commands.run("assist.next_doubtful")
    window.commands.run("assist.interpolate")
    window.session.view.set(mode="objects")
    window.commands.run("assist.snap_boundary")
    assert told == ["the forest is off", "select one object in object mode", "nothing is selected"]
