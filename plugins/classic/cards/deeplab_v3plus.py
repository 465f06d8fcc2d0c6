"""The cards of DeepLab v3+, and v3 on MobileNetV2; input and figures as in VainF/DeepLabV3Plus-Pytorch."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

_V3 = (
    "Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017, "
    "arXiv:1706.05587"
)
_V3PLUS = (
    "Chen, Zhu, Papandreou, Schroff, Adam: Encoder-Decoder with Atrous Separable Convolution for Semantic Image "
    "Segmentation, ECCV 2018, arXiv:1802.02611"
)
_VAINF = "VainF/DeepLabV3Plus-Pytorch, output stride 16"
_BY_HAND = "Its weights are on Dropbox: give the file that VainF/DeepLabV3Plus-Pytorch links to."


def _card(
    trunk: str,
    title: str,
    *,
    parameters: int,
    gmacs: float,
    published: tuple[Published, ...],
    notes: str,
    version: str = "v3plus",
) -> ModelCard:
    plus = version == "v3plus"
    return ModelCard(
        name=f"deeplab-{version}-{trunk}",
        family="deeplab",
        title=f"DeepLabV3{'+' if plus else ''}, {title}",
        task="semantic",
        paper=_V3PLUS if plus else _V3,
        year=2018 if plus else 2017,
        licence="MIT",
        class_set="voc",
        preprocess=Preprocess(),
        input_size=(513, 513),
        parameters=parameters,
        gmacs=gmacs,
        published=published,
        notes=notes,
    )


def _figures(voc: float, cost: float, cityscapes: float | None = None) -> tuple[Published, ...]:
    of_cityscapes = () if cityscapes is None else (Published("Cityscapes val", "mIoU", cityscapes, _VAINF),)
    return (
        Published("VOC 2012 val", "mIoU", voc, _VAINF),
        *of_cityscapes,
        Published("513×513", "GMACs", cost, "VainF/DeepLabV3Plus-Pytorch, there named FLOPs"),
    )


DEEPLAB_V3_MOBILENET_V2 = _card(
    "mobilenet-v2",
    "MobileNetV2",
    version="v3",
    parameters=5_113_877,
    gmacs=5.844,
    published=_figures(70.1, 6.0),
    notes=_BY_HAND,
)
DEEPLAB_V3PLUS_MOBILENET_V2 = _card(
    "mobilenet-v2",
    "MobileNetV2",
    parameters=5_225_717,
    gmacs=16.817,
    published=_figures(71.1, 17.0, cityscapes=72.1),
    notes=_BY_HAND,
)
DEEPLAB_V3PLUS_RESNET50 = _card(
    "resnet50", "ResNet-50", parameters=39_761_845, gmacs=62.38, published=_figures(77.2, 62.7), notes=_BY_HAND
)
DEEPLAB_V3PLUS_RESNET101 = _card(
    "resnet101",
    "ResNet-101",
    parameters=58_753_973,
    gmacs=83.005,
    published=_figures(78.3, 83.4, cityscapes=76.2),
    notes=_BY_HAND,
)
DEEPLAB_V3PLUS_XCEPTION = _card(
    "xception",
    "Xception",
    parameters=37_050_525,
    gmacs=50.431,
    published=(),
    notes=(
        "VainF/DeepLabV3Plus-Pytorch's network on Chollet's Xception, for which neither figures nor weights are "
        "published; the paper's figures are those of the aligned variant, deeplab-v3plus-xception65."
    ),
)
DEEPLAB_V3PLUS_XCEPTION65 = _card(
    "xception65",
    "aligned Xception-65",
    parameters=54_705_317,
    gmacs=86.577,
    published=(
        Published("VOC 2012 val", "mIoU", 79.93, "paper, output stride 16, with decoder"),
        Published("513×513", "GMACs", 89.76, "paper, table 5"),
    ),
    notes=(
        "jfzhang95/pytorch-deeplab-xception's network: the paper's with dense convolutions in pyramid and decoder. Its "
        "separable convolutions normalise once and end without an activation, and its decoder's widths differ a "
        "little, so that it multiplies 4 % less than the paper's. Nobody publishes weights of it."
    ),
)
