"""segmentation-models-pytorch's networks through the plugin: built as the library builds them, from its own folders."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.models import create_model, list_models, load_predictor, load_weights
from segstudio.models.registry import default_registry

smp = pytest.importorskip("segmentation_models_pytorch")
pytest.importorskip("timm")

SMALL = {"encoder_name": "resnet18"}
ARCHITECTURES = {
    "smp-unet-resnet34": smp.Unet,
    "smp-unet-plus-plus-resnet34": smp.UnetPlusPlus,
    "smp-fpn-resnet50": smp.FPN,
    "smp-pspnet-resnet50": smp.PSPNet,
    "smp-pan-resnet50": smp.PAN,
    "smp-deeplab-v3-resnet50": smp.DeepLabV3,
    "smp-deeplab-v3plus-resnet50": smp.DeepLabV3Plus,
    "smp-linknet-resnet34": smp.Linknet,
    "smp-segformer-resnet50": smp.Segformer,
}
CLASSES = ClassSet.of_names(["ground", "house", "tree"])


def cards():
    return [card for card in list_models() if default_registry().entry(card.name).plugin.id == "smp"]


def reference(name):
    torch.manual_seed(3)
    return ARCHITECTURES[name](encoder_name="resnet18", encoder_weights=None, classes=3).eval()


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_networks_give_the_librarys_logits(tmp_path, name):
    library = reference(name)
    torch.save(library.state_dict(), tmp_path / "weights.pth")
    model = load_weights(create_model(name, 3, config=SMALL), tmp_path / "weights.pth")
    pixels = torch.randn(1, 3, 128, 160)
    with torch.inference_mode():
        ours, theirs = model(pixels), library(pixels)
    assert ours.std() > 0
    torch.testing.assert_close(ours, theirs)


def test_a_folder_that_the_library_saved_is_opened_with_its_own_encoder_and_classes(tmp_path):
    library = reference("smp-unet-resnet34")
    library.save_pretrained(tmp_path / "mine")
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    predictor = load_predictor("smp-unet-resnet34", tmp_path / "mine", device="cpu", class_set=CLASSES)
    pixels = (torch.from_numpy(image) / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        expected = library(pixels.permute(2, 0, 1)[None])[0].argmax(dim=0).numpy()
    np.testing.assert_array_equal(predictor.predict(image).labels_hw, expected)
    with pytest.raises(UserError, match="type 'Unet', not 'FPN'"):
        load_predictor("smp-fpn-resnet50", tmp_path / "mine", device="cpu", class_set=CLASSES)
    with pytest.raises(UserError, match="3 outputs"):
        load_predictor("smp-unet-resnet34", tmp_path / "mine", device="cpu")


def test_a_folder_of_a_pickle_with_code_is_refused(tmp_path):
    import os
    import pickle

    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    library = reference("smp-unet-resnet34")
    library.save_pretrained(tmp_path / "mine")
    (tmp_path / "mine" / "model.safetensors").unlink()
    (tmp_path / "mine" / "pytorch_model.bin").write_bytes(pickle.dumps({"state_dict": Harmful()}))
    with pytest.raises(UserError):
        load_predictor("smp-unet-resnet34", tmp_path / "mine", device="cpu", class_set=CLASSES)
    assert not (tmp_path / "ran").exists()


def test_cards_count_the_parameters_and_networks_answer_at_any_size():
    assert len(cards()) == 13
    for card in cards():
        with torch.device("meta"):
            model = create_model(card.name)
        assert sum(p.numel() for p in model.parameters()) == card.parameters, card.name
        with torch.inference_mode():
            assert model(torch.empty(1, 3, 163, 227, device="meta")).shape == (1, 19, 163, 227), card.name
        assert "arXiv" in card.paper


def test_nothing_is_downloaded_to_build_one(monkeypatch):
    import socket

    def refuse(*_, **__):
        raise AssertionError("a network connection was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    for card in cards():
        with torch.device("meta"):
            create_model(card.name)


def test_without_the_extra_the_models_say_what_to_install(monkeypatch):
    import segstudio.models.registry as registry_module

    monkeypatch.setattr(registry_module, "find_spec", lambda name: None)
    for card in cards():
        status = default_registry().status(card.name)
        assert (status.state, status.note) == ("missing extra", "needs: pip install segstudio[smp]")
