"""Thousands of selected objects: each is seen as selected, and what is round them follows every edit."""

from dataclasses import replace

import numpy as np
import pytest

from segstudio.ui.canvas.tools import selected
from tests.ui.canvas_stage import box_object, stage
from tests.ui.test_view_aids import shown

__all__ = ["stage"]


@pytest.mark.parametrize("count", [300, 400])
def test_each_of_many_selected_objects_has_a_white_outline(stage, count):
    """One by one up to 300, from there on by the picture itself."""
    stage.put(*(box_object(1 + i, 4 + 7 * (i % 25), 4 + 7 * (i // 25), 5, 5) for i in range(count)))
    stage.view(mode="objects", tool="select", selection=frozenset(range(1, count + 1)), pixel_grid=False)
    stage.canvas.scale_to(8.0)
    chosen = shown(stage.canvas)
    stage.view(selection=frozenset())
    bare = shown(stage.canvas)
    for item in stage.objects:
        box = item.bounds()
        at = stage.canvas.to_widget(box.x0, (box.y0 + box.y1) / 2)
        column, row = round(at.x()), round(at.y())
        if 20 < column < stage.canvas.width() - 20 and 20 < row < stage.canvas.height() - 20:
            beside = chosen[row, column - 1 : column + 2, :3].astype(int)
            assert beside.min(axis=1).max() >= 190, item.id
            assert (beside != bare[row, column - 1 : column + 2, :3]).any()


def test_what_is_round_the_selected_follows_edits_and_locks(stage):
    stage.put(box_object(1, 10, 10, 20, 20), box_object(2, 60, 40, 10, 10))
    stage.view(mode="objects", tool="select", selection=frozenset({1, 2}))
    found = selected.Selection(stage.canvas.tools[0].context)
    assert (found.now.box.x0, found.now.box.y0, found.now.box.x1, found.now.box.y1) == (10, 10, 70, 50)
    assert found.now is found.now
    stage.hand.drag((20, 20), (30, 25))
    assert (found.now.box.x0, found.now.box.y0) == (20, 15)
    stage.session.undo()
    assert (found.now.box.x0, found.now.box.y0) == (10, 10)
    with stage.document.begin("lock") as stroke:
        stroke.put_object(replace(stage.document.labels.objects.get(1), locked=True))
    assert [item.id for item in found.now.movable] == [2]
    assert found.now.movable_box.x0 == 60
    stage.view(selection=frozenset({2, 99}))
    assert [item.id for item in found.now.items] == [2]
    stage.view(mode="semantic")
    assert found.now.items == ()
    assert not np.any(stage.ids)
