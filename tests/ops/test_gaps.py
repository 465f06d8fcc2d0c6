"""Unlabelled pixels are counted exactly and visited one area after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.raster import TILE
from segstudio.core.transaction import Transaction
from segstudio.ops.gaps import change_of_unlabelled, count_unlabelled, next_gap

LABELS = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12).flatmap(
    lambda shape: hnp.arrays(np.uint16, shape, elements=st.sampled_from([0, 1, 500]))
)


@given(LABELS)
def test_going_on_visits_every_gap_once_in_reading_order(ids_hw):
    labels, count = ndimage.label(ids_hw == 0)
    assert count_unlabelled(ids_hw) == (ids_hw == 0).sum()
    seen, gap = [], next_gap(ids_hw)
    for _ in range(count):
        column, row = int(gap.point_xy[0]), int(gap.point_xy[1])
        piece = labels == labels[row, column]
        assert labels[row, column] > 0
        assert gap.area == piece.sum()
        assert gap.rect == Rect.of_mask(piece)
        assert np.flatnonzero(piece)[0] == row * ids_hw.shape[1] + column
        seen.append(row * ids_hw.shape[1] + column)
        gap = next_gap(ids_hw, after_xy=gap.point_xy)
    assert seen == sorted(set(seen))
    if count:
        assert int(gap.point_xy[1]) * ids_hw.shape[1] + int(gap.point_xy[0]) == seen[0]
    else:
        assert gap is None


def test_the_middle_of_one_large_gap_leads_back_to_its_beginning():
    ids_hw = np.zeros((700, 900), np.uint16)
    ids_hw[0, :5] = 1
    gap = next_gap(ids_hw, after_xy=(400, 300))
    assert gap.point_xy == (5.5, 0.5)
    assert gap.area == 700 * 900 - 5


@given(st.lists(st.tuples(st.integers(0, 280), st.integers(0, 280), st.integers(0, 2)), max_size=6))
def test_the_count_can_be_kept_up_to_date(strokes):
    layer = Layer("labels", (300, 300))
    count = count_unlabelled(layer.raster.ids_hw)
    transaction = Transaction(layer, "paint")
    for x, y, value in strokes:
        count += change_of_unlabelled(transaction.paint(Rect(x, y, x + 20, y + 20), value))
        assert count == count_unlabelled(layer.raster.ids_hw)
    for delta in transaction.revert()[1]:
        count += change_of_unlabelled(delta)
    assert count == 300 * 300
    assert TILE < 300
