"""Unlabelled areas are visited one after the other, in reading order or by size."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from segstudio.core.geometry import Rect
from segstudio.ops.gaps import gaps_by_size, next_gap

LABELS = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12).flatmap(
    lambda shape: hnp.arrays(np.uint16, shape, elements=st.sampled_from([0, 1, 500]))
)


@given(LABELS)
def test_going_on_visits_every_gap_once_in_reading_order(ids_hw):
    labels, count = ndimage.label(ids_hw == 0)
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


@given(LABELS)
def test_all_gaps_largest_first(ids_hw):
    labels, count = ndimage.label(ids_hw == 0)
    gaps = gaps_by_size(ids_hw)
    sizes = sorted(ndimage.sum_labels(np.ones(ids_hw.shape), labels, range(1, count + 1)), reverse=True)
    assert [gap.area for gap in gaps] == sizes
    seen = set()
    for gap in gaps:
        number = labels[int(gap.point_xy[1]), int(gap.point_xy[0])]
        assert number > 0
        assert gap.rect == Rect.of_mask(labels == number)
        seen.add(number)
    assert len(seen) == count
    assert len(gaps_by_size(ids_hw, most=1)) == min(count, 1)


def test_a_very_large_image_is_sampled_and_its_last_thin_gap_still_found(monkeypatch):
    monkeypatch.setattr("segstudio.ops.gaps._SAMPLED", 10_000)
    ids_hw = np.ones((400, 500), np.uint16)
    ids_hw[101, 203] = 0
    (gap,) = gaps_by_size(ids_hw)
    assert (gap.point_xy, gap.area) == ((203.5, 101.5), 1)
    ids_hw[200:300, 100:400] = 0
    gap = gaps_by_size(ids_hw)[0]
    assert ids_hw[int(gap.point_xy[1]), int(gap.point_xy[0])] == 0
    assert abs(gap.area - 30_000) < 3_000
    overlap = gap.rect.intersect(Rect(100, 200, 400, 300)).area
    assert overlap > 0.9 * 30_000
