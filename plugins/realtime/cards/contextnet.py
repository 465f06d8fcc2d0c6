"""The card of ContextNet; input convention as in xiaoyufenfei/Efficient-Segmentation-Networks."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

CONTEXTNET = ModelCard(
    name="contextnet",
    family="contextnet",
    title="ContextNet (cn14)",
    task="semantic",
    paper=(
        "Poudel, Bonde, Liwicki, Zach: ContextNet: Exploring Context and Detail for Semantic Segmentation in "
        "Real-time, BMVC 2018, arXiv:1805.04554"
    ),
    year=2018,
    licence="MIT",
    class_set="cityscapes",
    preprocess=Preprocess(
        mean=(73.15835921, 82.90891754, 72.39239876),
        std=(1.0, 1.0, 1.0),
        scale=1.0,
        size_hw=(1024, 2048),
        resize="stretch",
    ),
    input_size=(1024, 2048),
    parameters=876_563,
    gmacs=6.735,
    published=(
        Published("Cityscapes val", "mIoU", 65.9, "paper"),
        Published("Cityscapes test", "mIoU", 66.1, "paper"),
        Published("Cityscapes test", "FPS", 18.3, "paper, 2048×1024, NVIDIA Titan X"),
        Published("Cityscapes", "parameters (M)", 0.85, "paper"),
    ),
    notes=(
        "The authors published neither code nor weights. The variant of xiaoyufenfei/Efficient-Segmentation-Networks: "
        "no padding in the first convolutions, and a classifier of two depth-wise layers. The input is the pixels, "
        "0…255, less a mean."
    ),
)
