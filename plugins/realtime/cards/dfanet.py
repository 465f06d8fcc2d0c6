"""The card of DFANet; input convention as in huaifeng1993/DFANet."""

from __future__ import annotations

from segstudio.plugins.api import IMAGENET_MEAN, IMAGENET_STD, ModelCard, Preprocess, Published

DFANET = ModelCard(
    name="dfanet",
    family="dfanet",
    title="DFANet A",
    task="semantic",
    paper=(
        "Li, Xiong, Fan, Sun: DFANet: Deep Feature Aggregation for Real-Time Semantic Segmentation, CVPR 2019, "
        "arXiv:1904.02216"
    ),
    year=2019,
    licence="MIT",
    class_set="cityscapes",
    preprocess=Preprocess(
        mean=IMAGENET_MEAN, std=IMAGENET_STD, order="bgr", size_hw=(1024, 1024), resize="stretch", multiple=64
    ),
    input_size=(1024, 1024),
    parameters=2_174_800,
    gmacs=7.567,
    published=(
        Published("Cityscapes test", "mIoU", 71.3, "paper, 1024×1024"),
        Published("Cityscapes test", "FPS", 100.0, "paper, 1024×1024, NVIDIA Titan X"),
        Published("Cityscapes", "parameters (M)", 7.8, "paper"),
        Published("Cityscapes", "GFLOPs", 3.4, "paper, 1024×1024"),
    ),
    notes=(
        "The authors published neither code nor weights. The variant of huaifeng1993/DFANet, whose author reports no "
        "score: it has 2.2 million parameters and costs 7.6 GMACs, where the paper says 7.8 million and 3.4 GFLOPs. "
        "Blue comes first and takes the mean that is red's elsewhere."
    ),
)
