"""The card of BiSeNet; input convention and figures as in CoinCheung/BiSeNet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

BISENET = ModelCard(
    name="bisenet-v1",
    family="bisenet",
    title="BiSeNet, ResNet-18",
    task="semantic",
    paper=(
        "Yu, Wang, Peng, Gao, Yu, Sang: BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation, "
        "ECCV 2018, arXiv:1808.00897"
    ),
    year=2018,
    licence="MIT",
    class_set="cityscapes",
    preprocess=Preprocess(
        mean=(0.3257, 0.3690, 0.3223),
        std=(0.2112, 0.2148, 0.2115),
        size_hw=(1024, 2048),
        resize="stretch",
        multiple=32,
    ),
    input_size=(1024, 2048),
    parameters=0,
    gmacs=None,
    published=(Published("Cityscapes val", "mIoU", 75.44, "single scale, CoinCheung/BiSeNet"),),
    weights=(
        WeightsEntry(
            "cityscapes",
            "Cityscapes",
            "https://github.com/CoinCheung/BiSeNet/releases/download/0.0.0/model_final_v1_city_new.pth",
            "MIT",
            miou=75.44,
        ),
    ),
)
