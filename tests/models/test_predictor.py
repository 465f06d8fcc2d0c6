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
from segstudio.models.torch_backend.device import choose_device
from segstudio.models.torch_backend.fallback import Plan
from segstudio.models.torch_backend.opening import open_predictor
from segstudio.models.torch_backend.predictor import Predictor
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


def noise(count, height=40, width=50):
    rng = np.random.default_rng(count)
    return [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(count)]


def test_many_images_give_what_each_alone_gives_in_their_order(registry, monkeypatch):
    images = [*noise(3), *noise(2, 30, 44), *noise(1)]
    alone = [open_predictor(registry, "tiny").predict(image) for image in images]
    predictor = open_predictor(registry, "tiny", settings=PredictSettings(batch=2))
    widths = []
    predictor._network.register_forward_pre_hook(lambda _, args: widths.append(len(args[0])))
    together = list(predictor.predict_all(images))
    assert widths == [2, 1, 2, 1]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.labels_hw, other.labels_hw)
        assert np.abs(one.confidence_hw.astype(int) - other.confidence_hw.astype(int)).max() <= 1
        assert one.seconds > 0


def test_objects_are_found_one_image_at_a_time(registry):
    image = np.zeros((20, 30, 3), np.uint8)
    image[2:5, 3:9, 0] = 255
    predictor = open_predictor(registry, "tiny-boxes", settings=PredictSettings(batch=4))
    assert [len(one.objects) for one in predictor.predict_all([image, image])] == [1, 1]


def test_memory_that_runs_out_means_fewer_images_then_tiles_and_it_is_told(registry, monkeypatch):
    images = noise(8, 300, 300)
    expected = [open_predictor(registry, "tiny").predict(image).labels_hw for image in images]
    predictor = open_predictor(registry, "tiny", settings=PredictSettings(batch=8))
    forward = predictor._network.forward

    def tight(x):
        if x.numel() > 3 * 260 * 260:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory")
        return forward(x)

    monkeypatch.setattr(predictor._network, "forward", tight)
    predictions = list(predictor.predict_all(images))
    for one, labels_hw in zip(predictions, expected, strict=True):
        np.testing.assert_array_equal(one.labels_hw, labels_hw)
    steps = [note.split(": ")[1] for note in predictions[0].notes]
    assert steps == ["4 images at once", "2 images at once", "1 image at once", "tiles of 256 pixels"]
    assert predictor.predict(images[0]).notes == ()  # what worked is kept


def test_the_last_step_of_the_ladder_is_the_cpu_with_the_reason():
    plan = Plan(torch.device("cuda", 0), batch=2)
    said = []
    for count in (2, 1, 1, 1):
        plan = plan.smaller((1000, 700), count=count, may_tile=True)
        said.append(plan.said)
    assert said == [
        "out of memory on cuda:0: 1 image at once",
        "out of memory on cuda:0: tiles of 512 pixels",
        "out of memory on cuda:0: tiles of 256 pixels",
        "out of memory on cuda:0: on the CPU",
    ]
    assert plan.device.type == "cpu"
    assert "cuda:0" in plan.reason


class Sided(torch.nn.Module):
    """Says class 0 in the left half of whatever it is given, class 1 in the right one."""

    def forward(self, x):
        half = x.shape[-1] // 2
        logits = torch.zeros(len(x), 3, *x.shape[-2:])
        logits[:, 0, :, :half], logits[:, 1, :, half:] = 2.0, 4.0
        return logits


def test_mirror_images_and_scales_are_averaged(registry):
    card = registry.card("tiny")
    image = stripes(32, 64)
    sides = []

    def run(**settings):
        network = Sided()
        network.register_forward_pre_hook(lambda _, args: sides.append(tuple(args[0].shape[-2:])))
        chosen = PredictSettings(device="cpu", **settings)
        return Predictor(card, network, choice=choose_device("cpu"), settings=chosen).predict(image)

    plain = run()
    assert (plain.labels_hw[:, :32] == 0).all()
    mirrored = run(flip=True)
    assert (mirrored.labels_hw == 1).all()  # as sure on one side as on the other, and surer of class 1
    two, four = np.exp(2.0), np.exp(4.0)
    expected = (1 / (two + 2) + four / (four + 2)) / 2
    assert abs(int(mirrored.confidence_hw[3, 3]) - 255 * expected) <= 1
    sides.clear()
    run(scales=(0.5, 1.0, 1.5))
    assert sides == [(16, 32), (32, 64), (48, 96)]


@pytest.mark.parametrize("tile", [0, 32])
@pytest.mark.parametrize("how", ["crf", "guided"])
def test_refinement_removes_specks_that_the_image_does_not_have(registry, how, tile):
    image = np.zeros((60, 80, 3), np.uint8)
    image[..., 0] = 255

    class Specked(torch.nn.Module):
        def forward(self, x):
            logits = torch.zeros(len(x), 3, *x.shape[-2:])
            logits[:, 0] = 0.8
            logits[:, 1, ::9, ::9] = 1.2
            return logits

    settings = PredictSettings(device="cpu", refine=how, tile=tile)
    predictor = Predictor(registry.card("tiny"), Specked(), choice=choose_device("cpu"), settings=settings)
    assert (predictor.predict(image).labels_hw == 0).all()


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_each_precision_finds_the_stripes(registry, precision):
    settings = PredictSettings(device="cpu", precision=precision, channels_last=True)
    predictor = open_predictor(registry, "tiny", settings=settings)
    np.testing.assert_array_equal(predictor.predict(stripes()).labels_hw, stripe_labels())


def test_what_cannot_be_compiled_runs_plainly_and_says_so(registry, monkeypatch):
    def broken(*_, **__):
        raise OSError("there is no compiler")

    monkeypatch.setattr(torch, "compile", broken)
    prediction = open_predictor(registry, "tiny", settings=PredictSettings(compiled=True)).predict(stripes())
    np.testing.assert_array_equal(prediction.labels_hw, stripe_labels())
    assert prediction.notes == ("cannot run compiled: there is no compiler; runs plainly",)


@pytest.mark.parametrize(
    "wrong", [{"batch": 0}, {"scales": (0.0,)}, {"refine": "magic"}, {"precision": "int8"}, {"tile": 7}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UserError):
        PredictSettings(**wrong)
