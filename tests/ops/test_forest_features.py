"""Patches follow the demo's edges, and every picture, however odd, gets finite features for every patch."""

import cv2
import numpy as np
import pytest

from segstudio.ops.cell_graph import cell_graph, doubtful_regions
from segstudio.ops.forest_features import FAMILIES, WORK_PIXELS, cells_and_features, work_size
from segstudio.ops.superpixels import superpixels
from segstudio.workflows.toytown import paint_scene


def edges(numbers_hw):
    found = np.zeros(numbers_hw.shape, bool)
    found[:, :-1] |= numbers_hw[:, :-1] != numbers_hw[:, 1:]
    found[:-1] |= numbers_hw[:-1] != numbers_hw[1:]
    return found


def test_patches_keep_the_classes_and_borders_of_the_demo_apart():
    """Achievable accuracy and boundary recall within 2 pixels at about 1200 patches (Neubert, Protzel 2012)."""
    accuracy, recall = [], []
    for number in (0, 3, 64, 70):
        scene = paint_scene(2026, number, width=480, height=240)
        cells = superpixels(scene.image_hwc, cell=10)
        assert 1000 < cells.max() < 1300
        votes = np.zeros((cells.max() + 1, scene.class_hw.max() + 1), int)
        np.add.at(votes, (cells.ravel(), scene.class_hw.ravel()), 1)
        accuracy.append(votes.max(axis=1).sum() / scene.class_hw.size)
        near = cv2.dilate(edges(cells).view(np.uint8), np.ones((5, 5), np.uint8)) != 0
        truth = edges(scene.class_hw)
        recall.append((near & truth).sum() / truth.sum())
    assert np.mean(accuracy) >= 0.955
    assert np.mean(recall) >= 0.88


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 40), (40, 1), (2, 3), (9, 7), (31, 200), (3, 40_000)])
def test_odd_sizes_have_finite_features(size_hw):
    image = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    cells, features = cells_and_features(image)
    assert cells.shape == size_hw
    assert sorted(np.unique(cells)) == list(range(len(features)))
    assert features.shape[1] == len(FAMILIES)
    assert np.isfinite(features).all()
    assert features[:, -2:].min() >= 0
    assert features[:, -2:].max() <= 1


def test_a_constant_picture_has_the_same_features_everywhere_but_for_the_place():
    _, features = cells_and_features(np.full((60, 80, 3), 77, np.uint8))
    assert np.ptp(features[:, :-2], axis=0).max() < 0.5


def test_large_pictures_are_looked_at_shrunk():
    height, width = work_size((8192, 8192))
    assert height == width
    assert abs(height * width - WORK_PIXELS) < 0.01 * WORK_PIXELS
    assert work_size((512, 1024)) == (512, 1024)
    assert work_size((1, 9_000_000))[0] == 1


def test_neighbours_are_pairs_that_touch_and_likes_are_closer():
    cells = np.repeat(np.arange(4, dtype=np.int32), 5)[None].repeat(6, axis=0)
    lab = np.array([(50, 0, 0), (50, 0, 0), (50, 0, 0), (90, 0, 0)], np.float32)
    graph = cell_graph(cells, lab)
    assert list(zip(graph.first.tolist(), graph.second.tolist(), strict=True)) == [(0, 1), (1, 2), (2, 3)]
    assert graph.weight[0] == pytest.approx(6, abs=1e-3)
    assert graph.weight[2] < 1e-3


def test_the_most_doubtful_region_comes_first_and_certain_ones_never():
    cells = np.repeat(np.arange(50, dtype=np.int32), 4)[None].repeat(4, axis=0)
    doubt = np.zeros(50, np.float32)
    doubt[3], doubt[10:12] = 0.9, 0.95
    regions = doubtful_regions(cells, doubt)
    assert [(box.x0, box.x1) for box in regions] == [(40, 48), (12, 16)]
    assert doubtful_regions(cells, np.zeros(50, np.float32)) == []
