"""Evaluation indices that are looked up when asked for are those of a whole map, also after edits."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.layer import Annotation, Layer
from segstudio.core.segments import Segment
from segstudio.ops.index_view import IndexView, indices_of

SKY = ClassSet("sky", tuple(LabelClass(i, f"class {i}", (i, i, i), train_id=i) for i in range(4)))
SEGMENTS = tuple(Segment(number, number % 5) for number in (1, 2, 3, 7, 254, 255, 256, 300))


@pytest.mark.parametrize("highest", [255, 300])
@pytest.mark.parametrize("table_kind", [np.uint8, np.uint16])
def test_the_quick_way_gives_what_numpy_gives(highest, table_kind):
    chance = np.random.default_rng(0)
    table = chance.integers(0, 256, 65536).astype(table_kind)
    ids_hw = chance.integers(0, highest + 1, (30, 40)).astype(np.uint16)
    narrow = [ids_hw.astype(np.uint8)] if highest == 255 else []
    for ids in (ids_hw, *narrow):
        for part in (ids, ids[3:9, 4:30], ids[::-3, ::2], ids[2], ids[:0]):
            found = indices_of(table, part)
            assert found.dtype == table.dtype
            np.testing.assert_array_equal(found, table[part])


@pytest.mark.parametrize("highest", [7, 300])
def test_a_view_gives_what_the_map_gives_and_follows_edits(highest):
    present = [s.id for s in SEGMENTS if s.id <= highest]
    ids_hw = np.random.default_rng(1).choice([0, *present], (50, 60)).astype(np.uint16)
    layer = Layer.over("truth", Annotation((50, 60), ids_hw, SEGMENTS))
    view = IndexView(layer, SKY)
    expected = layer.index_map(SKY)
    assert (view.shape, view.dtype, view.ndim, view.size) == (expected.shape, expected.dtype, 2, expected.size)
    np.testing.assert_array_equal(view, expected)
    np.testing.assert_array_equal(view.copy(), expected)
    np.testing.assert_array_equal(view[3:20, 5:6], expected[3:20, 5:6])
    np.testing.assert_array_equal(view[7], expected[7])
    np.testing.assert_array_equal(view == 2, expected == 2)
    np.testing.assert_array_equal((view < 3) & (expected != view), np.zeros_like(expected, bool))

    layer.unlock()
    layer.raster.writable(layer.raster.bounds)[10:20, 10:20] = 300
    layer.segments.put(Segment(1, 3))
    np.testing.assert_array_equal(view, layer.index_map(SKY))
    assert (view[10:20, 10:20] == SKY.index_of.get(0)).all()
    assert (ids_hw[10:20, 10:20] != 300).any(), "what the layer was made over is not written"
