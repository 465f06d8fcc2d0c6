"""One network on images: labels, confidence, tiles, memory running out, NaN."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import Cancelled, UserError
from segstudio.core.progress import CancelToken
from segstudio.models.card import Preprocess
from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.opening import open_predictor
from segstudio.ops import rle


def stripes(height=60, width=90):
    """Three vertical stripes of pure red, green and blue."""
    image = np.zeros((height, width, 3), np.uint8)
    for k in range(3):
        image[:, k * width // 3 : (k + 1) * width // 3, k] = 255
    return image


def stripe_labels(height=60, width=90):
    return np.repeat(np.arange(3, dtype=np.uint8), width // 3)[None].repeat(height, axis=0)


def test_labels_are_the_best_channel_and_confidence_its_softmax(registry):
    prediction = open_predictor(registry, "tiny").predict(stripes())
    assert prediction.labels_hw.dtype == np.uint8
    np.testing.assert_array_equal(prediction.labels_hw, stripe_labels())
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    logits = (np.array([1.0, 0.0, 0.0]) - mean) / std
    expected = np.exp(logits[0]) / np.exp(logits).sum() * 255
    assert abs(int(prediction.confidence_hw[0, 0]) - expected) <= 1
    assert prediction.device == "cpu" or prediction.device.startswith("cuda")


def test_a_prediction_becomes_segments_of_its_classes(registry):
    annotation = open_predictor(registry, "tiny").predict(stripes()).to_annotation()
    np.testing.assert_array_equal(annotation.labels_hw, stripe_labels().astype(np.uint16) + 1)
    assert [s.class_id for s in annotation.segments] == [0, 1, 2]


def test_the_channel_order_follows_the_settings(registry):
    settings = PredictSettings(preprocess=Preprocess(order="bgr"))
    labels = open_predictor(registry, "tiny", settings=settings).predict(stripes()).labels_hw
    np.testing.assert_array_equal(labels, 2 - stripe_labels())


@pytest.mark.parametrize("restore", ["logits", "labels"])
def test_a_resized_input_gives_labels_at_the_size_of_the_image(registry, restore):
    preprocess = Preprocess(size_hw=(30, 45), resize="stretch", restore=restore)
    labels = open_predictor(registry, "tiny", settings=PredictSettings(preprocess=preprocess)).predict(stripes())
    assert labels.labels_hw.shape == (60, 90)
    assert (labels.labels_hw == stripe_labels()).mean() > 0.95


def test_padding_to_a_multiple_is_cut_off_again(registry):
    settings = PredictSettings(preprocess=Preprocess(multiple=32))
    np.testing.assert_array_equal(
        open_predictor(registry, "tiny", settings=settings).predict(stripes()).labels_hw, stripe_labels()
    )


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.6])
def test_tiles_agree_with_the_whole_for_a_network_without_context(registry, overlap):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (150, 131, 3), dtype=np.uint8)
    whole = open_predictor(registry, "tiny").predict(image)
    seen = []
    tiled = open_predictor(registry, "tiny", settings=PredictSettings(tile=32, tile_overlap=overlap)).predict(
        image, progress=lambda done, total, text="": seen.append((done, total))
    )
    np.testing.assert_array_equal(tiled.labels_hw, whole.labels_hw)
    assert np.abs(tiled.confidence_hw.astype(int) - whole.confidence_hw.astype(int)).max() <= 1
    assert seen[-1][0] == seen[-1][1] > 1


def test_instances_become_objects_with_scores_best_in_front(registry):
    image = np.zeros((20, 30, 3), np.uint8)
    image[2:5, 3:9, 0] = 255
    image[4:10, 20:30, 1] = 255
    first, second = open_predictor(registry, "tiny-boxes").predict(image).objects
    assert (first.class_id, second.class_id) == (1, 0)
    assert first.z > second.z
    assert first.score == pytest.approx(0.9)
    np.testing.assert_array_equal(rle.decode(first.shape), image[..., 1] > 0)
    np.testing.assert_array_equal(rle.decode(second.shape), image[..., 0] > 0)
    kept = open_predictor(registry, "tiny-boxes", settings=PredictSettings(score=0.8)).predict(image).objects
    assert [item.class_id for item in kept] == [1]


def test_running_out_of_memory_goes_on_with_tiles_and_says_so(registry, monkeypatch):
    predictor = open_predictor(registry, "tiny")
    image = np.random.default_rng(0).integers(0, 256, (700, 600, 3), dtype=np.uint8)
    expected = predictor.predict(image).labels_hw
    forward = predictor._network.forward

    def tight(x):
        if x.shape[-1] * x.shape[-2] > 300 * 300:
            raise torch.OutOfMemoryError("out of memory")
        return forward(x)

    monkeypatch.setattr(predictor._network, "forward", tight)
    prediction = predictor.predict(image)
    np.testing.assert_array_equal(prediction.labels_hw, expected)
    assert [note for note in prediction.notes if "512" in note]
    assert [note for note in prediction.notes if "256" in note]


def test_memory_that_never_suffices_ends_in_one_line(registry, monkeypatch):
    predictor = open_predictor(registry, "tiny", settings=PredictSettings(device="cpu"))

    def never(x):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(predictor._network, "forward", never)
    with pytest.raises(UserError, match="does not fit into memory"):
        predictor.predict(np.zeros((600, 600, 3), np.uint8))


def test_nan_outputs_are_an_error_not_a_picture(registry):
    predictor = open_predictor(registry, "tiny")
    with torch.no_grad():
        predictor._network.classify.weight.fill_(float("nan"))
    with pytest.raises(UserError, match="NaN"):
        predictor.predict(stripes())


def test_cancel_stops_before_the_work(registry):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        open_predictor(registry, "tiny").predict(stripes(), cancel=token)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_arrays_that_are_no_rgb_image_are_refused(registry, image):
    with pytest.raises(UserError, match="8-bit RGB"):
        open_predictor(registry, "tiny").predict(image)


def test_classes_that_do_not_fit_the_outputs_are_said_not_guessed(registry):
    two = ClassSet.of_names(["x", "y"])
    predictor = open_predictor(registry, "tiny", settings=PredictSettings(class_set=two))
    labels = predictor.predict(stripes()).labels_hw
    assert set(np.unique(labels)) == {0, 1, 255}
    five = ClassSet.of_names("abcde")
    with pytest.raises(UserError, match="3 outputs.*5 classes"):
        open_predictor(registry, "tiny", settings=PredictSettings(class_set=five)).predict(stripes())


def test_an_unknown_device_and_a_missing_one_are_named(registry):
    with pytest.raises(UserError, match="there is no device 'tpu'"):
        open_predictor(registry, "tiny", settings=PredictSettings(device="tpu"))
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="cannot run on CUDA: .+"):
            open_predictor(registry, "tiny", settings=PredictSettings(device="cuda"))
        assert open_predictor(registry, "tiny").reason
