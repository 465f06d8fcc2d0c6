"""Superpixels: complete, connected, and true to the edges of a scene whose regions are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from segstudio.core.geometry import EMPTY, Rect
from segstudio.ops.superpixels import patches_under, superpixels
from tests.ops.strategies import on_canvas


def scene(seed=0, size_hw=(240, 320)):
    """Noisy regions of different colours with wavy borders, and the regions."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0 : size_hw[0], 0 : size_hw[1]]
    field = [np.sin(rows / a + b) + np.cos(columns / c + d) for a, b, c, d in rng.uniform(15, 40, (6, 4))]
    regions = np.argmax(field, axis=0)
    colours = rng.integers(30, 220, (6, 3))
    picture = colours[regions] + rng.normal(0, 6, (*size_hw, 3))
    return np.clip(picture, 0, 255).astype(np.uint8), regions


def achievable_accuracy(cells, regions):
    """Share of pixels that are right when every patch takes the region it overlaps most."""
    table = np.zeros((cells.max() + 1, regions.max() + 1), int)
    np.add.at(table, (cells, regions), 1)
    return table.max(axis=1).sum() / cells.size


@pytest.mark.parametrize("cell", [8, 16])
def test_patches_follow_edges_better_than_squares(cell):
    picture, regions = scene()
    cells = superpixels(picture, cell=cell)
    rows, columns = np.mgrid[0:240, 0:320]
    squares = (rows // cell) * 1000 + columns // cell
    assert achievable_accuracy(cells, regions) > 0.98
    errors, square_errors = (1 - achievable_accuracy(c, regions) for c in (cells, squares))
    assert errors < square_errors / 2


@pytest.mark.parametrize("cell", [4, 8, 16, 32])
def test_there_is_about_one_patch_per_cell(cell):
    count = superpixels(scene()[0], cell=cell).max()
    assert count == pytest.approx(240 * 320 / cell**2, rel=0.15)


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)), fill=st.just(90)),
    st.integers(1, 20),
)
def test_every_pixel_has_a_patch_and_every_patch_is_connected(picture, cell):
    cells = superpixels(picture, cell=cell)
    assert cells.shape == picture.shape[:2]
    assert cells.dtype == np.int32
    assert set(np.unique(cells)) == set(range(1, cells.max() + 1))
    for number in range(1, cells.max() + 1):
        assert ndimage.label(cells == number)[1] == 1


def test_the_same_picture_gives_the_same_patches():
    picture, _ = scene()
    assert np.array_equal(superpixels(picture), superpixels(picture.copy()))


def test_painting_takes_whole_patches():
    cells = superpixels(scene()[0], cell=12)
    tip = Rect(100, 90, 130, 110)
    rect, mask_hw = patches_under(cells, tip, np.ones((20, 30), bool))
    expected = np.isin(cells, np.unique(cells[tip.slices]))
    assert np.array_equal(on_canvas(rect, mask_hw, cells.shape), expected)
    assert rect == Rect.of_mask(expected)
    assert patches_under(cells, tip, np.zeros((20, 30), bool))[0] == EMPTY


def test_a_patch_larger_than_the_first_look_is_taken_whole():
    cells = np.ones((400, 500), np.int32)
    cells[:, 300:] = 2
    rect, mask_hw = patches_under(cells, Rect(5, 5, 6, 6), np.ones((1, 1), bool))
    assert rect == Rect(0, 0, 300, 400)
    assert mask_hw.all()
