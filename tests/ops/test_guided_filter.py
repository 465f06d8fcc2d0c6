"""Refinement keeps constants, moves what is coarse to the picture's edges, and answers for odd pictures."""

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.ops.guided_filter import GuidedFilter, refine_classes
from segstudio.ops.refine_labels import refined_ids


def halves(size_hw=(80, 120), edge=60):
    image = np.full((*size_hw, 3), 60, np.uint8)
    image[:, edge:] = 190
    return image


def test_constants_stay_and_a_picture_that_is_its_own_guide_keeps_its_edge():
    image = halves()
    tool = GuidedFilter(image, radius=6)
    assert np.allclose(tool.apply(np.full((80, 120), 0.3)), 0.3, atol=1e-5)
    grey = image[..., 0].astype(np.float32) / 255
    assert np.abs(tool.apply(grey) - grey).max() < 0.05


@pytest.mark.parametrize("method", ["guided", "crf"])
def test_a_border_that_lies_beside_the_edge_moves_onto_it(method):
    image = halves((200, 400), edge=200)
    labels = np.where(np.arange(400) < 196, 1, 2).astype(np.uint16)[None].repeat(200, axis=0)
    moved, confidence = refined_ids(image, labels, None, strength=1.0, method=method)
    assert (moved[:, 197:200] == 1).mean() > 0.9
    assert (moved[:, :190] == 1).all()
    assert (moved[:, 201:] == 2).all()
    assert confidence.dtype == np.uint8


def test_no_strength_and_a_single_segment_change_nothing():
    labels = np.random.default_rng(0).integers(0, 4, (30, 40)).astype(np.uint16)
    image = np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    assert (refined_ids(image, labels, None, strength=0)[0] == labels).all()
    alone = np.full((30, 40), 7, np.uint16)
    assert (refined_ids(image, alone, None, strength=1)[0] == 7).all()


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 30), (30, 1), (3, 3)])
@pytest.mark.parametrize("method", ["guided", "crf"])
def test_odd_sizes(size_hw, method):
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    labels = rng.integers(1, 3, size_hw).astype(np.uint16)
    refined, _ = refined_ids(image, labels, None, strength=0.5, method=method)
    assert refined.shape == size_hw
    assert set(np.unique(refined)) <= {1, 2}


def test_too_many_segments_are_refused():
    labels = np.arange(400, dtype=np.uint16).reshape(20, 20)
    with pytest.raises(UserError, match="400 segments"):
        refined_ids(np.zeros((20, 20, 3), np.uint8), labels, None, strength=0.5)


def test_cancelling_stops_between_classes():
    class Stop(Exception):
        pass

    def check():
        raise Stop

    labels = np.random.default_rng(0).integers(0, 4, (30, 40)).astype(np.uint16)
    with pytest.raises(Stop):
        refined_ids(np.zeros((30, 40, 3), np.uint8), labels, None, strength=0.5, check=check)


def test_the_winner_is_the_largest_map():
    tool = GuidedFilter(np.full((20, 30, 3), 90, np.uint8), radius=2)
    winner, share = refine_classes(tool, [np.full((20, 30), v, np.float32) for v in (0.2, 0.5, 0.3)])
    assert (winner == 1).all()
    assert np.allclose(share, 0.5, atol=1e-4)
