"""The card of ENet as davidtvs trained it; input convention and classes as in davidtvs/PyTorch-ENet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry, with_background

_HOME = "https://github.com/davidtvs/PyTorch-ENet/raw/e17d404e2f649a3476eabe39f8a05e5eb77c55fd/save/"


def _input(width: int, height: int) -> Preprocess:
    return Preprocess(
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), size_hw=(height, width), resize="stretch", multiple=8, antialias=True
    )


ENET = ModelCard(
    name="enet-davidtvs",
    family="enet",
    title="ENet (davidtvs)",
    task="semantic",
    paper=(
        "Paszke, Chaurasia, Kim, Culurciello: ENet: A Deep Neural Network Architecture for Real-Time Semantic "
        "Segmentation, 2016, arXiv:1606.02147"
    ),
    year=2016,
    licence="MIT",
    class_set="cityscapes",
    channels=(*with_background(0), *range(19)),
    preprocess=_input(1024, 512),
    input_size=(512, 1024),
    parameters=351_804,
    gmacs=4.056,
    published=(
        Published("Cityscapes test", "mIoU", 58.3, "paper"),
        Published("CamVid test", "mIoU", 51.3, "paper"),
        Published("Cityscapes val", "mIoU", 59.5, "the weights of davidtvs/PyTorch-ENet, 1024×512"),
        Published("CamVid test", "mIoU", 52.1, "the weights of davidtvs/PyTorch-ENet, 480×360"),
    ),
    weights=(
        WeightsEntry("cityscapes", "Cityscapes", _HOME + "ENet_Cityscapes/ENet", "MIT", miou=59.5),
        WeightsEntry(
            "camvid",
            "CamVid",
            _HOME + "ENet_CamVid/ENet",
            "MIT",
            miou=52.1,
            class_set="camvid",
            channels=with_background(11),
            preprocess=_input(480, 360),
        ),
    ),
    notes=(
        "The variant of davidtvs/PyTorch-ENet, close to the paper; `enet` is that of zh320. For Cityscapes the first "
        "output is unlabelled, for CamVid the last. Pixels are only divided by 255."
    ),
)
