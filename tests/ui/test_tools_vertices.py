"""Outlines edited vertex by vertex: many at once, redrawn, shared with neighbours; shapes expected by shapely."""

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt

from segstudio.core.objects import PolygonPart, PolygonShape, SegObject
from tests.ui.canvas_stage import ALT, CAR, HOUSE, RIGHT, SHIFT, box_object, stage
from tests.ui.test_tools_objects import corners

__all__ = ["stage"]
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(autouse=True)
def in_hand(stage):
    stage.view(mode="objects", tool="vertex")


def area(item):
    return shapely.MultiPolygon([shapely.Polygon(p.exterior_xy, p.holes_xy) for p in item.shape.parts])


def take(stage, *items):
    stage.put(*items)
    stage.view(selection=frozenset({items[0].id}))


def same(item, expected, *, within=1e-6):
    return area(item).symmetric_difference(expected).area < within


def test_a_box_chooses_vertices_that_delete_takes_away_in_one_step(stage):
    ring = np.array([(20, 20), (60, 20), (100, 20), (100, 80), (60, 80), (20, 80)], float)
    take(stage, SegObject(1, 2, PolygonShape.of(ring)))
    stage.hand.drag((50, 12), (60, 50), (70, 90))
    assert len(stage.canvas.tool.chosen) == 2
    stage.canvas.delete_selection()
    assert same(stage.objects[0], shapely.box(20, 20, 100, 80))
    assert len(corners(stage.objects[0])) == 4
    assert stage.steps() == ["remove vertices"]
    stage.session.undo()
    np.testing.assert_array_equal(stage.objects[0].shape.parts[0].exterior_xy, ring)


def test_chosen_vertices_move_together_and_stay_chosen(stage):
    take(stage, box_object(1, 20, 20, 60, 40))
    stage.hand.drag((70, 10), (75, 40), (90, 70))
    for expected in (100, 120):
        stage.hand.drag((expected - 20, 20), (expected, 20))
        assert same(stage.objects[0], shapely.box(20, 20, expected, 60))
    assert stage.steps() == ["move vertices", "move vertices"]
    stage.hand.key(Qt.Key.Key_Escape)
    assert not stage.canvas.tool.chosen
    assert stage.session.view.now.selection == {1}
    stage.hand.key(Qt.Key.Key_Escape)
    assert not stage.session.view.now.selection


def test_deleting_all_vertices_of_a_hole_closes_it(stage):
    hole = np.array([(40, 40), (60, 40), (60, 60), (40, 60)], float)
    outer = np.array([(20, 20), (100, 20), (100, 90), (20, 90)], float)
    take(stage, SegObject(1, 2, PolygonShape((PolygonPart(outer, (hole,)),))))
    stage.hand.drag((32, 32), (50, 50), (70, 70))
    stage.canvas.delete_selection()
    assert same(stage.objects[0], shapely.box(20, 20, 100, 90))


def test_redrawing_a_stretch_by_clicks(stage):
    take(stage, box_object(1, 20, 20, 80, 60))
    stage.hand.click(20, 20, keys=SHIFT)
    assert stage.steps() == []
    for point in ((40, 5), (80, 8), (90, 110), (100, 20)):
        if point == (90, 110):
            stage.hand.click(*point)
            stage.hand.click(*point, button=RIGHT)
            continue
        stage.hand.click(*point)
    expected = shapely.Polygon([(20, 20), (40, 5), (80, 8), (100, 20), (100, 80), (20, 80)])
    assert same(stage.objects[0], expected)
    assert stage.steps() == ["redraw outline"]
    stage.session.undo()
    assert stage.objects == [box_object(1, 20, 20, 80, 60)]


def test_redrawing_a_stretch_by_hand(stage):
    take(stage, box_object(1, 20, 20, 80, 60))
    stage.hand.click(100, 20, keys=SHIFT)
    line = [(102, 25), (115, 40), (120, 50), (115, 60), (100, 80)]
    stage.hand.drag(*line)
    expected = shapely.Polygon([(20, 20), (100, 20), *line, (20, 80)])
    assert same(stage.objects[0], expected)


@pytest.mark.parametrize("drop", ["escape", "undo", "other"])
def test_a_redrawing_that_is_dropped_leaves_the_shape(stage, drop):
    take(stage, box_object(1, 20, 20, 80, 60), box_object(2, 140, 20, 30, 30))
    stage.hand.click(20, 20, keys=SHIFT)
    stage.hand.click(50, 5)
    if drop == "escape":
        stage.hand.key(Qt.Key.Key_Escape)
    elif drop == "undo":
        assert stage.canvas.undo_in_tool()
        assert stage.canvas.undo_in_tool()
        assert not stage.canvas.undo_in_tool()
    else:
        stage.view(tool="select")
    assert stage.objects[0] == box_object(1, 20, 20, 80, 60)
    assert stage.steps() == []
    if drop != "other":
        stage.hand.drag((100, 80), (110, 90))
        assert corners(stage.objects[0])[2] == pytest.approx((110, 90))


def test_a_shared_vertex_moves_on_both_sides_as_one_step(stage):
    take(stage, box_object(1, 20, 20, 50, 60), box_object(2, 70, 20, 50, 60), box_object(3, 140, 20, 20, 20))
    stage.hand.drag((70, 80), (80, 100))
    assert corners(stage.objects[0])[2] == pytest.approx((80, 100))
    assert corners(stage.objects[1])[3] == pytest.approx((80, 100))
    assert stage.objects[2] == box_object(3, 140, 20, 20, 20)
    assert area(stage.objects[0]).intersection(area(stage.objects[1])).area < 1e-9
    assert stage.steps() == ["move vertex"]
    stage.session.undo()
    assert stage.objects[:2] == [box_object(1, 20, 20, 50, 60), box_object(2, 70, 20, 50, 60)]


def test_a_shared_edge_moves_on_both_sides(stage):
    take(stage, box_object(1, 20, 20, 50, 60), box_object(2, 70, 20, 50, 60))
    stage.hand.drag((70, 50), (80, 50), (85, 50), keys=CTRL)
    assert same(stage.objects[0], shapely.box(20, 20, 85, 80))
    assert same(stage.objects[1], shapely.box(85, 20, 120, 80))
    assert stage.steps() == ["move edge"]


def test_a_vertex_on_a_shared_edge_belongs_to_both_and_goes_from_both(stage):
    take(stage, box_object(1, 20, 20, 50, 60), box_object(2, 70, 20, 50, 60))
    stage.hand.drag((70, 50), (60, 50))
    expected = shapely.Polygon([(20, 20), (70, 20), (60, 50), (70, 80), (20, 80)])
    assert same(stage.objects[0], expected)
    assert same(stage.objects[1], shapely.box(20, 20, 120, 80) - expected)
    assert stage.steps() == ["add vertex"]
    stage.hand.click(60, 50, keys=ALT)
    assert same(stage.objects[0], shapely.box(20, 20, 70, 80))
    assert same(stage.objects[1], shapely.box(70, 20, 120, 80))


@pytest.mark.parametrize("why", ["off", "locked", "hidden"])
def test_borders_that_are_not_to_move_stay(stage, why):
    take(stage, box_object(1, 20, 20, 50, 60), box_object(2, 70, 20, 50, 60, class_id=1, locked=why == "locked"))
    stage.view(shared_borders=why != "off", hidden_classes=frozenset({1}) if why == "hidden" else frozenset())
    before = stage.objects[1]
    stage.hand.drag((70, 80), (80, 100))
    assert corners(stage.objects[0])[2] == pytest.approx((80, 100))
    assert stage.objects[1] == before


def test_escape_puts_both_sides_back(stage):
    take(stage, box_object(1, 20, 20, 50, 60), box_object(2, 70, 20, 50, 60))
    before = stage.objects
    stage.hand.press(70, 80)
    stage.hand.move(80, 100)
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.release(80, 100)
    assert stage.objects == before
    assert stage.steps() == []


def test_a_dragged_vertex_snaps_to_a_neighbour_and_ctrl_lets_it_go(stage):
    take(stage, box_object(1, 20, 20, 40, 60), box_object(2, 70, 20, 50, 60))
    stage.view(snapping=True)
    stage.hand.drag((60, 20), (65, 21), (69, 21))
    assert corners(stage.objects[0])[1] == (70, 20)
    stage.session.undo()
    stage.hand.drag((60, 20), (65, 21), (69, 21), keys=CTRL)
    assert corners(stage.objects[0])[1] == pytest.approx((69, 21))


def test_shift_keeps_a_dragged_vertex_on_eight_directions(stage):
    take(stage, box_object(1, 20, 20, 40, 60))
    stage.hand.press(60, 80)
    stage.hand.move(90, 84, keys=SHIFT)
    stage.hand.release(90, 84, keys=SHIFT)
    assert corners(stage.objects[0])[2] == pytest.approx((90, 80))


def test_a_region_is_redrawn_too(stage):
    stage.view(mode="semantic")
    stage.paint(slice(20, 80), slice(20, 100), CAR)
    stage.hand.click(50, 50)
    stage.hand.click(20, 20, keys=SHIFT)
    stage.hand.click(60, 4)
    stage.hand.click(100, 20)
    grown = shapely.Polygon([(20, 20), (60, 4), (100, 20), (100, 80), (20, 80)])
    y, x = np.mgrid[:120, :200]
    inside = shapely.contains_xy(grown, x + 0.5, y + 0.5)
    near = shapely.distance(shapely.points(x + 0.5, y + 0.5), grown.exterior) < 1
    np.testing.assert_array_equal((stage.ids == CAR)[~near], inside[~near])
    assert stage.steps() == ["move outline"]


@pytest.mark.parametrize("shared", [True, False])
def test_what_a_region_gives_up_goes_to_its_neighbour_where_borders_are_shared(stage, shared):
    stage.view(mode="semantic", shared_borders=shared)
    stage.paint(slice(20, 80), slice(20, 60), CAR)
    stage.paint(slice(20, 80), slice(60, 100), HOUSE)
    before = stage.ids
    stage.hand.click(40, 50)
    stage.hand.press(60, 20)
    stage.hand.move(50, 20, keys=SHIFT)
    stage.hand.release(50, 20, keys=SHIFT)
    changed = stage.ids != before
    assert changed[20:80, 50:60].sum() > 200
    assert not changed[:, :49].any()
    assert not changed[:, 61:].any()
    assert set(np.unique(stage.ids[changed])) == {HOUSE if shared else 0}
    assert len(stage.steps()) == 1
    stage.session.undo()
    np.testing.assert_array_equal(stage.ids, before)
