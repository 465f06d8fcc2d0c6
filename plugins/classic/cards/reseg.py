"""The card of ReSeg; input convention as in Wizaron/reseg-pytorch, figures as in the paper."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

RESEG = ModelCard(
    name="reseg",
    family="reseg",
    title="ReSeg, VGG-16",
    task="semantic",
    paper=(
        "Visin, Ciccone, Romero, Kastner, Cho, Bengio, Matteucci, Courville: ReSeg: A Recurrent Neural Network-Based "
        "Model for Semantic Segmentation, CVPR Workshops 2016, arXiv:1511.07053"
    ),
    year=2016,
    licence="GPL-3.0 (the reference)",
    class_set="camvid",
    preprocess=Preprocess(size_hw=(360, 480), resize="stretch", multiple=4),
    input_size=(360, 480),
    parameters=2_544_549,
    gmacs=41.247,
    published=(Published("CamVid test", "mIoU", 58.8, "paper"),),
    notes=(
        "The variant of Wizaron/reseg-pytorch that sweeps over single features, not patches. No weights are published "
        "with it. Multiply-accumulates are without those of the recurrent units; neither paper nor reference state "
        "them or the parameters."
    ),
)
