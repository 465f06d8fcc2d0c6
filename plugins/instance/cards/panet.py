"""The card of PANet; input convention and figures as in ShuLiu1993/PANet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

PANET = ModelCard(
    name="panet-resnet50",
    family="panet",
    title="PANet, ResNet-50",
    task="instance",
    paper=("Liu, Qi, Qin, Shi, Jia: Path Aggregation Network for Instance Segmentation, CVPR 2018, arXiv:1803.01534"),
    year=2018,
    licence="MIT",
    class_set="coco",
    preprocess=Preprocess(
        mean=(102.9801, 115.9465, 122.7717),
        std=(1.0, 1.0, 1.0),
        order="bgr",
        scale=1.0,
        size_hw=(1000, 1400),
        resize="short",
        multiple=32,
    ),
    input_size=(1024, 1408),
    parameters=73_356_357,
    gmacs=621.165,
    published=(
        Published("COCO val2017", "box AP", 39.8, "ShuLiu1993/PANet, boxes only"),
        Published("COCO val2017", "box AP", 43.1, "ShuLiu1993/PANet, with masks"),
        Published("COCO val2017", "mask AP", 38.3, "ShuLiu1993/PANet"),
    ),
    notes=(
        "The weights are on Google Drive: give the file that ShuLiu1993/PANet links to. "
        "Multiply-accumulates are those of 1000 regions and 100 objects, the most that an image may have; "
        "neither paper nor reference state them or the parameters."
    ),
)
