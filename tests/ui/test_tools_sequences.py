"""Any sequence of edits by any tools: undone fully it gives back the first state, redone the last."""

from contextlib import suppress

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from segstudio.core.errors import UserError
from segstudio.core.objects import SegObject
from segstudio.ops.rle import mask_shape
from segstudio.session.edits import combining, reshape
from tests.ui.canvas_stage import ALT, HOUSE, ROAD, SHIFT, SIZE_HW, box_object, stage
from tests.ui.test_tools_objects import box_mask
from tests.ui.test_tools_vertices import CTRL

__all__ = ["stage"]

NONE = Qt.KeyboardModifier.NoModifier
TOOLS = (
    *("select", "brush", "eraser", "fill", "wand", "superpixel", "polygon", "scissors", "lasso"),
    *("rectangle", "ellipse", "vertex", "cut", "pick", "cutout"),
)
points = st.tuples(st.integers(-5, SIZE_HW[1] + 5), st.integers(-5, SIZE_HW[0] + 5))
keys = st.sampled_from([NONE, NONE, SHIFT, ALT, CTRL])
gestures = st.one_of(
    st.tuples(st.just("tool"), st.sampled_from(TOOLS)),
    st.tuples(st.just("drag"), st.lists(points, min_size=2, max_size=5), keys),
    st.tuples(st.just("click"), points, keys),
    st.tuples(st.just("key"), st.sampled_from([Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Left, Qt.Key.Key_Tab])),
    st.tuples(st.just("mode"), st.sampled_from(["semantic", "objects"])),
    st.tuples(st.just("class"), st.integers(0, 2)),
    st.tuples(st.just("delete")),
    st.tuples(st.just("undo"), st.integers(1, 3)),
    st.tuples(st.just("reshape"), st.sampled_from(["smooth", "grow", "convert", "merge", "split", "xor", "duplicate"])),
)


def state(stage):
    layer = stage.document.labels
    return layer.raster.ids_hw.copy(), list(layer.objects.in_order()), sorted(layer.segments, key=lambda s: s.id)


def same(first, second):
    return np.array_equal(first[0], second[0]) and first[1:] == second[1:]


def reshape_something(stage, what):
    document, ids = stage.document, [item.id for item in stage.objects][:2]
    if what == "smooth":
        reshape.smooth(document, ids, 2.0)
    elif what == "grow":
        reshape.grow(document, ids, 1.0)
    elif what == "convert":
        reshape.convert(document, ids)
    elif what == "split":
        with suppress(UserError):
            combining.split(document, ids)
    elif what == "merge" and len(ids) == 2:
        reshape.merge(document, ids)
    elif what == "xor" and len(ids) == 2:
        combining.combine(document, ids, "xor", operand=ids[1])
    elif what == "duplicate":
        reshape.duplicate(document, ids, (7, 5))


def do(stage, gesture):
    kind, *more = gesture
    if kind == "tool":
        stage.view(tool=more[0])
    elif kind == "drag":
        stage.hand.drag(*more[0], keys=more[1])
    elif kind == "click":
        stage.hand.click(*more[0], keys=more[1])
    elif kind == "key":
        stage.hand.key(more[0])
    elif kind == "mode":
        stage.view(mode=more[0])
    elif kind == "class":
        stage.view(active_class=more[0])
    elif kind == "delete":
        stage.canvas.delete_selection()
    elif kind == "undo":
        for _ in range(more[0]):
            if not stage.canvas.undo_in_tool():
                stage.session.undo()
    else:
        stage.hand.key(Qt.Key.Key_Escape)
        reshape_something(stage, more[0])


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made=st.lists(gestures, min_size=3, max_size=20))
def test_undone_fully_it_is_the_first_state_and_redone_the_last(stage, made):
    stage.hand.key(Qt.Key.Key_Escape)
    for item in stage.objects:
        with stage.document.begin("clear") as stroke:
            stroke.remove_object(item.id)
    stage.view(mode="objects", tool="select", active_class=2, selection=frozenset())
    ids_hw = np.zeros(SIZE_HW, np.uint16)
    ids_hw[60:, :] = ROAD
    ids_hw[20:60, 30:90] = HOUSE
    with stage.document.begin("set") as stroke:
        stroke.write(stroke.layer.raster.bounds, ids_hw)
        stroke.put_object(box_object(1, 20, 20, 50, 40))
        stroke.put_object(box_object(2, 70, 20, 50, 40, z=1, class_id=1))
        stroke.put_object(SegObject(3, 0, mask_shape(box_mask(60, 70, 120, 110), size_hw=SIZE_HW), z=2))
    stage.forget()
    first = state(stage)
    for gesture in made:
        do(stage, gesture)
    stage.hand.key(Qt.Key.Key_Escape)
    assert stage.document.stroke is None
    last, steps = state(stage), len(stage.steps())
    while stage.session.undo() is not None:
        pass
    assert same(state(stage), first)
    for _ in range(steps):
        assert stage.session.redo() is not None
    assert same(state(stage), last)
