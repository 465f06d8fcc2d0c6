"""Training pieces: crops that show what they were asked for, weights carried over, a loop that repeats."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.models.card import Preprocess
from segstudio.models.own_classes import classes_of
from segstudio.models.registry import default_registry
from segstudio.models.torch_backend.building import build_network
from segstudio.models.torch_backend.learning.crops import Census, Recipe, augmented, batch_of, crop_size
from segstudio.models.torch_backend.learning.start import take_over, untrained
from segstudio.models.torch_backend.learning.state import save_weights
from segstudio.models.torch_backend.learning.trainer import Trainer
from segstudio.models.torch_backend.pixels import to_input


def sample(size_hw=(96, 128), rare=True):
    random = np.random.default_rng(3)
    photo = random.integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    labels = np.zeros(size_hw, np.uint8)
    labels[:, size_hw[1] // 2 :] = 1
    if rare:
        labels[90:92, 3:5] = 2
    return photo, labels


def test_a_sought_class_is_in_every_crop():
    recipe = Recipe(crop_hw=(32, 32), scales=(1.0, 1.0))
    random = np.random.default_rng(1)
    for _ in range(40):
        assert (augmented(sample(), recipe, random, sought=2)[1] == 2).any()


def test_rare_classes_are_drawn_more_often_than_they_are_common():
    census = Census([sample()], 3)
    random = np.random.default_rng(1)
    drawn = [census.draw(random)[1] for _ in range(300)]
    assert drawn.count(2) > 200
    assert set(drawn) == {0, 1, 2}


def test_balance_weighs_classes_alike_and_keeps_the_mean():
    census = Census([sample()], 3)
    pixels = census.counts.sum(axis=0) + 1.0
    plain, equal = census.weights(0.0).numpy(), census.weights(1.0).numpy()
    np.testing.assert_allclose(plain, 1.0)
    np.testing.assert_allclose(equal * pixels, (equal * pixels)[0], rtol=1e-5)
    assert (equal * pixels).sum() / pixels.sum() == pytest.approx(1.0)


def test_crops_are_no_larger_than_images_and_fit_strides():
    assert crop_size([sample((60, 90))], (256, 448)) == (64, 96)
    assert crop_size([sample((600, 900))], (256, 448)) == (256, 448)


@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess(),
        Preprocess(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), order="bgr"),
        Preprocess(mean=(72.39, 82.91, 73.16), std=(45.3, 46.2, 44.7), scale_last=True),
    ],
)
def test_a_batch_is_what_the_predictor_gives_the_network(preprocess):
    photo, labels = sample()
    images, truth = batch_of([(photo.astype(np.float32) / 255, labels)], preprocess)
    expected = to_input(photo, preprocess, torch.device("cpu")).pixels
    torch.testing.assert_close(images, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(truth[0].numpy(), labels)


def test_what_a_network_knows_is_taken_over_by_the_meaning_of_its_outputs():
    registry = default_registry()
    known = untrained(registry, "toytown-unet", 5, seed=1)
    network = untrained(registry, "toytown-unet", 3, seed=2)
    fresh = {key: value.clone() for key, value in network.state_dict().items()}
    take_over(registry, "toytown-unet", known, {0: 4, 2: 1}, network, 3)
    old, new = known.state_dict(), network.state_dict()
    of_classes = [key for key in new if new[key].shape != old[key].shape]
    assert of_classes
    for key, tensor in new.items():
        if key in of_classes:
            torch.testing.assert_close(tensor[0], old[key][4])
            torch.testing.assert_close(tensor[2], old[key][1])
            torch.testing.assert_close(tensor[1], fresh[key][1])
        else:
            torch.testing.assert_close(tensor, old[key])


@pytest.mark.parametrize("name", ["toytown-unet", "toytown-fastscnn", "espnet-v2", "enet", "fast-scnn"])
def test_light_networks_train(name):
    registry = default_registry()
    network = build_network(registry, name, num_classes=3)
    samples = [sample((64, 64), rare=False)]
    preprocess = registry.card(name).preprocess
    trainer = Trainer(
        network, samples, Recipe(batch=2, warm_up=1), classes=3, ignored=255, preprocess=preprocess, seed=1
    )
    losses = [trainer.step(0.1) for _ in range(12)]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_an_epoch_begun_again_draws_the_same():
    drawn = []
    for before in (0, 3):
        network = untrained(default_registry(), "toytown-unet", 3, seed=1)
        trainer = Trainer(
            network, [sample()], Recipe(batch=1, sought=0.5), classes=3, ignored=255, preprocess=Preprocess(), seed=7
        )
        for _ in range(before):
            trainer._batch()
        trainer.begin_epoch(4)
        drawn.append(trainer._batch()[0][0])
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_a_crop_without_labels_teaches_nothing_and_breaks_nothing():
    photo, labels = sample()
    network = untrained(default_registry(), "toytown-unet", 3, seed=1)
    trainer = Trainer(
        network,
        [(photo, np.full_like(labels, 255))],
        Recipe(batch=1),
        classes=3,
        ignored=255,
        preprocess=Preprocess(),
        seed=7,
    )
    assert trainer.step(0.0) == 0.0
    assert all(torch.isfinite(p).all() for p in network.parameters())


def test_weights_name_their_classes(tmp_path):
    classes = ClassSet.of_names(["a", "b"], name="two")
    save_weights(tmp_path / "v1.safetensors", {"a": torch.zeros(2)}, classes)
    assert classes_of(tmp_path / "v1.safetensors") == classes
    save_weights(tmp_path / "v2.safetensors", {"a": torch.zeros(2)}, classes)
    damaged = (tmp_path / "v2.safetensors").read_bytes().replace(b"classes", b"klasses", 1)
    (tmp_path / "v2.safetensors").write_bytes(damaged)
    assert classes_of(tmp_path / "v2.safetensors") is None
    (tmp_path / "v3.safetensors").write_bytes(b"\xff" * 20)
    assert classes_of(tmp_path / "v3.safetensors") is None


def test_a_header_that_names_no_classes_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "x.safetensors", metadata={"segstudio.classes": "[1"})
    with pytest.raises(UserError, match="does not name classes"):
        classes_of(tmp_path / "x.safetensors")
