"""torchvision's models through the plugin: the same outputs as torchvision itself, from the same weights files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.models import detection, segmentation

from segstudio.core.errors import UserError
from segstudio.models import create_model, list_models, load_predictor, load_weights
from segstudio.models.registry import default_registry

SEMANTIC = {
    "fcn-resnet50": segmentation.fcn_resnet50,
    "fcn-resnet101": segmentation.fcn_resnet101,
    "deeplab-v3-resnet50": segmentation.deeplabv3_resnet50,
    "deeplab-v3-resnet101": segmentation.deeplabv3_resnet101,
    "deeplab-v3-mobilenet-v3": segmentation.deeplabv3_mobilenet_v3_large,
    "lraspp-mobilenet-v3-large": segmentation.lraspp_mobilenet_v3_large,
}


@pytest.mark.parametrize("name", ["fcn-resnet50", "deeplab-v3-mobilenet-v3", "lraspp-mobilenet-v3-large"])
def test_semantic_networks_give_torchvisions_logits(tmp_path, name):
    torch.manual_seed(0)
    reference = SEMANTIC[name](weights=None, weights_backbone=None, num_classes=21).eval()
    state = reference.state_dict()
    state["aux_classifier.0.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "weights.pth")
    model = load_weights(create_model(name), tmp_path / "weights.pth")
    pixels = torch.randn(1, 3, 65, 97)
    with torch.inference_mode():
        torch.testing.assert_close(model(pixels), reference(pixels)["out"])


@pytest.mark.parametrize("name", sorted(SEMANTIC))
def test_cards_count_the_parameters_that_the_networks_have(name):
    with torch.device("meta"):
        model = create_model(name)
    assert sum(p.numel() for p in model.parameters()) == default_registry().card(name).parameters
    with torch.inference_mode():
        assert model(torch.empty(1, 3, 64, 96, device="meta")).shape == (1, 21, 64, 96)


def test_mask_rcnn_gives_torchvisions_detections(tmp_path):
    torch.manual_seed(1)
    reference = detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None).eval()
    for module in reference.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 0.0  # as torchvision sets it when it loads these weights
    torch.save(reference.state_dict(), tmp_path / "weights.pth")
    model = load_weights(create_model("mask-rcnn-resnet50-fpn"), tmp_path / "weights.pth")
    model.roi_heads.score_thresh = reference.roi_heads.score_thresh = 0.0
    model.transform.min_size = reference.transform.min_size = (160,)
    pixels = torch.rand(1, 3, 60, 80)
    with torch.inference_mode():
        (ours,), (theirs,) = model(pixels), reference([pixels[0]])
    assert len(ours["scores"]) > 0
    for key in theirs:
        torch.testing.assert_close(ours[key], theirs[key])


def test_a_voc_model_predicts_with_weights_of_a_file(tmp_path):
    name = "lraspp-mobilenet-v3-large"
    torch.manual_seed(2)
    torch.save(create_model(name).state_dict(), tmp_path / "weights.pth")
    image = np.random.default_rng(0).integers(0, 256, (100, 140, 3), dtype=np.uint8)
    prediction = load_predictor(name, tmp_path / "weights.pth", device="cpu").predict(image)
    assert prediction.labels_hw.shape == (100, 140)
    assert prediction.class_set.name == "voc"


def test_every_model_names_its_paper_and_where_its_weights_are():
    cards = {card.name: card for card in list_models()}
    for name in [*SEMANTIC, "mask-rcnn-resnet50-fpn", "mask-rcnn-resnet50-fpn-v2"]:
        card = cards[name]
        assert "arXiv" in card.paper
        assert card.weights[0].source.startswith("https://download.pytorch.org/models/")
    assert "mask-rcnn-resnet50-fpn" not in {card.name for card in list_models("semantic")}


def test_without_a_connection_the_error_says_where_to_put_the_file(tmp_path, monkeypatch):
    import urllib.request

    def offline(*_, **__):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setenv("SEGSTUDIO_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", offline)
    with pytest.raises(UserError, match="cannot be reached") as caught:
        load_predictor("fcn-resnet50", device="cpu")
    assert str(tmp_path / "fcn_resnet50_coco-1167a1af.pth") in caught.value.hint
    assert default_registry().status("fcn-resnet50").state == "weights needed"
