"""Components, holes and specks against scipy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from segstudio.ops import components
from tests.ops.strategies import masks, on_canvas

FOUR = ndimage.generate_binary_structure(2, 1)
EIGHT = ndimage.generate_binary_structure(2, 2)


@given(masks(), st.sampled_from([(4, FOUR), (8, EIGHT)]))
def test_components_are_disjoint_complete_and_sorted(mask_hw, kind):
    connectivity, structure = kind
    labels, count = ndimage.label(mask_hw, structure)
    pieces = components.components(mask_hw, connectivity=connectivity)
    assert len(pieces) == count
    total = np.zeros(mask_hw.shape, int)
    for piece in pieces:
        laid = on_canvas(piece.rect, piece.mask_hw, mask_hw.shape)
        assert piece.area == laid.sum()
        assert len(np.unique(labels[laid])) == 1
        total += laid
    assert np.array_equal(total, mask_hw)
    assert [piece.area for piece in pieces] == sorted((piece.area for piece in pieces), reverse=True)


@given(masks(), st.data())
def test_the_component_under_a_point(mask_hw, data):
    row = data.draw(st.integers(-1, mask_hw.shape[0]))
    column = data.draw(st.integers(-1, mask_hw.shape[1]))
    found = components.component_at(mask_hw, (column + 0.25, row + 0.75))
    inside = 0 <= row < mask_hw.shape[0] and 0 <= column < mask_hw.shape[1]
    if not inside or not mask_hw[row, column]:
        assert found is None
        return
    labels, _ = ndimage.label(mask_hw, FOUR)
    assert np.array_equal(on_canvas(*found, mask_hw.shape), labels == labels[row, column])


@given(masks(), st.integers(0, 12))
def test_specks_are_pieces_below_the_limit(mask_hw, limit):
    labels, count = ndimage.label(mask_hw, EIGHT)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    expected = mask_hw & (areas[labels] >= limit)
    assert np.array_equal(components.remove_specks(mask_hw, smaller_than=limit), expected)


@given(masks(), st.one_of(st.none(), st.integers(1, 10)))
def test_holes_are_closed_up_to_their_limit(mask_hw, limit):
    expected = ndimage.binary_fill_holes(mask_hw)
    if limit is not None:
        holes, count = ndimage.label(expected & ~mask_hw, FOUR)
        areas = np.bincount(holes.ravel(), minlength=count + 1)
        expected = mask_hw | ((holes > 0) & (areas[holes] < limit))
    assert np.array_equal(components.fill_holes(mask_hw, smaller_than=limit), expected)
