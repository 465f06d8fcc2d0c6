"""The card of SegNet; the input convention is that of the authors' Caffe network."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess

SEGNET = ModelCard(
    name="segnet",
    family="segnet",
    title="SegNet, VGG-16",
    task="semantic",
    paper=(
        "Badrinarayanan, Kendall, Cipolla: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image "
        "Segmentation, IEEE TPAMI 39(12), 2017, arXiv:1511.00561"
    ),
    year=2017,
    licence="MIT (meetps/pytorch-semseg); the authors' own code is for non-commercial use",
    class_set="camvid",
    preprocess=Preprocess(
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), order="bgr", scale=1.0, size_hw=(360, 480), resize="stretch"
    ),
    input_size=(360, 480),
    parameters=29_449_377,
    gmacs=106.288,
    notes=(
        "The variant of meetps/pytorch-semseg: normalisation and rectification on the class scores. Weights of any "
        "number of classes load; none are published with it."
    ),
)
