"""Cards of torchvision's segmentation models; the figures are those of torchvision's own weights metadata."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

_HOME = "https://download.pytorch.org/models/"
_SHORT_520 = Preprocess(size_hw=(520, 4160), resize="short", antialias=True)
_UNIT = Preprocess(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def _semantic(
    name: str,
    family: str,
    title: str,
    paper: str,
    year: int,
    *,
    file: str,
    miou: float,
    accuracy: float,
    parameters: int,
    gmacs: float,
) -> ModelCard:
    return ModelCard(
        name=name,
        family=family,
        title=title,
        task="semantic",
        paper=paper,
        year=year,
        licence="BSD-3-Clause",
        class_set="voc",
        preprocess=_SHORT_520,
        input_size=(520, 520),
        parameters=parameters,
        gmacs=gmacs,
        published=(
            Published("COCO val2017, VOC labels", "mIoU", miou),
            Published("COCO val2017, VOC labels", "pixel accuracy", accuracy),
        ),
        weights=(_weights("coco-with-voc-labels-v1", "COCO val2017, VOC labels", file, miou),),
        notes=(
            "GMACs at 520×520, as published with the auxiliary head that only training needs; parameters without it. "
            "Trained on the images of COCO that hold one of VOC's 20 classes."
        ),
    )


def _weights(name: str, dataset: str, file: str, miou: float | None = None) -> WeightsEntry:
    # The last part of torchvision's file names is the beginning of the file's SHA-256.
    start = file.rpartition("-")[2].removesuffix(".pth")
    return WeightsEntry(name, dataset, _HOME + file, "BSD-3-Clause", miou=miou, sha256=start)


_FCN = "Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation, CVPR 2015, arXiv:1411.4038"
_DEEPLAB_V3 = (
    "Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017, "
    "arXiv:1706.05587"
)
_MOBILENET_V3 = "Howard et al.: Searching for MobileNetV3, ICCV 2019, arXiv:1905.02244"

FCN_RESNET50 = _semantic(
    "fcn-resnet50",
    "fcn",
    "FCN, ResNet-50",
    _FCN,
    2015,
    file="fcn_resnet50_coco-1167a1af.pth",
    miou=60.5,
    accuracy=91.4,
    parameters=32_957_013,
    gmacs=152.717,
)
FCN_RESNET101 = _semantic(
    "fcn-resnet101",
    "fcn",
    "FCN, ResNet-101",
    _FCN,
    2015,
    file="fcn_resnet101_coco-7ecb50ca.pth",
    miou=63.7,
    accuracy=91.9,
    parameters=51_949_141,
    gmacs=232.738,
)
DEEPLAB_V3_RESNET50 = _semantic(
    "deeplab-v3-resnet50",
    "deeplab",
    "DeepLabV3, ResNet-50",
    _DEEPLAB_V3,
    2017,
    file="deeplabv3_resnet50_coco-cd0a2569.pth",
    miou=66.4,
    accuracy=92.4,
    parameters=39_638_869,
    gmacs=178.722,
)
DEEPLAB_V3_RESNET101 = _semantic(
    "deeplab-v3-resnet101",
    "deeplab",
    "DeepLabV3, ResNet-101",
    _DEEPLAB_V3,
    2017,
    file="deeplabv3_resnet101_coco-586e9e4e.pth",
    miou=67.4,
    accuracy=92.4,
    parameters=58_630_997,
    gmacs=258.743,
)
DEEPLAB_V3_MOBILENET_V3 = _semantic(
    "deeplab-v3-mobilenet-v3",
    "deeplab",
    "DeepLabV3, MobileNetV3-Large",
    _DEEPLAB_V3,
    2017,
    file="deeplabv3_mobilenet_v3_large-fc3c493d.pth",
    miou=60.3,
    accuracy=91.2,
    parameters=11_025_477,
    gmacs=10.452,
)
LRASPP_MOBILENET_V3_LARGE = _semantic(
    "lraspp-mobilenet-v3-large",
    "lraspp",
    "LR-ASPP, MobileNetV3-Large",
    _MOBILENET_V3,
    2019,
    file="lraspp_mobilenet_v3_large-d234d4ea.pth",
    miou=57.9,
    accuracy=91.2,
    parameters=3_221_538,
    gmacs=2.086,
)


def _mask_rcnn(
    name: str, title: str, *, paper: str, year: int, file: str, box: float, mask: float, cost: tuple[int, float]
) -> ModelCard:
    return ModelCard(
        name=name,
        family="mask-rcnn",
        title=title,
        task="instance",
        paper=paper,
        year=year,
        licence="BSD-3-Clause",
        class_set="coco",
        preprocess=_UNIT,
        input_size=(800, 1333),
        parameters=cost[0],
        gmacs=cost[1],
        published=(Published("COCO val2017", "box AP", box), Published("COCO val2017", "mask AP", mask)),
        weights=(_weights("coco-v1", "COCO train2017", file),),
        notes="The network resizes and normalises by itself: short side 800, long side at most 1333.",
    )


MASK_RCNN_RESNET50_FPN = _mask_rcnn(
    "mask-rcnn-resnet50-fpn",
    "Mask R-CNN, ResNet-50 FPN",
    paper="He, Gkioxari, Dollár, Girshick: Mask R-CNN, ICCV 2017, arXiv:1703.06870",
    year=2017,
    file="maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth",
    box=37.9,
    mask=34.6,
    cost=(44_401_393, 134.38),
)
MASK_RCNN_RESNET50_FPN_V2 = _mask_rcnn(
    "mask-rcnn-resnet50-fpn-v2",
    "Mask R-CNN, ResNet-50 FPN v2",
    paper="Li et al.: Benchmarking Detection Transfer Learning with Vision Transformers, 2021, arXiv:2111.11429",
    year=2021,
    file="maskrcnn_resnet50_fpn_v2_coco-73cbd019.pth",
    box=47.4,
    mask=41.8,
    cost=(46_359_409, 333.577),
)
