"""The card of ParseNet; input convention as in gitE0Z9/pytorch-implementations."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Published

PARSENET = ModelCard(
    name="parsenet",
    family="parsenet",
    title="ParseNet, VGG-16",
    task="semantic",
    paper=("Liu, Rabinovich, Berg: ParseNet: Looking Wider to See Better, ICLR Workshops 2016, arXiv:1506.04579"),
    year=2015,
    licence="none stated by the reference",
    class_set="voc",
    input_size=(500, 500),
    parameters=20_534_378,
    gmacs=121.758,
    published=(Published("VOC 2012 test", "mIoU", 69.8, "paper, the authors' Caffe network"),),
    notes=(
        "The variant of gitE0Z9/pytorch-implementations, whose mean and deviation are the card's; the authors' Caffe "
        "weights have other names. No weights are published with it. Neither paper nor reference state parameters or "
        "multiply-accumulates."
    ),
)
