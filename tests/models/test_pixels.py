"""Pixels in, labels out: against OpenCV, Pillow and the plain formulas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segstudio.core.errors import UserError
from segstudio.models.card import Preprocess
from segstudio.models.torch_backend.decoding import check_finite, decode, enlarged_argmax, restore_labels
from segstudio.models.torch_backend.pixels import resized_hw, to_input

CPU = torch.device("cpu")


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_the_usual_convention_is_torchvisions():
    image = picture(20, 30)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = ((image / 255 - mean) / std).transpose(2, 0, 1)
    np.testing.assert_allclose(to_input(image, Preprocess(), CPU).pixels[0], expected, atol=1e-5)


def test_normalising_in_bgr_before_resizing_and_dividing_last_is_what_opencv_gives():
    image = picture(64, 128)
    mean, std = (72.39, 82.91, 73.16), (45.32, 46.15, 44.91)
    reference = (image[..., ::-1].astype(np.float32) - np.float32(mean)) / np.float32(std)
    reference = cv2.resize(reference, (64, 32)) / 255
    preprocess = Preprocess().with_options(mean=mean, std=std, order="bgr", scale=1 / 255, size_hw=(32, 64))
    ours = to_input(image, preprocess, CPU).pixels[0]
    np.testing.assert_allclose(ours, reference.transpose(2, 0, 1), atol=1e-6)


def test_antialiased_resizing_is_pillows():
    image = picture(96, 160)
    expected = np.asarray(Image.fromarray(image).resize((50, 30), Image.Resampling.BILINEAR), np.float32)
    preprocess = Preprocess(
        mean=(0, 0, 0), std=(1, 1, 1), scale=1.0, size_hw=(30, 50), resize="stretch", antialias=True
    )
    ours = to_input(image, preprocess, CPU).pixels[0].numpy().transpose(1, 2, 0)
    assert np.abs(ours - expected).max() <= 1.0  # Pillow rounds between its two passes


def test_sides_are_padded_with_the_mean_to_a_multiple():
    given = to_input(picture(33, 50), Preprocess(multiple=32), CPU)
    assert given.pixels.shape == (1, 3, 64, 64)
    assert given.content_hw == (33, 50)
    assert not given.pixels[..., 33:, :].any()


@pytest.mark.parametrize(
    ("size", "expected"), [((480, 640), (520, 693)), ((1000, 500), (1040, 520)), ((100, 2000), (50, 1000))]
)
def test_the_short_side_rule_keeps_the_long_side_in_bounds(size, expected):
    longest = 1000 if size == (100, 2000) else 4160
    assert resized_hw(size, Preprocess(size_hw=(520, longest), resize="short")) == expected


def test_options_keep_what_is_not_given_and_tell_units_by_their_size():
    card = Preprocess(mean=(72.0, 82.0, 73.0), std=(45.0, 46.0, 44.0), order="bgr", scale=1 / 255, scale_last=True)
    assert card.with_options() == card
    unit = card.with_options(mean=(0.5,), std=(0.5,), order="RGB")
    assert (unit.mean, unit.std, unit.order, unit.scale_last) == ((0.5,) * 3, (0.5,) * 3, "rgb", False)
    assert Preprocess().with_options(mean=(123.7, 116.3, 103.5), scale=1.0).scale_last
    for wrong in ({"std": (0.0, 1.0, 1.0)}, {"order": "grb"}, {"mean": (1.0, 2.0)}, {"size_hw": (0, 5)}):
        with pytest.raises(UserError):
            card.with_options(**wrong)


@given(st.integers(1, 9), st.integers(1, 14), st.integers(1, 40), st.integers(1, 40), st.integers(1, 6), st.data())
def test_enlarging_only_between_neighbours_that_differ_is_enlarging_all(h, w, height, width, classes, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    regions = rng.integers(0, classes, (h // 4 + 1, w // 4 + 1)).repeat(4, 0).repeat(4, 1)[:h, :w]
    logits = rng.normal(0, 1, (classes, h, w)).astype(np.float32)
    np.put_along_axis(logits, regions[None], 8.0, axis=0)
    tensor = torch.from_numpy(logits)
    dense = F.interpolate(tensor[None], size=(height, width), mode="bilinear", align_corners=False)[0]
    ours = enlarged_argmax(tensor, tensor.argmax(dim=0), (height, width))
    chosen = dense.gather(0, ours[None])[0]
    torch.testing.assert_close(chosen, dense.amax(dim=0), atol=1e-4, rtol=0)


def test_confidence_is_the_softmax_of_the_best():
    logits = torch.from_numpy(np.random.default_rng(0).normal(0, 3, (1, 19, 700, 90)).astype(np.float32))
    maps = decode(logits)
    best, channels = logits[0].softmax(dim=0).max(dim=0)
    torch.testing.assert_close(maps.confidence, best)
    assert torch.equal(maps.channels.long(), channels)


def test_one_output_is_a_class_against_nothing():
    maps = decode(torch.tensor([[[[2.0, -2.0]]]]))
    assert maps.channels.tolist() == [[0, 1]]
    assert maps.confidence[0, 0] == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_labels_are_restored_by_the_nearest_pixel_as_opencv_does():
    labels = np.random.default_rng(0).integers(0, 20, (37, 53)).astype(np.uint8)
    maps = decode(F.one_hot(torch.from_numpy(labels).long(), 20).permute(2, 0, 1)[None].float() * 9)
    expected = cv2.resize(labels, (106, 111), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_array_equal(restore_labels(maps, (111, 106)).channels.numpy(), expected)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_an_error(bad):
    logits = torch.zeros(1, 3, 4, 4)
    logits[0, 1, 2, 2] = bad
    with pytest.raises(UserError, match="NaN or infinite"):
        check_finite(bool(decode(logits).finite))


@given(
    st.integers(1, 40),
    st.integers(1, 50),
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from([1, 2, 4]),
    st.integers(2, 5),
    st.sampled_from([1, 3, 12]),
    st.data(),
)
def test_enlarged_labels_are_those_of_interpolating_everything_also_where_channels_tie(
    h, w, down, across, n, grain, data
):
    """Whole numbers and weights of quarters and eighths: no sum is rounded, so that ties are ties in both ways."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    coarse = rng.integers(0, 3, (n, -(-h // grain), -(-w // grain)))
    logits = torch.from_numpy(coarse.repeat(grain, 1).repeat(grain, 2)[:, :h, :w].astype(np.float32))[None]
    size_hw = (h * down, w * across)
    enlarged = F.interpolate(logits, size=size_hw, mode="bilinear", align_corners=False)[0]
    first = (enlarged == enlarged.amax(dim=0)).to(torch.uint8).numpy().argmax(axis=0)
    np.testing.assert_array_equal(decode(logits, size_hw=size_hw).channels.numpy(), first)


@pytest.mark.parametrize("count", [2, 19, 300])
def test_of_equal_channels_the_first_is_taken(count):
    logits = torch.from_numpy(np.random.default_rng(count).integers(0, 4, (1, count, 61, 47)).astype(np.float32))
    np.testing.assert_array_equal(decode(logits).channels.numpy(), logits[0].numpy().argmax(axis=0))
