"""The card of DeepLab v1; input convention and figures as in wangleihitcs/DeepLab-V1-PyTorch."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

DEEPLAB_V1 = ModelCard(
    name="deeplab-v1-vgg16",
    family="deeplab-v1",
    title="DeepLab v1 (LargeFOV), VGG-16",
    task="semantic",
    paper=(
        "Chen, Papandreou, Kokkinos, Murphy, Yuille: Semantic Image Segmentation with Deep Convolutional Nets and "
        "Fully Connected CRFs, ICLR 2015, arXiv:1412.7062"
    ),
    year=2015,
    licence="none stated by the reference",
    class_set="voc",
    preprocess=Preprocess(
        mean=(104.008, 116.669, 122.675), std=(1.0, 1.0, 1.0), order="bgr", scale=1.0, scale_last=True
    ),
    input_size=(513, 513),
    parameters=20_505_429,
    gmacs=128.585,
    published=(
        Published("VOC 2012 val", "mIoU", 62.25, "paper"),
        Published("VOC 2012 val", "mIoU", 67.64, "paper, with CRF"),
        Published("VOC 2012 val", "mIoU", 64.838, "wangleihitcs/DeepLab-V1-PyTorch, polynomial schedule"),
        Published("VOC 2012 val", "mIoU", 67.58, "wangleihitcs/DeepLab-V1-PyTorch, with CRF"),
        Published("network", "parameters (10⁶)", 20.5, "paper, table 2"),
    ),
    notes=(
        "Give a file trained with wangleihitcs/DeepLab-V1-PyTorch. The figures with CRF refine the scores by a dense "
        "CRF, which is an option of the prediction."
    ),
)
