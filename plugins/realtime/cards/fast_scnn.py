"""The card of Fast-SCNN; weights and input convention as published in Tramac/Fast-SCNN-pytorch."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

_COMMIT = "0638517d359ae1664a27dfb2cd1780a40a06c465"

FAST_SCNN = ModelCard(
    name="fast-scnn",
    family="fast-scnn",
    title="Fast-SCNN",
    task="semantic",
    paper=("Poudel, Liwicki, Cipolla: Fast-SCNN: Fast Semantic Segmentation Network, BMVC 2019, arXiv:1902.04502"),
    year=2019,
    licence="Apache-2.0",
    class_set="cityscapes",
    preprocess=Preprocess(size_hw=(1024, 2048), resize="stretch", multiple=32),
    input_size=(1024, 2048),
    parameters=1_138_051,
    gmacs=6.708,
    published=(
        Published("Cityscapes val", "mIoU", 68.6, "paper"),
        Published("Cityscapes val", "mIoU", 54.84, "the weights of Tramac/Fast-SCNN-pytorch"),
    ),
    weights=(
        WeightsEntry(
            "cityscapes",
            "Cityscapes",
            f"https://github.com/Tramac/Fast-SCNN-pytorch/raw/{_COMMIT}/weights/fast_scnn_citys.pth",
            "Apache-2.0",
            miou=54.84,
        ),
    ),
    notes="The variant of Tramac/Fast-SCNN-pytorch: no padding at first, no dilation in the fusion.",
)
