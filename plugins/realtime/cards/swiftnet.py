"""The card of SwiftNet; input convention and figures as in orsic/swiftnet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

SWIFTNET_RN18 = ModelCard(
    name="swiftnet-rn18",
    family="swiftnet",
    title="SwiftNet RN-18 (single scale)",
    task="semantic",
    paper=(
        "Oršić, Krešo, Bevandić, Šegvić: In Defense of Pre-trained ImageNet Architectures for Real-time Semantic "
        "Segmentation of Road-driving Images, CVPR 2019, arXiv:1903.08469"
    ),
    year=2019,
    licence="GPL-3.0 (the reference and its weights)",
    class_set="cityscapes",
    preprocess=Preprocess(
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), scale=1.0, size_hw=(1024, 2048), resize="stretch", multiple=32
    ),
    input_size=(1024, 2048),
    parameters=11_797_071,
    gmacs=103.566,
    published=(
        Published("Cityscapes val", "mIoU", 75.4, "paper"),
        Published("Cityscapes test", "mIoU", 75.5, "paper"),
        Published("Cityscapes test", "FPS", 39.9, "paper, 2048×1024, NVIDIA GTX 1080 Ti"),
        Published("Cityscapes", "parameters (M)", 11.8, "paper"),
        Published("Cityscapes", "GMACs", 104.0, "paper, 2048×1024"),
    ),
    notes=(
        "The weights are on Google Drive: give the file that orsic/swiftnet links to. The network itself subtracts the "
        "mean and divides by the deviation, so pixels go in as they are, 0…255."
    ),
)
