"""The card of ERFNet; weights and input convention as published in Eromera/erfnet_pytorch."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry, with_background

_COMMIT = "d4a46faf9e465286c89ebd9c44bc929b2d213fb3"

ERFNET = ModelCard(
    name="erfnet",
    family="erfnet",
    title="ERFNet",
    task="semantic",
    paper=(
        "Romera, Álvarez, Bergasa, Arroyo: ERFNet: Efficient Residual Factorized ConvNet for Real-Time Semantic "
        "Segmentation, IEEE Transactions on Intelligent Transportation Systems 19(1), 2018"
    ),
    year=2018,
    licence="CC BY-NC 4.0 (the reference and its weights)",
    class_set="cityscapes",
    channels=with_background(19),
    preprocess=Preprocess(
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), size_hw=(512, 1024), resize="stretch", multiple=8, antialias=True
    ),
    input_size=(512, 1024),
    parameters=2_066_836,
    gmacs=26.613,
    published=(
        Published("Cityscapes val", "mIoU", 72.1, "the authors' weights"),
        Published("Cityscapes test", "mIoU", 69.8, "the authors' weights"),
    ),
    weights=(
        WeightsEntry(
            "cityscapes",
            "Cityscapes",
            f"https://github.com/Eromera/erfnet_pytorch/raw/{_COMMIT}/trained_models/erfnet_pretrained.pth",
            "CC BY-NC 4.0",
            miou=72.1,
        ),
    ),
    notes="The last output is background. Pixels are only divided by 255. The weights are for non-commercial use.",
)
