"""Cards of the networks that segmentation-models-pytorch has; it publishes none for these classes, you train them."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

from .costs import GMACS

_UNET = (
    "Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015, "
    "arXiv:1505.04597"
)
_UNET_PLUS_PLUS = "Zhou et al.: UNet++: A Nested U-Net Architecture, DLMIA 2018, arXiv:1807.10165"
_FPN = "Kirillov, Girshick, He, Dollár: Panoptic Feature Pyramid Networks, CVPR 2019, arXiv:1901.02446"
_PSPNET = "Zhao, Shi, Qi, Wang, Jia: Pyramid Scene Parsing Network, CVPR 2017, arXiv:1612.01105"
_PAN = "Li, Xiong, An, Wang: Pyramid Attention Network for Semantic Segmentation, BMVC 2018, arXiv:1805.10180"
_DEEPLAB_V3 = (
    "Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017, "
    "arXiv:1706.05587"
)
_DEEPLAB_V3PLUS = (
    "Chen, Zhu, Papandreou, Schroff, Adam: Encoder-Decoder with Atrous Separable Convolution for Semantic Image "
    "Segmentation, ECCV 2018, arXiv:1802.02611"
)
_LINKNET = "Chaurasia, Culurciello: LinkNet, VCIP 2017, arXiv:1707.03718"
_SEGFORMER = "Xie et al.: SegFormer, NeurIPS 2021, arXiv:2105.15203"


def _card(
    name: str,
    family: str,
    title: str,
    paper: str,
    year: int,
    *,
    parameters: int,
    multiple: int = 32,
    published: tuple[Published, ...] = (),
    note: str = "",
) -> ModelCard:
    return ModelCard(
        name=name,
        family=family,
        title=f"{title} (smp)",
        task="semantic",
        paper=paper,
        year=year,
        licence="MIT",
        class_set="cityscapes",
        preprocess=Preprocess(multiple=multiple),
        input_size=(512, 1024),
        parameters=parameters,
        gmacs=GMACS.get(name),
        published=published,
        requires=("smp",),
        notes=(
            "As segmentation-models-pytorch builds it; its weights files and folders are read, with any number of "
            f"classes. {note}"
        ).strip(),
    )


SMP_UNET_RESNET34 = _card("smp-unet-resnet34", "unet", "U-Net, ResNet-34", _UNET, 2015, parameters=24_438_979)
SMP_UNET_MOBILENET_V2 = _card("smp-unet-mobilenet-v2", "unet", "U-Net, MobileNetV2", _UNET, 2015, parameters=6_631_555)
SMP_UNET_PLUS_PLUS_RESNET34 = _card(
    "smp-unet-plus-plus-resnet34", "unet", "UNet++, ResNet-34", _UNET_PLUS_PLUS, 2018, parameters=26_081_219
)
SMP_FPN_RESNET50 = _card("smp-fpn-resnet50", "fpn", "FPN, ResNet-50", _FPN, 2019, parameters=26_118_355)
SMP_PSPNET_RESNET50 = _card(
    "smp-pspnet-resnet50", "pspnet", "PSPNet, ResNet-50", _PSPNET, 2017, parameters=24_383_955, multiple=8
)
SMP_PSPNET_RESNET101 = _card(
    "smp-pspnet-resnet101",
    "pspnet",
    "PSPNet, ResNet-101",
    _PSPNET,
    2017,
    parameters=43_376_083,
    multiple=8,
    published=(Published("Cityscapes test", "mIoU", 78.4, "the paper's network, trained on fine annotations"),),
    note="The encoder ends at its second stage, stride 8; the paper dilates the last two stages instead.",
)
SMP_PAN_RESNET50 = _card("smp-pan-resnet50", "pan", "PAN, ResNet-50", _PAN, 2018, parameters=24_265_018)
SMP_DEEPLAB_V3_RESNET50 = _card(
    "smp-deeplab-v3-resnet50", "deeplab", "DeepLabV3, ResNet-50", _DEEPLAB_V3, 2017, parameters=39_638_355, multiple=8
)
SMP_DEEPLAB_V3PLUS_MOBILENET_V2 = _card(
    "smp-deeplab-v3plus-mobilenet-v2",
    "deeplab",
    "DeepLabV3+, MobileNetV2",
    _DEEPLAB_V3PLUS,
    2018,
    parameters=4_383_139,
    multiple=16,
)
SMP_DEEPLAB_V3PLUS_RESNET50 = _card(
    "smp-deeplab-v3plus-resnet50",
    "deeplab",
    "DeepLabV3+, ResNet-50",
    _DEEPLAB_V3PLUS,
    2018,
    parameters=26_682_211,
    multiple=16,
)
SMP_DEEPLAB_V3PLUS_RESNET101 = _card(
    "smp-deeplab-v3plus-resnet101",
    "deeplab",
    "DeepLabV3+, ResNet-101",
    _DEEPLAB_V3PLUS,
    2018,
    parameters=45_674_339,
    multiple=16,
    published=(Published("VOC 2012 val", "mIoU", 78.85, "the paper's network, output stride 16"),),
    note="Separable convolutions in the pyramid and in the decoder, output stride 16.",
)
SMP_LINKNET_RESNET34 = _card(
    "smp-linknet-resnet34", "linknet", "LinkNet, ResNet-34", _LINKNET, 2017, parameters=21_772_531
)
SMP_SEGFORMER_RESNET50 = _card(
    "smp-segformer-resnet50",
    "segformer",
    "SegFormer decoder, ResNet-50",
    _SEGFORMER,
    2021,
    parameters=24_841_811,
    note="The paper's decoder on a convolutional encoder.",
)
