"""The cards of BiSeNet V1 and V2; weights and input convention as published in CoinCheung/BiSeNet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

_HOME = "https://github.com/CoinCheung/BiSeNet/releases/download/0.0.0/"
_CITYSCAPES = Preprocess(
    mean=(0.3257, 0.3690, 0.3223),
    std=(0.2112, 0.2148, 0.2115),
    size_hw=(1024, 2048),
    resize="stretch",
    multiple=32,
)


def _ade20k(version: int, *, short_side: int, miou: float) -> WeightsEntry:
    preprocess = Preprocess(
        mean=(0.49343230, 0.46819794, 0.43106043),
        std=(0.25680755, 0.25506608, 0.27422913),
        size_hw=(short_side, 4 * short_side),
        resize="short",
        multiple=32,
    )
    source = f"{_HOME}model_final_v{version}_ade20k.pth"
    return WeightsEntry("ade20k", "ADE20K", source, "MIT", miou=miou, class_set="ade20k", preprocess=preprocess)


BISENET_V1 = ModelCard(
    name="bisenet-v1",
    family="bisenet",
    title="BiSeNet V1 (ResNet-18)",
    task="semantic",
    paper=(
        "Yu, Wang, Peng, Gao, Yu, Sang: BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation, "
        "ECCV 2018, arXiv:1808.00897"
    ),
    year=2018,
    licence="MIT",
    class_set="cityscapes",
    preprocess=_CITYSCAPES,
    input_size=(1024, 2048),
    parameters=13_275_539,
    gmacs=118.338,
    published=(
        Published("Cityscapes test", "mIoU", 74.7, "paper, ResNet-18"),
        Published("Cityscapes test", "FPS", 65.5, "paper, ResNet-18, 1536×768, NVIDIA Titan XP"),
        Published("Cityscapes val", "mIoU", 75.44, "the weights of CoinCheung/BiSeNet, one scale"),
        Published("ADE20K val", "mIoU", 36.15, "the weights of CoinCheung/BiSeNet, one scale"),
    ),
    weights=(
        WeightsEntry("cityscapes", "Cityscapes", _HOME + "model_final_v1_city_new.pth", "MIT", miou=75.44),
        _ade20k(1, short_side=512, miou=36.15),
    ),
    notes=(
        "The variant of CoinCheung/BiSeNet: attention and fusion are narrower than the paper's, which counts 49.0 "
        "million parameters."
    ),
)

BISENET_V2 = ModelCard(
    name="bisenet-v2",
    family="bisenet",
    title="BiSeNet V2",
    task="semantic",
    paper=(
        "Yu, Gao, Wang, Yu, Shen, Sang: BiSeNet V2: Bilateral Network with Guided Aggregation for Real-time Semantic "
        "Segmentation, International Journal of Computer Vision 129, 2021, arXiv:2004.02147"
    ),
    year=2021,
    licence="MIT",
    class_set="cityscapes",
    preprocess=_CITYSCAPES,
    input_size=(1024, 2048),
    parameters=3_358_627,
    gmacs=98.413,
    published=(
        Published("Cityscapes val", "mIoU", 73.4, "paper, 1024×512"),
        Published("Cityscapes test", "mIoU", 72.6, "paper, 1024×512"),
        Published("Cityscapes test", "FPS", 156.0, "paper, 1024×512, NVIDIA GTX 1080 Ti with TensorRT"),
        Published("Cityscapes", "GFLOPs", 21.15, "paper, 1024×512"),
        Published("Cityscapes val", "mIoU", 74.95, "the weights of CoinCheung/BiSeNet, one scale, 2048×1024"),
        Published("ADE20K val", "mIoU", 32.53, "the weights of CoinCheung/BiSeNet, one scale"),
    ),
    weights=(
        WeightsEntry("cityscapes", "Cityscapes", _HOME + "model_final_v2_city.pth", "MIT", miou=74.95),
        _ade20k(2, short_side=640, miou=32.53),
    ),
    notes=(
        "The variant of CoinCheung/BiSeNet, whose head has 1024 channels inside: the paper does not say how many. It "
        "costs 24.6 GMACs at 1024×512, where the paper says 21.15 GFLOPs."
    ),
)
