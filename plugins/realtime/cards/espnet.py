"""The card of ESPNet; weights and input convention as published in sacmehta/ESPNet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry, with_background

_HOME = "https://github.com/sacmehta/ESPNet/raw/master/pretrained/decoder/"

CITYSCAPES = Preprocess(
    mean=(72.3923111, 82.90893555, 73.15840149),
    std=(45.3192215, 46.15289307, 44.91483307),
    order="bgr",
    scale=1 / 255,
    scale_last=True,
    size_hw=(512, 1024),
    resize="stretch",
    multiple=8,
    restore="labels",
)
CAMVID = Preprocess(
    mean=(110.36, 108.41, 105.03),
    std=(78.41, 79.52, 78.36),
    order="bgr",
    scale=1 / 255,
    scale_last=True,
    size_hw=(360, 480),
    resize="stretch",
    multiple=8,
    restore="labels",
)

ESPNET = ModelCard(
    name="espnet",
    family="espnet",
    title="ESPNet (p = 2, q = 8)",
    task="semantic",
    paper=(
        "Mehta, Rastegari, Caspi, Shapiro, Hajishirzi: ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for "
        "Semantic Segmentation, ECCV 2018, arXiv:1803.06815"
    ),
    year=2018,
    licence="MIT",
    class_set="cityscapes",
    channels=with_background(19),
    preprocess=CITYSCAPES,
    input_size=(512, 1024),
    parameters=364_569,
    gmacs=4.709,
    published=(
        Published("Cityscapes test", "mIoU", 60.336, "the authors' weights p = 2, q = 8"),
        Published("Cityscapes", "million parameters", 0.364, "paper"),
        Published("Cityscapes", "FPS", 112.0, "NVIDIA TitanX, 1024×512, paper"),
        Published("CamVid test", "mIoU", 55.64, "the authors' weights"),
    ),
    weights=(
        WeightsEntry(
            "cityscapes",
            "Cityscapes",
            _HOME + "espnet_p_2_q_8.pth",
            "MIT",
            miou=60.336,
            sha256="343b0e77e8545d36113c4f3efbf1ee349256f25c97c9f9d5ddefe45f2f49763e",
            size=1_501_621,
        ),
        WeightsEntry(
            "camvid",
            "CamVid",
            _HOME + "espnet_p_2_q_8_camvid.pth",
            "MIT",
            miou=55.64,
            sha256="7d354a257170322086dcd4c1e89a482454cf2c9d30b085e70883878dd59301af",
            size=1_460_677,
            class_set="camvid",
            channels=with_background(11),
            preprocess=CAMVID,
        ),
    ),
    notes=(
        "The last output is background. Pixels are normalised in BGR and divided by 255 afterwards, as the weights "
        "were trained. The weights for CamVid give the last skip connection the image too; the network follows them."
    ),
)
