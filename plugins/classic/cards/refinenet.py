"""The card of RefineNet; input convention and figures as in DrSleep/refinenet-pytorch."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Published

REFINENET_101 = ModelCard(
    name="refinenet-resnet101",
    family="refinenet",
    title="RefineNet, ResNet-101",
    task="semantic",
    paper=(
        "Lin, Milan, Shen, Reid: RefineNet: Multi-Path Refinement Networks for High-Resolution Semantic Segmentation, "
        "CVPR 2017, arXiv:1611.06612"
    ),
    year=2017,
    licence="BSD-2-Clause text, headed as for non-commercial purposes (the reference and its weights)",
    class_set="voc",
    input_size=(512, 512),
    parameters=118_052_437,
    gmacs=262.899,
    published=(
        Published("VOC 2012 val", "mIoU", 80.5, "single scale, DrSleep/refinenet-pytorch"),
        Published("VOC 2012", "parameters (M)", 118.0, "the paper of Light-Weight RefineNet"),
        Published("VOC 2012", "GMACs", 263.0, "the paper of Light-Weight RefineNet, 512×512"),
    ),
    notes=(
        "The server that held the weights no longer exists: give a file of them, with any number of classes. "
        "Multiply-accumulates are counted at 512×512."
    ),
)
