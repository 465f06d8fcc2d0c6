"""The cards of ENet and FDDWNet as trained by zh320; input convention as in that repository."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

_COMMIT = "1a32d68ec9a02b244d158d0512f93c6e45fe86b9"
_HOME = f"https://github.com/zh320/realtime-semantic-segmentation-pytorch/raw/{_COMMIT}/weights/"
_FULL = Preprocess(size_hw=(1024, 2048), resize="stretch", multiple=8)

ENET = ModelCard(
    name="enet",
    family="enet",
    title="ENet",
    task="semantic",
    paper=(
        "Paszke, Chaurasia, Kim, Culurciello: ENet: A Deep Neural Network Architecture for Real-Time Semantic "
        "Segmentation, 2016, arXiv:1606.02147"
    ),
    year=2016,
    licence="Apache-2.0",
    class_set="cityscapes",
    preprocess=_FULL,
    input_size=(1024, 2048),
    parameters=365_100,
    gmacs=15.822,
    published=(
        Published("Cityscapes test", "mIoU", 58.3, "paper"),
        Published("Cityscapes val", "mIoU", 71.31, "zh320's variant, 2048×1024"),
    ),
    weights=(
        WeightsEntry(
            "cityscapes-zh320",
            "Cityscapes",
            _HOME + "enet_crop-1024_800epoch.pth",
            "Apache-2.0",
            miou=71.31,
            sha256="a2813d0505a689c80e84f49c218a853b7bf37c70b862b81ccfae58ec6dd138be",
            size=1_660_549,
        ),
    ),
    notes=(
        "The variant of zh320/realtime-semantic-segmentation-pytorch: normalisation and PReLU on the class scores, "
        "none in the pooled part of the first block. Other public ENets have other layers; their weights do not fit."
    ),
)

FDDWNET = ModelCard(
    name="fddwnet",
    family="fddwnet",
    title="FDDWNet",
    task="semantic",
    paper=(
        "Liu, Zhou, Qiang, Kang, Wu, Zheng: FDDWNet: A Lightweight Convolutional Neural Network for Real-time Semantic "
        "Segmentation, ICASSP 2020, arXiv:1911.00632"
    ),
    year=2020,
    licence="Apache-2.0",
    class_set="cityscapes",
    preprocess=_FULL,
    input_size=(1024, 2048),
    parameters=773_682,
    gmacs=34.3,
    published=(
        Published("Cityscapes test", "mIoU", 71.5, "paper"),
        Published("Cityscapes val", "mIoU", 75.86, "zh320's variant, 2048×1024"),
    ),
    weights=(
        WeightsEntry(
            "cityscapes-zh320",
            "Cityscapes",
            _HOME + "fddwnet_crop-1024_800epoch.pth",
            "Apache-2.0",
            miou=75.86,
            sha256="eb69e3c8e2879c4f3c57cabff38dbda8014e00ac61ee041094424b0afbd51978",
            size=3_567_667,
        ),
    ),
    notes=(
        "The variant of zh320/realtime-semantic-segmentation-pytorch: ReLU for ReLU6, one shortcut for three, "
        "normalisation and ReLU on the class scores."
    ),
)
