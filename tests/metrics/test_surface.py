"""Surface distances: one pair of masks, three conventions, three numbers; and a slow oracle of each definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.errors import UserError
from segstudio.metrics.surface import hausdorff, hd95, surface_dice
from tests.metrics.fixtures import square

TRUTH = square(20, 20, rows=slice(3, 9), columns=slice(2, 8))
WITH_SPECKS = TRUTH.copy()
WITH_SPECKS[[3, 6], [12, 12]] = True
CONVENTIONS = ("pooled", "per_direction", "contour_length")


@pytest.mark.parametrize(
    ("convention", "expected"), [("pooled", 0.0), ("per_direction", 4.75), ("contour_length", 5.0)]
)
def test_two_specks_under_three_conventions(convention, expected):
    assert hd95(TRUTH, WITH_SPECKS, convention=convention) == pytest.approx(expected, abs=1e-12)
    assert hausdorff(TRUTH, WITH_SPECKS, convention=convention) == pytest.approx(5.0)


@pytest.mark.parametrize(("convention", "expected"), [("per_direction", 0.9524), ("contour_length", 0.8898)])
def test_surface_dice_of_two_specks(convention, expected):
    score = surface_dice(TRUTH, WITH_SPECKS, tolerance=1, convention=convention)
    assert score == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("tolerance", "expected"), [(0, 0.5), (1, 1.0)])
@pytest.mark.parametrize("convention", ["per_direction", "contour_length"])
def test_surface_dice_of_a_shifted_square(tolerance, expected, convention):
    shifted = np.roll(TRUTH, 1, axis=1)
    assert surface_dice(TRUTH, shifted, tolerance=tolerance, convention=convention) == pytest.approx(expected)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_missed_object_is_infinitely_far_and_never_undefined(convention):
    empty = np.zeros_like(TRUTH)
    for pair in ((TRUTH, empty), (empty, TRUTH)):
        assert hd95(*pair, convention=convention) == math.inf
        assert surface_dice(*pair, tolerance=3, convention=convention) == 0
    assert math.isnan(hd95(empty, empty, convention=convention))
    assert math.isnan(surface_dice(empty, empty, tolerance=3, convention=convention))


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_surfaces_at_the_frame_exist(convention):
    full = np.ones((7, 9), bool)
    assert hausdorff(full, full, convention=convention) == 0
    assert surface_dice(full, full, tolerance=0, convention=convention) == 1


masks = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9).flatmap(
    lambda shape: st.tuples(hnp.arrays(bool, shape), hnp.arrays(bool, shape))
)


def edge_points(mask):
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.argwhere(mask & ~inner)


@given(masks, st.sampled_from([50, 95, 100]))
def test_every_pair_of_edge_pixels_measured_one_by_one(pair, percentile):
    first, second = (edge_points(mask) for mask in pair)
    assume(len(first) and len(second))
    table = np.linalg.norm(first[:, None] - second[None], axis=2)
    there, back = table.min(axis=1), table.min(axis=0)
    pooled = np.percentile(np.concatenate([there, back]), percentile)
    assert hausdorff(*pair, percentile=percentile) == pytest.approx(pooled, abs=1e-9)
    directed = max(np.percentile(there, percentile), np.percentile(back, percentile))
    assert hausdorff(*pair, percentile=percentile, convention="per_direction") == pytest.approx(directed, abs=1e-9)
    within = (there <= 1).sum() + (back <= 1).sum()
    assert surface_dice(*pair, tolerance=1) == pytest.approx(within / (len(first) + len(second)))


@given(masks, st.sampled_from(CONVENTIONS))
def test_sides_are_exchangeable(pair, convention):
    forward = hd95(*pair, convention=convention)
    assert hd95(*pair[::-1], convention=convention) == pytest.approx(forward, nan_ok=True)


def test_shapes_that_differ_are_named():
    with pytest.raises(UserError, match=r"\(20, 20\).*\(19, 20\)"):
        hd95(TRUTH, TRUTH[1:])
