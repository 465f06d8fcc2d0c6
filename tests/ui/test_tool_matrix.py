"""Every tool in both modes on the real window: what it makes, what Esc leaves, what one undo and one redo give.

The tools are taken by their keys and driven by mouse and key events; what is expected is drawn here by numpy and
shapely. Objects are turned into pixels by pycocotools and shapely, not by the code under test.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields

import cv2
import numpy as np
import pytest
import shapely
from pycocotools import mask as coco
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio import formats
from segstudio.core.objects import MaskShape, PolygonShape, SegObject
from segstudio.models.interactive.bench import PromptBench
from segstudio.models.interactive.cache import EmbeddingCache
from segstudio.models.interactive.host import DirectHost
from segstudio.models.interactive.oracle import Oracle
from segstudio.session import Session
from segstudio.session.assist.prompting import Prompting
from segstudio.session.dataset import exporting
from segstudio.session.view import View
from segstudio.ui import MainWindow
from segstudio.ui.shell.theme import apply_theme
from tests.session.answering_host import AnsweringHost
from tests.session.conftest import CLASSES
from tests.ui.canvas_stage import ALT, NONE, SHIFT, Hand
from tests.ui.test_tools_brush import tablet

CTRL = Qt.KeyboardModifier.ControlModifier
Key = Qt.Key
SIZE_HW = (120, 160)
ROAD, HOUSE, CAR = 1, 2, 3
"""Segment ids; the digit of a class is the same number."""
SIGN = np.zeros(SIZE_HW, bool)
SIGN[30:80, 50:120] = True
"""A red sign on a grey wall."""


def box(x0, y0, x1, y1):
    inside = np.zeros(SIZE_HW, bool)
    inside[y0:y1, x0:x1] = True
    return inside


def inside_of(geometry):
    """Pixels whose middle lies in a shapely geometry."""
    y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]] + 0.5
    shapely.prepare(geometry)
    return shapely.contains_xy(geometry, x, y)


def pixels_of(item):
    """The pixels of an object."""
    if isinstance(item.shape, MaskShape):
        rle = {"size": list(SIZE_HW), "counts": item.shape.counts}
        return coco.decode(rle).astype(bool)
    parts = [shapely.Polygon(part.exterior_xy, part.holes_xy) for part in item.shape.parts]
    return inside_of(shapely.union_all(parts))


def overlap(a, b):
    return np.count_nonzero(a & b) / max(1, np.count_nonzero(a | b))


class Bench:
    """The window, a hand on its canvas, and its labels."""

    def __init__(self, window):
        self.window, self.session, self.canvas = window, window.session, window.canvas
        self.hand = Hand(window.canvas)

    def key(self, key, keys=NONE):
        QTest.keyClick(self.window.canvas, key, keys)
        self.wait()

    def wait(self):
        """Until no worker has anything to do; not by qWait, which starves them."""
        deadline = time.monotonic() + 20
        QApplication.processEvents()
        while not self.session.jobs.is_idle:
            assert time.monotonic() < deadline
            QApplication.processEvents()
            time.sleep(0.002)
        QApplication.processEvents()

    def click(self, *points, keys=NONE):
        for point in points:
            self.hand.click(*point, keys=keys)
            self.wait()

    def drag(self, *points, keys=NONE):
        self.hand.press(*points[0], keys=keys)
        self.wait()
        for point in points[1:]:
            self.hand.move(*point, keys=keys)
            self.wait()
        self.hand.release(*points[-1], keys=keys)
        self.wait()

    @property
    def ids(self):
        return self.session.document.labels.raster.ids_hw.copy()

    @property
    def objects(self):
        return list(self.session.document.labels.objects.in_order())

    @property
    def state(self):
        layer = self.session.document.labels
        return self.ids.tobytes(), self.objects, sorted(layer.segments, key=lambda s: s.id)

    @property
    def steps(self):
        return [edit.name for edit in self.session.document.history.undoable]

    def lay(self, *items, ids_hw=None):
        """Begin with these objects and labels, without any history."""
        with self.session.document.begin("lay") as stroke:
            for item in items:
                stroke.put_object(item)
            if ids_hw is not None:
                stroke.write(stroke.layer.raster.bounds, ids_hw.astype(np.uint16))
        history = self.session.document.history
        while history.undoable:
            history.drop_oldest()


@pytest.fixture(scope="module")
def shown(qapp, tmp_path_factory):
    """The window with the sign open, twice; one for all tests, because opening it takes longer than most of them."""
    apply_theme(qapp, "dark")
    folder = tmp_path_factory.mktemp("signs")
    for name in ("images", "labels"):
        (folder / name).mkdir()
    noise = np.random.default_rng(1).integers(-3, 4, (*SIZE_HW, 3))
    colors = np.where(SIGN[..., None], (30, 40, 200), (120, 125, 120)) + noise
    for number in range(2):
        cv2.imwrite(str(folder / "images" / f"sign_{number}.png"), colors.astype(np.uint8))
        cv2.imwrite(str(folder / "labels" / f"sign_{number}.png"), np.where(SIGN, 2, 1).astype(np.uint8))
    session = Session(data_dir=tmp_path_factory.mktemp("data"), make_host=AnsweringHost, person="tester")
    window = MainWindow(session)
    window.resize(1280, 800)
    window.show()
    session.open_path(folder, format="class-id-png", class_set=CLASSES)
    # The threads of the lanes are there before the first test, which may leave none behind.
    for lane in ("io", "compute") * 4:
        session.jobs.submit(lambda _: time.sleep(0.02), done=lambda _: None, failed=session.notify.fault, lane=lane)
    bench = Bench(window)
    bench.wait()
    yield bench
    window.close()
    window.deleteLater()
    qapp.processEvents()


@pytest.fixture
def bench(shown):
    """The window on its first image, without labels and history, everything in the view as at the start."""
    session = shown.session
    for index in (1, 0) if session.index else (0,):
        if session.index != index:
            session.go(index)
            shown.wait()
        wipe(session.document)
    kept = {"active_class", "previous_class", "shown", "opacity"}
    session.view.set(**{f.name: getattr(View(), f.name) for f in fields(View) if f.name not in kept and f.init})
    shown.window.canvas.regions.clear()
    shown.window.canvas.fit()
    shown.window.canvas.setFocus()
    prompting = session.prompting
    yield shown
    session.prompting = prompting
    shown.key(Key.Key_Escape)
    for timer in shown.window.findChildren(QTimer):
        if timer.isSingleShot():
            timer.stop()


def wipe(document):
    labels = document.labels
    with document.begin("wipe") as stroke:
        for item in list(labels.objects):
            stroke.remove_object(item.id)
        stroke.write(labels.raster.bounds, np.zeros(SIZE_HW, np.uint16))
    while document.history.undoable or document.history.redoable:
        document.history.drop_oldest()


# ── what draws a new area ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Draw:
    """A tool that draws: its key, a gesture to before it is committed, what commits it, and what it makes.

    `least` is the overlap from which pixels count as the expected ones: 1 where they can be computed exactly.
    """

    tool: str
    key: Key
    keys: Qt.KeyboardModifier
    begin: Callable[[Bench], None]
    finish: Callable[[Bench], None]
    expected: np.ndarray
    least: float = 1.0


def held(*points, keys=NONE):
    """A drag whose button stays down, and its release."""

    def begin(bench):
        bench.hand.press(*points[0], keys=keys)
        bench.wait()
        for point in points[1:]:
            bench.hand.move(*point, keys=keys)
            bench.wait()

    return begin, lambda bench: (bench.hand.release(*points[-1], keys=keys), bench.wait())


def clicked(*points):
    return lambda bench: bench.click(*points), lambda bench: bench.key(Key.Key_Return)


def boxed(*points):
    return lambda bench: bench.drag(*points), lambda bench: bench.key(Key.Key_Return)


STROKE = [(30.5, 95.5), (60.5, 100.5), (100.5, 95.5)]
TRIANGLE = [(20.2, 20.3), (140.4, 25.1), (60.3, 110.6)]
LOOP = [(30.2, 20.3), (120.1, 30.4), (140.3, 90.2), (80.4, 70.1), (40.2, 100.3)]
ZIGZAG = [(x, y) for y in range(33, 79, 7) for x in range(53, 119, 7)]
CORNERS = [(50, 30), (120, 31), (119, 79), (51, 80)]
DRAWS = (
    Draw("brush", Key.Key_B, NONE, *held(*STROKE), inside_of(shapely.LineString(STROKE).buffer(6, 64)), 0.99),
    Draw("smart_brush", Key.Key_E, SHIFT, *held((70, 50), (72, 50)), inside_of(shapely.Point(71, 50).buffer(6)), 0.8),
    Draw("rectangle", Key.Key_K, NONE, *held((20, 30), (90, 75)), box(20, 30, 90, 75)),
    Draw(
        "ellipse",
        Key.Key_O,
        NONE,
        *held((40, 20), (140, 80)),
        inside_of(shapely.affinity.scale(shapely.Point(90, 50).buffer(1, 64), 50, 30)),
        0.98,
    ),
    Draw("lasso", Key.Key_L, NONE, *held(*LOOP), inside_of(shapely.Polygon(LOOP)), 0.98),
    Draw("polygon", Key.Key_P, NONE, *clicked(*TRIANGLE), inside_of(shapely.Polygon(TRIANGLE)), 0.98),
    Draw("scissors", Key.Key_S, NONE, *clicked(*CORNERS), SIGN, 0.94),
    Draw("wand", Key.Key_W, NONE, *held((80, 50), (81, 50)), SIGN, 0.98),
    Draw("colour_range", Key.Key_W, SHIFT, *held((80, 50), (81, 50)), SIGN, 0.97),
    Draw("superpixel", Key.Key_G, NONE, *held(*ZIGZAG), SIGN, 0.9),
    Draw("cutout", Key.Key_G, SHIFT, *boxed((40, 20), (130, 90)), SIGN, 0.97),
    Draw("ai", Key.Key_Q, NONE, lambda b: b.click((80, 50)), lambda b: b.key(Key.Key_Return), SIGN),
)
MODES = ("semantic", "objects")


def take(bench, tool, key, keys, mode):
    """Mode, class and tool, by keys."""
    session = bench.session
    if session.view.now.mode != mode:
        bench.key(Key.Key_M)
    bench.key(Key.Key_3)
    if tool == "ai":
        host = DirectHost(PromptBench(lambda spec: Oracle(), EmbeddingCache()))
        session.prompting = Prompting(session, lambda: host)
        session.prompting.choose("oracle")
    bench.key(key, keys)
    now = session.view.now
    assert (now.mode, now.tool, now.active_class) == (mode, tool, 2)
    session.view.set(brush_radius=6.0)


def first_state(bench):
    """Something in both representations, so that giving it back means something."""
    ids_hw = np.zeros(SIZE_HW, np.uint16)
    ids_hw[:, :12] = HOUSE
    house = SegObject(7, 1, PolygonShape.of(np.array([(2.0, 2), (10, 2), (10, 9)])))
    bench.lay(house, ids_hw=ids_hw)
    return bench.state


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.tool)
def test_what_a_tool_draws(bench, draw, mode):
    before, ids_before = first_state(bench), bench.ids
    take(bench, draw.tool, draw.key, draw.keys, mode)

    draw.begin(bench)
    bench.key(Key.Key_Escape)
    draw.finish(bench)
    assert bench.state == before, "Esc leaves no trace"
    assert bench.steps == []

    draw.begin(bench)
    draw.finish(bench)
    assert len(bench.steps) == 1
    if mode == "semantic":
        made = bench.ids == CAR
        np.testing.assert_array_equal(bench.ids[~made], ids_before[~made])
        assert [item.id for item in bench.objects] == [7]
    else:
        (item,) = (item for item in bench.objects if item.id != 7)
        assert item.class_id == 2
        made = pixels_of(item)
        np.testing.assert_array_equal(bench.ids, ids_before)
    assert overlap(made, draw.expected) >= draw.least
    after = bench.state

    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before
    bench.key(Key.Key_Z, CTRL | SHIFT)
    assert bench.state == after


# ── what changes what is there ───────────────────────────────────────────────────────────────────────────────────────

CAR_BOX = box(40, 40, 80, 70)


def one_car(bench, mode):
    """A car of pixels, or as an object."""
    ids_hw = np.zeros(SIZE_HW, np.uint16)
    if mode == "semantic":
        ids_hw[CAR_BOX] = CAR
        bench.lay(ids_hw=ids_hw)
    else:
        corners = np.array([(40.0, 40), (80, 40), (80, 70), (40, 70)])
        bench.lay(SegObject(1, 2, PolygonShape.of(corners)), ids_hw=ids_hw)
    return bench.state


def cars(bench, mode):
    """The pixels of class car now."""
    if mode == "semantic":
        return np.isin(bench.ids, [s.id for s in bench.session.document.labels.segments if s.class_id == 2])
    found = [pixels_of(item) for item in bench.objects if item.class_id == 2]
    return np.logical_or.reduce(found) if found else np.zeros(SIZE_HW, bool)


CORNER_MOVED = inside_of(shapely.Polygon([(40, 40), (80, 40), (110, 90), (40, 70)]))
RUBBED = CAR_BOX & ~inside_of(shapely.LineString([(60, 55), (75, 55)]).buffer(6, 64))
CUT_OFF = CAR_BOX & ~box(30, 30, 60, 60)
CHANGES = {
    "eraser": (Key.Key_E, NONE, held((60, 55), (75, 55)), RUBBED, 0.99),
    "brush": (Key.Key_B, NONE, held((60, 55), (75, 55), keys=ALT), RUBBED, 0.99),
    "rectangle": (Key.Key_K, NONE, held((60, 60), (30, 30), keys=ALT), CUT_OFF, 1.0),
    "lasso": (Key.Key_L, NONE, held((60, 60), (30, 60), (30, 30), (60, 30), keys=ALT), CUT_OFF, 0.98),
    "wand": (Key.Key_W, NONE, held((70, 55), (71, 55), keys=ALT), CAR_BOX & ~SIGN, 0.98),
    "select": (Key.Key_V, NONE, held((60, 55), (75, 60), (90, 65)), box(70, 50, 110, 80), 1.0),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tool", CHANGES)
def test_what_a_tool_changes(bench, tool, mode):
    key, keys, (begin, finish), expected, least = CHANGES[tool]
    before = one_car(bench, mode)
    take(bench, tool, key, keys, mode)
    begin(bench)
    bench.key(Key.Key_Escape)
    finish(bench)
    assert bench.state == before
    begin(bench)
    finish(bench)
    assert len(bench.steps) == 1
    assert overlap(cars(bench, mode), expected) >= least
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


@pytest.mark.parametrize("mode", MODES)
def test_fill(bench, mode):
    before = one_car(bench, mode)
    take(bench, "fill", Key.Key_F, NONE, mode)
    bench.key(Key.Key_1)
    bench.click((60, 55))
    assert not cars(bench, mode).any()
    if mode == "semantic":
        np.testing.assert_array_equal(bench.ids == ROAD, CAR_BOX)
    else:
        assert [item.class_id for item in bench.objects] == [0]
    assert len(bench.steps) == 1
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


@pytest.mark.parametrize("mode", MODES)
def test_vertices_are_dragged_added_and_removed(bench, mode):
    before = one_car(bench, mode)
    take(bench, "vertex", Key.Key_P, SHIFT, mode)
    bench.click((60, 55))
    begin, finish = held((80, 70), (100, 80), (110, 90))
    begin(bench)
    bench.key(Key.Key_Escape)
    finish(bench)
    assert bench.state == before
    bench.click((60, 55))
    bench.drag((80, 70), (100, 80), (110, 90))
    assert overlap(cars(bench, mode), CORNER_MOVED) > 0.97
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before
    bench.click((60, 55))
    bench.drag((40, 55), (30, 55), (20, 55))
    roof = inside_of(shapely.Polygon([(40, 40), (80, 40), (80, 70), (40, 70), (20, 55)]))
    assert overlap(cars(bench, mode), roof) > 0.97
    bench.click((20, 55), keys=ALT)
    assert overlap(cars(bench, mode), CAR_BOX) > 0.97
    assert len(bench.steps) == 2


@pytest.mark.parametrize("mode", MODES)
def test_part_of_an_outline_is_redrawn(bench, mode):
    before = one_car(bench, mode)
    take(bench, "vertex", Key.Key_P, SHIFT, mode)
    bench.click((60, 55))
    bench.click((80, 40), keys=SHIFT)
    bench.click((110, 55))
    bench.key(Key.Key_Escape)
    assert bench.state == before
    bench.click((60, 55))
    bench.click((80, 40), keys=SHIFT)
    bench.click((110, 55), (80, 70))
    beak = inside_of(shapely.Polygon([(40, 40), (80, 40), (110, 55), (80, 70), (40, 70)]))
    assert overlap(cars(bench, mode), beak) > 0.97
    assert len(bench.steps) == 1
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


@pytest.mark.parametrize("mode", MODES)
def test_a_line_cuts(bench, mode):
    before = one_car(bench, mode)
    take(bench, "cut", Key.Key_K, SHIFT, mode)
    bench.key(Key.Key_1)
    begin, finish = held((65, 30), (65, 55), (65, 80))
    begin(bench)
    bench.key(Key.Key_Escape)
    finish(bench)
    assert bench.state == before
    bench.drag((65, 30), (65, 55), (65, 80))
    assert len(bench.steps) == 1
    if mode == "semantic":
        np.testing.assert_array_equal(bench.ids == CAR, box(40, 40, 65, 70))
        np.testing.assert_array_equal(bench.ids == ROAD, box(65, 40, 80, 70))
    else:
        left, right = sorted((pixels_of(item) for item in bench.objects), key=np.count_nonzero, reverse=True)
        np.testing.assert_array_equal(left, box(40, 40, 65, 70))
        np.testing.assert_array_equal(right, box(65, 40, 80, 70))
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


@pytest.mark.parametrize("mode", MODES)
def test_picking_takes_the_class_and_goes_back_to_the_tool(bench, mode):
    before = one_car(bench, mode)
    take(bench, "pick", Key.Key_I, NONE, mode)
    bench.key(Key.Key_1)
    bench.click((60, 55))
    assert bench.session.view.now.active_class == 2
    assert bench.state == before


# ── several at once ──────────────────────────────────────────────────────────────────────────────────────────────────

PLACES = {"a": (20, 20, 40, 40), "b": (60, 20, 80, 40), "c": (100, 20, 120, 40)}
WHOLE = {name: box(*place) for name, place in PLACES.items()}


def three(bench, mode):
    """Two cars and a house, side by side."""
    ids_hw = np.zeros(SIZE_HW, np.uint16)
    items = []
    for number, (name, (x0, y0, x1, y1)) in enumerate(PLACES.items(), 1):
        class_id = 1 if name == "c" else 2
        if mode == "semantic":
            ids_hw[y0:y1, x0:x1] = class_id + 1
        else:
            corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)
            items.append(SegObject(number, class_id, PolygonShape.of(corners)))
    bench.lay(*items, ids_hw=ids_hw)
    return bench.state


def by_class(bench, mode):
    """The pixels of roads, houses and cars."""
    if mode == "semantic":
        return {c: bench.ids == c + 1 for c in range(3)}
    empty = np.zeros(SIZE_HW, bool)
    return {
        c: np.logical_or.reduce([empty, *(pixels_of(i) for i in bench.objects if i.class_id == c)]) for c in range(3)
    }


def chosen(bench, mode):
    """The pixels of what is selected."""
    made = np.zeros(SIZE_HW, bool)
    if mode == "semantic":
        for region in bench.window.canvas.regions.now:
            made[region.rect.slices] |= region.mask_hw
        return made
    for item in bench.objects:
        if item.id in bench.session.view.now.selection:
            made |= pixels_of(item)
    return made


def two_boxes(bench):
    bench.drag((50, 10), (70, 50), (90, 50))
    bench.drag((10, 10), (30, 50), (50, 50), keys=SHIFT)


SELECTIONS = {
    "click": (lambda b: b.click((30, 30)), "a"),
    "shift": (lambda b: (b.click((30, 30)), b.click((110, 30), keys=SHIFT)), "ac"),
    "shift twice": (lambda b: (b.click((30, 30)), b.click((110, 30), (30, 30), keys=SHIFT)), "c"),
    "box": (lambda b: b.drag((10, 10), (50, 50), (90, 50)), "ab"),
    "a box that cuts one": (lambda b: b.drag((10, 10), (50, 50), (110, 50)), "ab"),
    "a box with Ctrl begun on one": (lambda b: b.drag((70, 20.2), (80, 50), (130, 50), keys=CTRL), "c"),
    "box and more": (two_boxes, "ab"),
    "lasso": (lambda b: b.drag((50, 10), (130, 10), (130, 50), (50, 50), keys=ALT), "bc"),
    "all": (lambda b: b.key(Key.Key_A, CTRL), "abc"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("how", SELECTIONS)
def test_several_are_selected(bench, how, mode):
    before = three(bench, mode)
    take(bench, "select", Key.Key_V, NONE, mode)
    act, names = SELECTIONS[how]
    act(bench)
    np.testing.assert_array_equal(chosen(bench, mode), np.logical_or.reduce([WHOLE[name] for name in names]))
    bench.window.canvas.grab()
    bench.key(Key.Key_Escape)
    assert not chosen(bench, mode).any()
    assert bench.state == before


def picked(bench):
    bench.click((30, 30))
    bench.click((110, 30), keys=SHIFT)


@pytest.mark.parametrize("mode", MODES)
def test_several_are_deleted(bench, mode):
    before = three(bench, mode)
    take(bench, "select", Key.Key_V, NONE, mode)
    picked(bench)
    bench.key(Key.Key_Delete)
    now = by_class(bench, mode)
    np.testing.assert_array_equal(now[2], WHOLE["b"])
    assert not now[1].any()
    assert bench.steps == ["delete"]
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


@pytest.mark.parametrize("mode", MODES)
def test_several_are_given_to_a_class(bench, mode):
    before = three(bench, mode)
    take(bench, "select", Key.Key_V, NONE, mode)
    picked(bench)
    bench.key(Key.Key_1)
    bench.key(Key.Key_C, CTRL | SHIFT)
    now = by_class(bench, mode)
    np.testing.assert_array_equal(now[0], WHOLE["a"] | WHOLE["c"])
    np.testing.assert_array_equal(now[2], WHOLE["b"])
    assert bench.steps == ["change class"]
    np.testing.assert_array_equal(chosen(bench, mode), WHOLE["a"] | WHOLE["c"])
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("how", ["drag", "arrow"])
def test_several_move_together(bench, how, mode):
    before = three(bench, mode)
    take(bench, "select", Key.Key_V, NONE, mode)
    picked(bench)
    if how == "drag":
        bench.drag((30, 30), (35, 45), (37, 65))
        dx, dy = 7, 35
    else:
        bench.key(Key.Key_Down, SHIFT)
        dx, dy = 0, 10
    moved = [np.roll(WHOLE[name], (dy, dx), axis=(0, 1)) for name in "ac"]
    now = by_class(bench, mode)
    np.testing.assert_array_equal(now[2], WHOLE["b"] | moved[0])
    np.testing.assert_array_equal(now[1], moved[1])
    assert bench.steps == ["move"]
    np.testing.assert_array_equal(chosen(bench, mode), moved[0] | moved[1])
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


@pytest.mark.parametrize("mode", MODES)
def test_several_are_scaled_together(bench, mode):
    before = three(bench, mode)
    take(bench, "select", Key.Key_V, NONE, mode)
    bench.click((30, 30))
    bench.click((70, 30), keys=SHIFT)
    corner = bench.window.canvas.to_image(bench.window.canvas.to_widget(80, 40) + _outside())
    bench.drag(corner, (corner[0] + 30, corner[1] + 10), (corner[0] + 60, corner[1] + 20))
    now = by_class(bench, mode)
    wide = box(20, 20, 60, 60) | box(100, 20, 140, 60)
    assert overlap(now[2] & ~WHOLE["c"], wide & ~WHOLE["c"]) > 0.99
    assert bench.steps == ["scale"]
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


def _outside():
    from PySide6.QtCore import QPointF

    return QPointF(6, 6)


@pytest.mark.parametrize("mode", MODES)
def test_several_are_copied_pasted_and_duplicated(bench, mode):
    before = three(bench, mode)
    take(bench, "select", Key.Key_V, NONE, mode)
    picked(bench)
    bench.key(Key.Key_C, CTRL)
    assert bench.state == before
    first = bench.session.document
    bench.key(Key.Key_D)
    bench.wait()
    assert bench.session.document is not first
    bench.key(Key.Key_V, CTRL)
    now = by_class(bench, mode)
    np.testing.assert_array_equal(now[2], WHOLE["a"])
    np.testing.assert_array_equal(now[1], WHOLE["c"])
    np.testing.assert_array_equal(chosen(bench, mode), WHOLE["a"] | WHOLE["c"])
    assert bench.steps == ["paste"]
    bench.key(Key.Key_D, CTRL)
    now = by_class(bench, mode)
    copies = chosen(bench, mode)
    assert np.count_nonzero(copies) == 800
    assert not np.array_equal(copies, WHOLE["a"] | WHOLE["c"])
    assert (now[1] | now[2])[copies].all()
    assert bench.steps == ["paste", "duplicate"]
    bench.key(Key.Key_Z, CTRL)
    bench.key(Key.Key_Z, CTRL)
    assert not bench.ids.any()
    assert bench.objects == []


@pytest.mark.parametrize("mode", MODES)
def test_several_go_on_to_the_next_image(bench, mode):
    before, first = three(bench, mode), bench.session.document
    take(bench, "select", Key.Key_V, NONE, mode)
    picked(bench)
    bench.key(Key.Key_D, CTRL | SHIFT)
    bench.wait()
    assert bench.session.document is not first
    now = by_class(bench, mode)
    np.testing.assert_array_equal(now[2], WHOLE["a"])
    np.testing.assert_array_equal(now[1], WHOLE["c"])
    np.testing.assert_array_equal(chosen(bench, mode), WHOLE["a"] | WHOLE["c"])
    bench.key(Key.Key_A)
    bench.wait()
    assert bench.state == before


RESHAPES = {
    "grow": (Key.Key_BracketRight, ALT, "dilate"),
    "shrink": (Key.Key_BracketLeft, ALT, "erode"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", RESHAPES)
def test_several_grow_and_shrink(bench, name, mode):
    before = three(bench, mode)
    take(bench, "select", Key.Key_V, NONE, mode)
    picked(bench)
    key, keys, how = RESHAPES[name]
    bench.key(key, keys)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
    expected = {c: getattr(cv2, how)(WHOLE[c].astype(np.uint8), kernel).astype(bool) for c in "ac"}
    now = by_class(bench, mode)
    # Corners may be round or square.
    assert np.count_nonzero(now[1] ^ expected["c"]) <= 4
    assert np.count_nonzero(now[2] ^ (expected["a"] | WHOLE["b"])) <= 4
    assert bench.steps == [name]
    np.testing.assert_array_equal(chosen(bench, mode), now[1] | (now[2] & ~WHOLE["b"]))
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


@pytest.mark.parametrize("mode", MODES)
def test_holes_are_filled_and_specks_go(bench, mode):
    hollow, speck = box(20, 20, 60, 60) & ~box(30, 30, 40, 40), box(100, 90, 104, 94)
    if mode == "semantic":
        bench.lay(ids_hw=np.where(hollow | speck, CAR, ROAD))
    else:
        shape = MaskShape(*SIZE_HW, *_rle(hollow | speck))
        bench.lay(SegObject(1, 2, shape), ids_hw=np.zeros(SIZE_HW))
    before = bench.state
    take(bench, "select", Key.Key_V, NONE, mode)
    bench.click((25, 25))
    bench.key(Key.Key_H, CTRL)
    np.testing.assert_array_equal(cars(bench, mode), box(20, 20, 60, 60) | speck)
    bench.window.commands.run("object.remove_specks")
    bench.wait()
    np.testing.assert_array_equal(cars(bench, mode), box(20, 20, 60, 60))
    if mode == "semantic":
        np.testing.assert_array_equal(bench.ids == ROAD, ~box(20, 20, 60, 60))
    assert bench.steps == ["fill holes", "remove specks"]
    bench.key(Key.Key_Z, CTRL)
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


def _rle(mask_hw):
    from segstudio.core.geometry import Rect

    return coco.encode(np.asfortranarray(mask_hw.astype(np.uint8)))["counts"], Rect.of_mask(mask_hw)


@pytest.mark.parametrize("mode", MODES)
def test_several_are_merged_into_the_largest(bench, mode):
    before = three(bench, mode)
    take(bench, "select", Key.Key_V, NONE, mode)
    bench.key(Key.Key_B)
    bench.key(Key.Key_BracketRight)
    bench.key(Key.Key_V)
    bench.drag((15, 15), (60, 50), (130, 50))
    bench.key(Key.Key_Escape)
    bench.click((110, 30))
    bench.key(Key.Key_BracketRight, ALT)
    bench.click((30, 30), keys=SHIFT)
    bench.key(Key.Key_J, CTRL)
    now = by_class(bench, mode)
    assert now[1][WHOLE["a"] | WHOLE["c"]].all()
    np.testing.assert_array_equal(now[2], WHOLE["b"])
    assert bench.steps == ["grow", "merge"]
    bench.key(Key.Key_Z, CTRL)
    bench.key(Key.Key_Z, CTRL)
    assert bench.state == before


def test_regions_become_objects(bench):
    three(bench, "semantic")
    take(bench, "select", Key.Key_V, NONE, "semantic")
    picked(bench)
    ids = bench.ids
    bench.window.commands.run("object.convert")
    assert bench.session.view.now.mode == "objects"
    np.testing.assert_array_equal(bench.ids, ids)
    now = by_class(bench, "objects")
    np.testing.assert_array_equal(now[2], WHOLE["a"])
    np.testing.assert_array_equal(now[1], WHOLE["c"])
    assert bench.steps == ["make objects of regions"]


def test_a_protected_region_among_several_stays(bench):
    three(bench, "semantic")
    take(bench, "select", Key.Key_V, NONE, "semantic")
    bench.session.view.set(protected_classes=frozenset({1}))
    told = []
    bench.session.notify.told.connect(told.append)
    picked(bench)
    bench.key(Key.Key_Delete)
    now = by_class(bench, "semantic")
    np.testing.assert_array_equal(now[1], WHOLE["c"])
    np.testing.assert_array_equal(now[2], WHOLE["b"])
    assert any("keep" in notice.text for notice in told)


def test_regions_are_forgotten_with_their_pixels_the_tool_the_mode_and_the_image(bench):
    three(bench, "semantic")
    take(bench, "select", Key.Key_V, NONE, "semantic")
    regions = bench.window.canvas.regions
    picked(bench)
    bench.key(Key.Key_Delete)
    bench.key(Key.Key_Z, CTRL)
    assert regions.now == ()
    for leave in (Key.Key_B, Key.Key_M, Key.Key_D):
        bench.key(Key.Key_V)
        if bench.session.view.now.mode == "objects":
            bench.key(Key.Key_M)
        picked(bench)
        assert len(regions.now) == 2
        bench.key(leave)
        bench.wait()
        assert regions.now == ()


@pytest.mark.parametrize("mode", MODES)
def test_a_double_click_takes_the_vertex_tool(bench, mode):
    three(bench, mode)
    take(bench, "select", Key.Key_V, NONE, mode)
    bench.hand.double_click(30, 30)
    assert bench.session.view.now.tool == "vertex"
    bench.drag((40, 40), (45, 45), (50, 50))
    kite = inside_of(shapely.Polygon([(20, 20), (40, 20), (50, 50), (20, 40)]))
    assert overlap(by_class(bench, mode)[2] & ~WHOLE["b"], kite) > 0.95


def test_hovering_over_selected_regions_draws_nothing_again(bench, monkeypatch):
    three(bench, "semantic")
    take(bench, "select", Key.Key_V, NONE, "semantic")
    bench.key(Key.Key_A, CTRL)
    bench.wait()
    tool, painted = bench.window.canvas.tool, []
    real = tool.paint_overlay
    monkeypatch.setattr(tool, "paint_overlay", lambda painter: (painted.append(1), real(painter)))
    for x in range(20, 120, 4):
        bench.hand.hover(x, 30)
    assert len(painted) <= 1
    before = bench.window.canvas.grab().toImage()
    bench.drag((30, 30), (40, 40), (50, 60))
    assert bench.window.canvas.grab().toImage() != before


@pytest.mark.parametrize(("order", "in_front"), [((), 2), ((CTRL, Key.Key_BracketLeft), 1)])
def test_what_lies_in_front_is_what_a_raster_gets(bench, tmp_path, order, in_front):
    """Two objects overlap; sent back by its key, the upper one gives its pixels to the other in the written files."""
    first, second = (
        np.array([(x, y), (x + 60.0, y), (x + 60.0, y + 40), (x, y + 40)]) for x, y in ((20, 20), (50, 40))
    )
    bench.lay(SegObject(1, 1, PolygonShape.of(first)), SegObject(2, 2, PolygonShape.of(second), z=1))
    take(bench, "select", Key.Key_V, NONE, "objects")
    bench.click((100, 75))
    if order:
        bench.key(order[1], order[0])
    formats.write(exporting.snapshot(bench.session).as_dataset(), tmp_path / "out", "class-id-png")
    written = cv2.imread(str(next((tmp_path / "out").rglob("sign_0*.png"))), cv2.IMREAD_UNCHANGED)
    upper = box(20, 20, 80, 60) if in_front == 1 else box(50, 40, 110, 80)
    lower = (box(20, 20, 80, 60) | box(50, 40, 110, 80)) & ~upper
    np.testing.assert_array_equal(written == in_front, upper)
    np.testing.assert_array_equal(written == 3 - in_front, lower)


# ── the brush's own ways ─────────────────────────────────────────────────────────────────────────────────────────────


def capsule(points, radius):
    return inside_of(shapely.LineString(points).buffer(radius, 64))


@pytest.mark.parametrize("mode", MODES)
def test_a_straight_line_goes_on_from_the_last_stroke(bench, mode):
    take(bench, "brush", Key.Key_B, NONE, mode)
    bench.drag((20, 100), (40, 100))
    bench.click((120, 60), keys=SHIFT)
    expected = capsule([(20, 100), (40, 100), (120, 60)], 6)
    assert overlap(cars(bench, mode), expected) > 0.98
    assert len(bench.steps) == 2
    bench.key(Key.Key_Z, CTRL)
    assert overlap(cars(bench, mode), capsule([(20, 100), (40, 100)], 6)) > 0.97


@pytest.mark.parametrize("mode", MODES)
def test_the_tip_is_bound_to_the_image_or_to_the_screen(bench, mode):
    take(bench, "brush", Key.Key_B, NONE, mode)
    bench.window.canvas.scale_to(2.0, bench.window.canvas.to_widget(80, 60))
    bench.click((80, 60))
    assert overlap(cars(bench, mode), inside_of(shapely.Point(80, 60).buffer(6, 64))) > 0.97
    bench.key(Key.Key_Z, CTRL)
    bench.window.commands.run("tool.brush_screen")
    bench.session.view.set(brush_radius=20.0)
    bench.click((80, 60))
    assert overlap(cars(bench, mode), inside_of(shapely.Point(80, 60).buffer(10, 64))) > 0.97


@pytest.mark.parametrize("mode", MODES)
def test_a_square_tip_and_its_size_by_keys_and_wheel(bench, mode):
    take(bench, "brush", Key.Key_B, NONE, mode)
    bench.window.commands.run("tool.brush_square")
    bench.click((80.5, 60.5))
    assert overlap(cars(bench, mode), box(74, 54, 87, 67)) > 0.85
    size = bench.session.view.now.brush_radius
    bench.key(Key.Key_BracketRight)
    larger = bench.session.view.now.brush_radius
    bench.hand.wheel(80, 60, -1, keys=ALT)
    assert size < larger
    assert bench.session.view.now.brush_radius < larger


@pytest.mark.parametrize("mode", MODES)
def test_a_pen_pressed_lightly_draws_a_thin_line(bench, mode):
    take(bench, "brush", Key.Key_B, NONE, mode)
    tablet(bench, QEvent.Type.TabletPress, 30, 60, 0.5)
    bench.drag((30, 60), (60, 60), (90, 60))
    tablet(bench, QEvent.Type.TabletRelease, 90, 60, 0.0)
    assert overlap(cars(bench, mode), capsule([(30, 60), (90, 60)], 3)) > 0.95
    bench.key(Key.Key_Z, CTRL)
    bench.drag((30, 60), (60, 60), (90, 60))
    assert overlap(cars(bench, mode), capsule([(30, 60), (90, 60)], 6)) > 0.95
