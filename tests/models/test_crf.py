"""Refinement: mean field against sums over all pairs of pixels, the guided filter against what it promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.models.torch_backend.crf import CrfSettings, crf_refine
from segstudio.models.torch_backend.guided import guided_refine
from segstudio.models.torch_backend.permutohedral import Lattice


def picture(height=18, width=22):
    """Two coloured halves with noise, and probabilities that know the halves only roughly."""
    rng = np.random.default_rng(3)
    image = np.zeros((3, height, width))
    image[:, :, : width // 2] = np.array([200, 60, 50])[:, None, None]
    image[:, :, width // 2 :] = np.array([40, 90, 180])[:, None, None]
    image += rng.normal(0, 6, image.shape)
    scores = rng.normal(0, 1, (3, height, width))
    scores[0, :, : width // 2] += 0.8
    scores[1, :, width // 2 :] += 0.8
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=0)
    return torch.from_numpy(image).float(), torch.from_numpy(probabilities).float()


def mean_field(image, probabilities, given):
    """Algorithm 1 with every pair of pixels, in float64."""
    classes, height, width = probabilities.shape
    y, x = np.mgrid[:height, :width]
    place = np.stack((x.ravel(), y.ravel()), axis=1).astype(float)
    colour = image.numpy().reshape(3, -1).T.astype(float)

    def kernel(features):
        distance = ((features[:, None] - features[None]) ** 2).sum(axis=2)
        weights = np.exp(-distance / 2)
        norm = 1 / np.sqrt(weights.sum(axis=1))
        return weights * norm[:, None] * norm[None]

    smooth = kernel(place / given.smooth_xy)
    appearance = kernel(np.concatenate((place / given.appearance_xy, colour / given.appearance_rgb), axis=1))
    unary = np.log(probabilities.numpy().reshape(classes, -1).T.astype(float))
    current = probabilities.numpy().reshape(classes, -1).T.astype(float)
    for _ in range(given.steps):
        total = unary + given.smooth_weight * smooth @ current + given.appearance_weight * appearance @ current
        total -= total.max(axis=1, keepdims=True)
        current = np.exp(total) / np.exp(total).sum(axis=1, keepdims=True)
    return current.T.reshape(classes, height, width)


def test_smoothness_alone_is_mean_field_over_all_pairs():
    image, probabilities = picture()
    given = CrfSettings(appearance_weight=0.0, steps=5)
    ours = crf_refine(probabilities, image, given).numpy()
    np.testing.assert_allclose(ours, mean_field(image, probabilities, given), atol=2e-3)


@pytest.mark.parametrize(("xy", "rgb"), [(67.0, 13.0), (12.0, 30.0)])
def test_the_lattice_approximates_mean_field_over_all_pairs(xy, rgb):
    image, probabilities = picture()
    given = CrfSettings(appearance_xy=xy, appearance_rgb=rgb, smooth_weight=1.0, appearance_weight=2.0, steps=5)
    ours, exact = crf_refine(probabilities, image, given).numpy(), mean_field(image, probabilities, given)
    assert np.abs(ours - exact).mean() < 1e-2
    assert (ours.argmax(axis=0) == exact.argmax(axis=0)).mean() > 0.98
    assert (ours.argmax(axis=0)[:, :11] == 0).mean() > 0.95 > (probabilities.numpy().argmax(axis=0)[:, :11] == 0).mean()


@pytest.mark.parametrize("dims", [1, 2, 5])
def test_the_lattice_filters_as_a_gaussian_up_to_one_factor(dims):
    rng = np.random.default_rng(dims)
    features = rng.uniform(0, 3, (600, dims)).astype(np.float32)
    values = rng.uniform(0, 1, (600, 2)).astype(np.float32)
    ours = Lattice(torch.from_numpy(features)).filter(torch.from_numpy(values)).numpy()
    distance = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    exact = np.exp(-distance / 2) @ values
    ratio = ours / exact
    assert np.std(ratio) / np.mean(ratio) < 0.12


@pytest.mark.parametrize("far", [1e5, 1e12])
def test_features_too_far_apart_are_refused(far):
    with pytest.raises(ValueError, match="too far apart"):
        Lattice(torch.tensor([[0.0] * 5, [far] * 5]))


@pytest.mark.parametrize("side", [40, 1100])
def test_the_guided_filter_brings_a_border_to_the_edge_of_the_image(side):
    image = torch.zeros(3, side, side)
    image[:, :, side // 2 :] = 200
    shifted = torch.zeros(2, side, side)
    shifted[0, :, : side // 2 + 3] = 1
    shifted[1] = 1 - shifted[0]
    refined = guided_refine(shifted, image)
    assert torch.allclose(refined.sum(dim=0), torch.ones(side, side), atol=1e-4)
    wrong = (refined.argmax(dim=0)[:, side // 2 :] == 0).float().mean()
    assert wrong < (shifted.argmax(dim=0)[:, side // 2 :] == 0).float().mean() / 2
    assert (refined.argmax(dim=0)[:, : side // 2] == 0).all()


def test_the_guided_filter_leaves_a_flat_image_smooth_and_certain_areas_certain():
    values = torch.full((2, 50, 60), 0.5)
    values[0, :, :20], values[1, :, :20] = 0.9, 0.1
    refined = guided_refine(values, torch.full((3, 50, 60), 128.0))
    torch.testing.assert_close(refined[0, :, 40:], torch.full((50, 20), 0.5))
    torch.testing.assert_close(refined[0, :, :4], torch.full((50, 4), 0.9), atol=1e-4, rtol=0)
