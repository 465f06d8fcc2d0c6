"""The card of MaskLab, of which there is no public code."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

MASKLAB = ModelCard(
    name="masklab-resnet101",
    family="masklab",
    title="MaskLab, ResNet-101",
    task="instance",
    paper=(
        "Chen, Hermans, Papandreou, Schroff, Wang, Adam: MaskLab: Instance Segmentation by Refining Object Detection "
        "with Semantic and Direction Features, CVPR 2018, arXiv:1712.04837"
    ),
    year=2018,
    licence="no public code; this one is the program's own",
    class_set="coco",
    preprocess=Preprocess(size_hw=(800, 1333), resize="short", multiple=32),
    input_size=(800, 1344),
    parameters=63_994_324,
    gmacs=1174.341,
    published=(Published("COCO test-dev", "mask AP", 38.1, "paper, MaskLab+, trained on JFT too"),),
    notes=(
        "From the paper: no reference and no weights are public, so only its parts are checked. Train it yourself. "
        "Multiply-accumulates are those of 300 regions and 100 objects, the most that an image may have; the "
        "paper states neither them nor the parameters."
    ),
)
