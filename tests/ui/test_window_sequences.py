"""Any sequence of commands and gestures in the real window, on two images: undone fully, each image is as at first;
redone, as at last; and no undo touches the other image.
"""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from segstudio.core.objects import PolygonShape, SegObject
from tests.ui.canvas_stage import ALT, NONE, SHIFT
from tests.ui.test_tool_matrix import CTRL, HOUSE, ROAD, SIGN, SIZE_HW, bench, shown, wipe

__all__ = ["bench", "shown"]

TOOLS = (
    *("select", "select", "vertex", "brush", "eraser", "fill", "wand", "polygon", "lasso"),
    *("rectangle", "ellipse", "cut", "superpixel", "colour_range", "smart_brush"),
)
COMMANDS = (
    *("object.copy", "object.paste", "object.duplicate", "object.merge", "object.split", "object.convert"),
    *("object.union", "object.subtract", "object.intersect", "object.xor", "object.fill_holes", "object.remove_specks"),
    *("object.grow", "object.shrink", "object.smooth", "object.forward", "object.back", "object.to_front"),
    *("object.lock", "object.unlock_all", "object.crowd", "object.select_all", "object.copy_next", "edit.delete"),
    *("edit.change_class", "edit.undo", "edit.redo", "mode.toggle", "accept.truth", "image.next", "image.previous"),
)
points = st.tuples(st.integers(-5, SIZE_HW[1] + 5), st.integers(-5, SIZE_HW[0] + 5))
keys = st.sampled_from([NONE, NONE, SHIFT, ALT, CTRL])
acts = st.one_of(
    st.tuples(st.just("tool"), st.sampled_from(TOOLS)),
    st.tuples(st.just("drag"), st.lists(points, min_size=2, max_size=4), keys),
    st.tuples(st.just("click"), points, keys),
    st.tuples(st.just("class"), st.sampled_from([Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3])),
    st.tuples(st.just("key"), st.sampled_from([Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Left, Qt.Key.Key_Tab])),
    st.tuples(st.just("command"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("command"), st.sampled_from(COMMANDS)),
)


def lay_out(bench):
    ids_hw = np.where(SIGN, HOUSE, ROAD).astype(np.uint16)
    ids_hw[90:, :40] = 0
    corners = np.array([(60.0, 40), (100, 40), (100, 70), (60, 70)])
    bench.lay(
        SegObject(1, 2, PolygonShape.of(corners)), SegObject(2, 1, PolygonShape.of(corners + 15), z=1), ids_hw=ids_hw
    )


def do(bench, act):
    kind, *more = act
    if kind == "tool":
        bench.session.view.set(tool=more[0])
    elif kind == "drag":
        bench.hand.drag(*more[0], keys=more[1])
    elif kind == "click":
        bench.hand.click(*more[0], keys=more[1])
    elif kind == "command":
        bench.window.commands.run(more[0])
    else:
        bench.key(more[0])
    bench.wait()


def visit(bench, index):
    bench.key(Qt.Key.Key_Escape)
    if bench.session.index != index:
        bench.session.go(index)
        bench.wait()


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made=st.lists(acts, min_size=4, max_size=18))
def test_undone_fully_each_image_is_as_at_first_and_redone_as_at_last(bench, made):
    first = {}
    for index in (1, 0):
        visit(bench, index)
        wipe(bench.session.document)
        lay_out(bench)
        first[index] = bench.state
    bench.session.view.set(mode="semantic", tool="select", selection=frozenset())
    for act in made:
        do(bench, act)
    last = {}
    for index in (1, 0):
        visit(bench, index)
        last[index] = bench.state, len(bench.steps)
    for index in (0, 1):
        visit(bench, index)
        for _ in range(last[index][1]):
            assert bench.session.undo() is not None
        assert bench.session.undo() is None
        assert bench.state == first[index]
        assert bench.session.index == index
    for index in (1, 0):
        visit(bench, index)
        assert bench.state == first[index]
        for _ in range(last[index][1]):
            assert bench.session.redo() is not None
        assert bench.state == last[index][0]
