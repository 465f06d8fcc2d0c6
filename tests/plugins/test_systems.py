"""The systems of the literature: every one has an honest card, a network that builds, and predictions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.models import create_model, list_models, load_predictor
from segstudio.models.card import Preprocess
from segstudio.models.registry import default_registry

CLASSIC = {
    "FCN-32s": "fcn-32s",
    "FCN-16s": "fcn-16s",
    "FCN-8s": "fcn-8s",
    "torchvision's FCN": "fcn-resnet50",
    "ReSeg": "reseg",
    "U-Net": "unet",
    "ParseNet": "parsenet",
    "SegNet": "segnet",
    "DeepLab v1": "deeplab-v1-vgg16",
    "DeepLab v2": "deeplab-v2-resnet101",
    "DeepLab v3, ResNet": "deeplab-v3-resnet101",
    "DeepLab v3, MobileNetV2": "deeplab-v3-mobilenet-v2",
    "DeepLab v3+, ResNet": "deeplab-v3plus-resnet101",
    "DeepLab v3+, MobileNetV2": "deeplab-v3plus-mobilenet-v2",
    "DeepLab v3+, Xception": "deeplab-v3plus-xception",
    "DeepLab v3+, aligned Xception": "deeplab-v3plus-xception65",
    "RefineNet": "refinenet-resnet101",
    "Light-Weight RefineNet": "refinenet-lw-resnet50",
    "PSPNet": "pspnet-resnet50",
    "PSPNet, PSSL": "pspnet-resnet50-vd",
    "FC-DenseNet 56": "fc-densenet-56",
    "FC-DenseNet 67": "fc-densenet-67",
    "FC-DenseNet 103": "fc-densenet-103",
    "DANet": "danet-resnet101",
    "FastFCN": "fastfcn-resnet50",
    "Gated-SCNN": "gated-scnn",
    "LR-ASPP": "lraspp-mobilenet-v3-large",
}
OBJECTS = {
    "DeepMask": "deepmask",
    "SharpMask": "sharpmask",
    "Mask R-CNN": "mask-rcnn-resnet50-fpn",
    "YOLACT": "yolact-resnet50",
    "SOLO": "solo-resnet50",
    "SOLOv2": "solo-v2-resnet50",
    "PANet": "panet-resnet50",
    "MaskLab": "masklab-resnet101",
    "OneFormer": "oneformer-swin-l",
    "Mask2Former": "mask2former-swin-t",
    "MaskFormer": "maskformer-swin-t",
    "EoMT": "eomt-l",
    "SegFormer": "segformer-b0",
    "UPerNet, Swin": "upernet-swin-t",
    "UPerNet, ConvNeXt": "upernet-convnext-t",
}
REAL_TIME = {
    "ENet": "enet",
    "ERFNet": "erfnet",
    "ESPNet": "espnet",
    "ESPNetV2": "espnet-v2",
    "Fast-SCNN": "fast-scnn",
    "ContextNet": "contextnet",
    "LEDNet": "lednet",
    "BiSeNet V1": "bisenet-v1",
    "BiSeNet V2": "bisenet-v2",
    "DDRNet": "ddrnet-23-slim",
    "PIDNet": "pidnet-s",
    "SwiftNet": "swiftnet-rn18",
    "LinkNet": "linknet",
    "DFANet": "dfanet",
    "SINet": "sinet",
    "C3Net": "c3net",
    "FDDWNet": "fddwnet",
    "EdgeAI MobileNetV2 + DeepLabV3Lite": "edgeai-mobilenet-v2-deeplab-v3lite",
    "EdgeAI MobileNetV2 + UNetLite": "edgeai-mobilenet-v2-unetlite",
    "EdgeAI MobileNetV2 + FPNLite": "edgeai-mobilenet-v2-fpnlite",
    "EdgeAI RegNetX + DeepLabV3Lite": "edgeai-regnetx-800mf-deeplab-v3lite",
    "EdgeAI RegNetX + UNetLite": "edgeai-regnetx-800mf-unetlite",
    "EdgeAI RegNetX + FPNLite": "edgeai-regnetx-400mf-fpnlite",
}
SYSTEMS = CLASSIC | OBJECTS | REAL_TIME
PREDICTED_ELSEWHERE = {"PANet", "MaskLab", "SOLO", "SOLOv2", "YOLACT", "DeepMask", "SharpMask"}
"""In test_instance_networks.py, with fewer classes and regions."""

HEAVY = {"OneFormer", "EoMT", "Mask R-CNN", "FCN-32s", "FCN-16s", "FCN-8s", "Gated-SCNN", "RefineNet", "DANet"}
STATES = {"works", "weights needed", "missing extra", "not yet"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_has_a_card_that_says_what_is_known(system):
    registry = default_registry()
    card = registry.card(SYSTEMS[system])
    status = registry.status(card.name)
    assert status.state in STATES
    assert status.state != "not yet"
    assert ":" in card.paper  # authors, then the title
    assert 2014 <= card.year <= 2026
    assert card.licence
    assert card.parameters
    assert card.input_size
    # What is not stated is explained.
    assert card.published or card.notes
    assert card.gmacs or card.notes
    for entry in card.weights:
        assert entry.licence
        assert entry.source


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_systems_network_builds_with_the_parameters_of_its_card(system):
    card = default_registry().card(SYSTEMS[system])
    if default_registry().status(card.name).state == "missing extra":
        pytest.skip("its extra is not installed")
    with torch.device("meta"):
        network = create_model(card.name)
    assert sum(parameter.numel() for parameter in network.parameters()) == card.parameters


@pytest.mark.parametrize(
    "system",
    [pytest.param(s, marks=pytest.mark.slow) if s in HEAVY else s for s in SYSTEMS if s not in PREDICTED_ELSEWHERE],
)
def test_a_system_predicts_on_a_small_image(tmp_path, system):
    card = default_registry().card(SYSTEMS[system])
    if default_registry().status(card.name).state == "missing extra":
        pytest.skip("its extra is not installed")
    if card.requires and card.parameters > 50_000_000 and system not in HEAVY:
        pytest.skip("its small variants are held to the library in test_transformers_plugin.py")
    torch.manual_seed(0)
    torch.save(create_model(card.name).state_dict(), tmp_path / "weights.pth")
    image = np.random.default_rng(0).integers(0, 256, (120, 150, 3), dtype=np.uint8)
    given = card.preprocess
    small = Preprocess(given.mean, given.std, given.order, given.scale, given.scale_last, multiple=given.multiple)
    options = {} if card.name == "eomt-l" else {"preprocess": small}
    predictor = load_predictor(card.name, tmp_path / "weights.pth", device="cpu", score=0.0, **options)
    prediction = predictor.predict(image)
    if card.task == "instance":
        assert prediction.labels_hw is None
    else:
        assert prediction.labels_hw.shape == (120, 150)
        assert set(np.unique(prediction.labels_hw)) <= {*range(card.classes().num_classes), 255}


def test_the_list_of_models_tells_every_system():
    names = {card.name for card in list_models()}
    assert set(SYSTEMS.values()) <= names
