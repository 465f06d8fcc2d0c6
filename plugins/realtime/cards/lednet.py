"""The card of LEDNet; input convention as in xiaoyufenfei/LEDNet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, with_background

LEDNET = ModelCard(
    name="lednet",
    family="lednet",
    title="LEDNet",
    task="semantic",
    paper=(
        "Wang, Zhou, Liu, Xiong, Gao, Wu, Latecki: LEDNet: A Lightweight Encoder-Decoder Network for Real-Time "
        "Semantic Segmentation, ICIP 2019, arXiv:1905.02423"
    ),
    year=2019,
    licence="MIT",
    class_set="cityscapes",
    channels=with_background(19),
    preprocess=Preprocess(
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), size_hw=(512, 1024), resize="stretch", multiple=32, antialias=True
    ),
    input_size=(512, 1024),
    parameters=925_663,
    gmacs=11.21,
    published=(
        Published("Cityscapes test", "mIoU", 70.6, "paper, trained with the coarse annotations too"),
        Published("Cityscapes test", "FPS", 71.0, "paper, 1024×512, NVIDIA GTX 1080 Ti"),
        Published("Cityscapes", "parameters (M)", 0.94, "paper"),
    ),
    notes="The authors published no weights. The last output is background. Pixels are only divided by 255.",
)
