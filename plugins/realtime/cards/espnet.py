"""The card of ESPNet; weights and input convention as published in sacmehta/ESPNet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry, with_background

_HOME = "https://github.com/sacmehta/ESPNet/raw/master/pretrained/"

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

_PAPER = (
    "Mehta, Rastegari, Caspi, Shapiro, Hajishirzi: ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for "
    "Semantic Segmentation, ECCV 2018, arXiv:1803.06815"
)


def _smaller(q: int, size: int, sha256: str, *, part: str = "decoder") -> WeightsEntry:
    """The authors' weights with `q` blocks in the third level; they publish no score of their own for these."""
    source = f"{_HOME}{part}/espnet_p_2_q_{q}.pth"
    name = f"cityscapes-q{q}"
    return WeightsEntry(name, "Cityscapes", source, "MIT", sha256=sha256, size=size, options={"q": q})


ESPNET = ModelCard(
    name="espnet",
    family="espnet",
    title="ESPNet (p = 2, q = 8)",
    task="semantic",
    paper=_PAPER,
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
            _HOME + "decoder/espnet_p_2_q_8.pth",
            "MIT",
            miou=60.336,
            sha256="343b0e77e8545d36113c4f3efbf1ee349256f25c97c9f9d5ddefe45f2f49763e",
            size=1_501_621,
        ),
        _smaller(5, 1_104_612, "0378be45080ca5edfc416e9ba06b04e74ec5e2ec4baf56597f25a894a8593942"),
        _smaller(3, 840_008, "8f3eb198fb15e5da7fa8d258d5f0fc4a4213e1124f415f6fc54d2772d585a7fc"),
        WeightsEntry(
            "camvid",
            "CamVid",
            _HOME + "decoder/espnet_p_2_q_8_camvid.pth",
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

ESPNET_C = ModelCard(
    name="espnet-c",
    family="espnet",
    title="ESPNet-C (p = 2, q = 8)",
    task="semantic",
    paper=_PAPER,
    year=2018,
    licence="MIT",
    class_set="cityscapes",
    channels=with_background(19),
    preprocess=CITYSCAPES,
    input_size=(512, 1024),
    parameters=349_449,
    gmacs=3.47,
    weights=(
        _smaller(8, 1_433_605, "836f28a2a31bd4fc8997001ab6b620d1f9b7b274a03b32d9f3a95c17a011b438", part="encoder"),
        _smaller(5, 1_037_106, "ec028eb60b08a56583eb9d310f5f4f7c4bc70972009030c25f1414dc48c916d6", part="encoder"),
        _smaller(3, 772_764, "5101e9bc90dd2a57d8460e70cdfaa743f76317bf806d2d1c4adb635c8d392e77", part="encoder"),
    ),
    notes=(
        "The encoder of ESPNet alone, with scores at an eighth of the input, enlarged bilinearly. The last output is "
        "background. The network takes its depth q from the weights."
    ),
)
