"""The clicker of `bench assist`, on shapes of which everybody can say where the next click belongs."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.workflows.benching.clicker import JITTER, Click, click_through, distance_inside, held, iou_of, next_click

SIZE_HW = (60, 80)
NOTHING = np.zeros(SIZE_HW, np.bool_)


def disc(x, y, radius):
    rows, columns = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius * radius


def test_the_first_click_on_a_disc_is_its_middle():
    assert next_click(disc(30, 25, 12), NOTHING) == Click(30, 25, positive=True)


def test_a_disc_too_many_is_clicked_away_in_its_middle():
    assert next_click(NOTHING, disc(50, 40, 9)) == Click(50, 40, positive=False)


def test_the_larger_of_two_discs_comes_first_and_then_the_other():
    small, large = disc(15, 20, 8), disc(55, 30, 14)
    assert next_click(small | large, NOTHING) == Click(55, 30, positive=True)
    assert next_click(small | large, large) == Click(15, 20, positive=True)


def test_a_ring_is_clicked_in_its_band_and_its_filled_hole_in_the_middle():
    ring = disc(40, 30, 25) & ~disc(40, 30, 13)
    click = next_click(ring, NOTHING)
    assert click.positive
    assert 13 < np.hypot(click.column - 40, click.row - 30) < 25
    assert next_click(ring, disc(40, 30, 25)) == Click(40, 30, positive=False)


def test_a_right_answer_needs_no_click():
    everything = np.ones(SIZE_HW, np.bool_)
    assert next_click(NOTHING, NOTHING) is None
    assert next_click(everything, everything) is None
    assert next_click(disc(20, 20, 9), disc(20, 20, 9)) is None


def test_the_border_of_the_image_is_outside():
    assert distance_inside(np.ones((5, 7), np.bool_))[2].tolist() == [1, 2, 3, 3, 3, 2, 1]
    click = next_click(np.ones(SIZE_HW, np.bool_), NOTHING)
    assert click.positive
    assert click.row in (29, 30)
    assert 29 <= click.column <= 50


def test_errors_in_the_ignored_band_are_none():
    band = disc(40, 30, 20) & ~disc(40, 30, 15)
    assert next_click(disc(40, 30, 15), disc(40, 30, 20), void_hw=band) is None
    assert iou_of(disc(40, 30, 15), disc(40, 30, 20), band) == 1
    assert iou_of(disc(40, 30, 15), disc(40, 30, 20)) == pytest.approx(disc(40, 30, 15).sum() / disc(40, 30, 20).sum())


def test_no_pixel_is_clicked_twice():
    one = NOTHING.copy()
    one[10, 10] = True
    first = next_click(one, NOTHING)
    assert first == Click(10, 10, positive=True)
    assert next_click(one, NOTHING, before=[first]) is None


def test_inexact_clicks_stay_well_inside_and_differ():
    depth = distance_inside(disc(40, 30, 20))
    clicks = [next_click(disc(40, 30, 20), NOTHING, chance=np.random.default_rng(seed)) for seed in range(20)]
    assert len({(click.column, click.row) for click in clicks}) > 10
    assert min(depth[click.row, click.column] for click in clicks) >= JITTER * depth.max()
    again = [next_click(disc(40, 30, 20), NOTHING, chance=np.random.default_rng(seed)) for seed in range(20)]
    assert again == clicks


def test_clicking_ends_where_the_answer_is_right_or_the_budget_is_spent():
    left, right = disc(20, 30, 10), disc(60, 30, 10)

    def pieces(clicks):
        answer = NOTHING.copy()
        for click in clicks:
            for piece in (left, right):
                if piece[click.row, click.column]:
                    answer |= piece
        return answer

    assert click_through(pieces, left | right) == [0.5, 1.0]
    assert click_through(pieces, left | right, stop_at=0.5) == [0.5]
    assert click_through(lambda clicks: NOTHING, left, budget=4) == [0, 0, 0, 0]
    assert click_through(pieces, NOTHING) == []


def test_a_run_that_ended_keeps_its_iou():
    assert [held([0.2, 0.9], clicks) for clicks in (0, 1, 2, 10)] == [0, 0.2, 0.9, 0.9]
    assert held([], 3) == 0
