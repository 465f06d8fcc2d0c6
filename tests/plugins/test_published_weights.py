"""Weights that their authors published: each file loads as it is and is recognised with its classes and its input."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.errors import UserError
from segstudio.models import create_model, load_predictor, load_weights
from segstudio.models.card import Preprocess
from segstudio.models.registry import default_registry
from segstudio.models.weights import identify

FILES = {
    "espnet_p2_q8_cityscapes.pth": ("espnet", "cityscapes", "cityscapes", (512, 1024)),
    "espnet_p2_q8_camvid.pth": ("espnet", "camvid", "camvid", (360, 480)),
    "espnetv2_s2.0_cityscapes_1024x512.pth": ("espnet-v2", "cityscapes-s2.0-1024x512", "cityscapes", (512, 1024)),
    "espnetv2_s0.5_cityscapes_512x256.pth": ("espnet-v2", "cityscapes-s0.5-512x256", "cityscapes", (256, 512)),
    "espnetv2_s2.0_voc_384x384.pth": ("espnet-v2", "voc-s2.0-384x384", "voc", (384, 384)),
    "c3net_cityscapes.pth": ("c3net", "cityscapes", "cityscapes", (512, 1024)),
    "sinet_cityscapes.pth": ("sinet", "cityscapes", "cityscapes", (1024, 2048)),
    "enet_zh320_cityscapes.pth": ("enet", "cityscapes-zh320", "cityscapes", (1024, 2048)),
    "fddwnet_zh320_cityscapes.pth": ("fddwnet", "cityscapes-zh320", "cityscapes", (1024, 2048)),
}


@pytest.mark.parametrize("file", FILES)
def test_a_published_file_is_recognised_by_its_content(shared_weights, tmp_path, file):
    model, entry, class_set, size_hw = FILES[file]
    renamed = shutil.copy(shared_weights / file, tmp_path / "downloaded.pth")
    assert identify(default_registry().card(model), renamed).name == entry
    predictor = load_predictor(model, renamed, device="cpu")
    assert predictor.class_set.name == class_set
    assert predictor.preprocess.size_hw == size_hw
    assert predictor.notes == ()


@pytest.mark.parametrize("file", FILES)
def test_a_published_file_loads_into_the_model_of_its_number_of_outputs(shared_weights, file):
    model, _, class_set, _ = FILES[file]
    outputs = {"cityscapes": 20, "camvid": 12, "voc": 21}[class_set] - (model in ("sinet", "enet", "fddwnet"))
    network = load_weights(create_model(model, num_classes=outputs), shared_weights / file)
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 128, 256)).shape == (1, outputs, 128, 256)


def test_the_same_prediction_with_and_without_explicit_preprocessing(shared_weights):
    rng = np.random.default_rng(0)
    image = np.kron(rng.integers(0, 256, (30, 40, 3)), np.ones((12, 12, 1))).astype(np.uint8)
    path = shared_weights / "espnet_p2_q8_camvid.pth"
    by_itself = load_predictor("espnet", path, device="cpu").predict(image)
    explicit = Preprocess().with_options(
        mean=(110.36, 108.41, 105.03), std=(78.41, 79.52, 78.36), order="bgr", scale=1 / 255, size_hw=(360, 480)
    )
    given = load_predictor("espnet", path, device="cpu", preprocess=explicit, class_set=ClassSet.load("camvid"))
    assert (given.predict(image).labels_hw == by_itself.labels_hw).mean() > 0.99


def test_changed_weights_of_a_known_shape_say_what_was_taken_for_granted(shared_weights, tmp_path):
    state = torch.load(shared_weights / "espnet_p2_q8_camvid.pth", map_location="cpu", weights_only=True)
    state["br.bias"] = state["br.bias"] + 1e-3
    torch.save(state, tmp_path / "mine.pth")
    predictor = load_predictor("espnet", tmp_path / "mine.pth", device="cpu")
    assert predictor.class_set.name == "camvid"
    assert "mine.pth" in predictor.notes[0]


def test_background_outputs_do_not_count(shared_weights):
    predictor = load_predictor("espnet", shared_weights / "espnet_p2_q8_cityscapes.pth", device="cpu")
    with torch.no_grad():
        predictor._network.classifier.weight.zero_()
        predictor._network.register_forward_hook(lambda module, args, out: out.index_fill(1, torch.tensor(19), 1.0))
    labels = predictor.predict(np.zeros((64, 128, 3), np.uint8)).labels_hw
    assert (labels == IGNORED).all()


def test_weights_of_another_network_are_refused(shared_weights):
    with pytest.raises(UserError, match="not the weights of ENet"):
        load_predictor("enet", shared_weights / "sinet_cityscapes.pth", device="cpu")
    with pytest.raises(UserError, match="not the weights of ESPNet"):
        load_predictor("espnet", shared_weights / "fddwnet_zh320_cityscapes.pth", device="cpu")
