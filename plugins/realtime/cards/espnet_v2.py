"""The card of ESPNetV2; weights and input convention as published in sacmehta/EdgeNets."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry, with_background

_HOME = "https://github.com/sacmehta/EdgeNets/raw/master/model/segmentation/model_zoo/espnetv2/"


def _input(width: int, height: int) -> Preprocess:
    return Preprocess(size_hw=(height, width), resize="stretch", multiple=32, antialias=True)


def _cityscapes(s: float, width: int, height: int, miou: float | None, size: int, sha256: str) -> WeightsEntry:
    return WeightsEntry(
        f"cityscapes-s{s}-{width}x{height}",
        "Cityscapes",
        f"{_HOME}espnetv2_s_{s}_city_{width}x{height}.pth",
        "MIT",
        miou=miou,
        sha256=sha256,
        size=size,
        preprocess=_input(width, height),
        options={"s": s},
    )


def _voc(s: float, side: int, miou: float | None, size: int, sha256: str) -> WeightsEntry:
    return WeightsEntry(
        f"voc-s{s}-{side}x{side}",
        "PASCAL VOC 2012 and COCO",
        f"{_HOME}espnetv2_s_{s}_pascal_{side}x{side}.pth",
        "MIT",
        miou=miou,
        sha256=sha256,
        size=size,
        class_set="voc",
        preprocess=_input(side, side),
        options={"s": s},
    )


ESPNET_V2 = ModelCard(
    name="espnet-v2",
    family="espnet",
    title="ESPNetV2 (s = 2.0)",
    task="semantic",
    paper=(
        "Mehta, Rastegari, Shapiro, Hajishirzi: ESPNetv2: A Light-weight, Power Efficient, and General Purpose "
        "Convolutional Neural Network, CVPR 2019, arXiv:1811.11431"
    ),
    year=2019,
    licence="MIT",
    class_set="cityscapes",
    channels=with_background(19),
    preprocess=_input(1024, 512),
    input_size=(512, 1024),
    parameters=789_242,
    gmacs=2.698,
    published=(
        Published("Cityscapes val", "mIoU", 66.4, "s = 2.0, 1024×512"),
        Published("Cityscapes test", "mIoU", 66.2, "s = 2.0, 1024×512"),
        Published("PASCAL VOC 2012 val", "mIoU", 67.01, "s = 2.0, 384×384"),
        Published("PASCAL VOC 2012 test", "mIoU", 67.95, "s = 2.0, 384×384"),
    ),
    weights=(
        _cityscapes(
            2.0, 1024, 512, 66.4, 3_376_094, "a72d59699801c7ce8e8b89a53af9097eaaa60dc12180ecde86fd700ba1222fe8"
        ),
        _cityscapes(2.0, 512, 256, None, 3_376_094, "6b6f26b567c82bb4d6624387f24ed505613edafad19222e1707993fbe0d1d8f6"),
        _cityscapes(
            1.5, 1024, 512, None, 2_068_779, "0dbbda9126583d62f73dfdc28a59a30ab4564094ee6d28428b897a4e36c466b4"
        ),
        _cityscapes(1.5, 512, 256, None, 2_068_779, "711c76f0f814642953a68f485d64c5584772ca98db3d2d5f68d154749d75be2f"),
        _cityscapes(
            1.0, 1024, 512, None, 1_107_690, "0918c833fed889e32901ce739b1784fdd2b79f95a9aea199a469ca3394dd7a14"
        ),
        _cityscapes(1.0, 512, 256, None, 1_107_690, "002121eee40c31c8b74186153878452e02ef834d35f3e4a8801b3a84fdc3ec7d"),
        _cityscapes(0.5, 1024, 512, 53.9, 469_319, "9412a86a30f137540ef945d08da3cb7191448956c56c41a64210dab443a9f65f"),
        _cityscapes(0.5, 512, 256, 47.3, 469_319, "63e398dec148f63c8ad117497864f99f021926b347fd4ee608036c36041e7f36"),
        _voc(2.0, 384, 67.01, 3_376_138, "bc479586b0ba9254e02589020346931a14d99028ad6bac4817198be6d9e719a6"),
        _voc(1.5, 384, None, 2_068_823, "75f67549659cb5db6a8323a7595e3ce1bc3cbea7f95731105dec7a6d034b516b"),
        _voc(1.5, 256, None, 2_068_823, "0a297ec35a29168bef481b2e01a5735122eae5dd10f64c1a02d12f8ae141c727"),
        _voc(1.0, 384, None, 1_107_734, "7ce2df106b62661a4e8e30098398d6b96a2a946b9546d2287500379f984301a8"),
        _voc(1.0, 256, None, 1_107_734, "276d738e38733c136abf5ee9e8a801f5455b2751078c7c1d52a2b485460264be"),
        _voc(0.5, 384, 47.18, 469_363, "3352b32b209e1e6492d1481734f5333876b28d8866f5c1702d01ec70255eb20c"),
        _voc(0.5, 256, 39.82, 469_363, "9c7bebecd73c603a7eb2d8833eb2c54d0627e37e731548b7833291873e0a2e67"),
    ),
    notes=(
        "For Cityscapes the last output is background. The network takes its width s from the weights; the input size "
        "is that of the file's name. Sides must be multiples of 32."
    ),
)
