"""The card of DeepLab v2; input convention and figures as in kazuto1011/deeplab-pytorch."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

DEEPLAB_V2 = ModelCard(
    name="deeplab-v2-resnet101",
    family="deeplab-v2",
    title="DeepLab v2, ResNet-101",
    task="semantic",
    paper=(
        "Chen, Papandreou, Kokkinos, Murphy, Yuille: DeepLab: Semantic Image Segmentation with Deep Convolutional "
        "Nets, Atrous Convolution, and Fully Connected CRFs, IEEE TPAMI 40(4), 2018, arXiv:1606.00915"
    ),
    year=2018,
    licence="MIT",
    class_set="voc",
    preprocess=Preprocess(
        mean=(104.008, 116.669, 122.675), std=(1.0, 1.0, 1.0), order="bgr", scale=1.0, scale_last=True
    ),
    input_size=(513, 513),
    parameters=44_048_532,
    gmacs=188.886,
    published=(
        Published("VOC 2012 val", "mIoU", 76.35, "paper, three scales"),
        Published("VOC 2012 val", "mIoU", 77.69, "paper, three scales and CRF"),
        Published("VOC 2012 val", "mIoU", 76.65, "kazuto1011/deeplab-pytorch, three scales"),
        Published("VOC 2012 val", "mIoU", 77.93, "kazuto1011/deeplab-pytorch, three scales and CRF"),
    ),
    notes=(
        "Give the file that kazuto1011/deeplab-pytorch links to. The published figures take the maximum over the "
        "scales 1, 0.75 and 0.5; this is the network at one scale; more scales and the "
        "dense CRF are options of the prediction. Neither paper nor reference state parameters or multiply-accumulates."
    ),
)
