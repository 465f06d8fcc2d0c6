"""The card of LinkNet; input convention as in e-lab/pytorch-linknet."""

from __future__ import annotations

from segstudio.plugins.api import IMAGENET_MEAN, IMAGENET_STD, ModelCard, Preprocess, Published, with_background

_BACKGROUND_FIRST = (*with_background(0), *range(19))

LINKNET = ModelCard(
    name="linknet",
    family="linknet",
    title="LinkNet",
    task="semantic",
    paper=(
        "Chaurasia, Culurciello: LinkNet: Exploiting Encoder Representations for Efficient Semantic Segmentation, "
        "VCIP 2017, arXiv:1707.03718"
    ),
    year=2017,
    licence="CC BY-NC 4.0 (the reference)",
    class_set="cityscapes",
    channels=_BACKGROUND_FIRST,
    preprocess=Preprocess(
        mean=(IMAGENET_MEAN[2], IMAGENET_MEAN[1], IMAGENET_MEAN[0]),
        std=(IMAGENET_STD[2], IMAGENET_STD[1], IMAGENET_STD[0]),
        order="bgr",
        size_hw=(512, 1024),
        resize="stretch",
        multiple=32,
    ),
    input_size=(512, 1024),
    parameters=11_535_828,
    gmacs=21.768,
    published=(
        Published("Cityscapes val", "mIoU", 76.44, "e-lab/pytorch-linknet"),
        Published("CamVid", "mIoU", 69.1, "e-lab/pytorch-linknet"),
        Published("Cityscapes", "parameters (M)", 11.5, "paper"),
        Published("Cityscapes", "GFLOPs", 21.2, "paper, 640×360"),
        Published("Cityscapes", "FPS", 19.0, "the authors, 1280×720, NVIDIA Titan X"),
    ),
    notes=(
        "The authors published no weights for it. The first output is unlabelled; the input is blue first. At 640×360 "
        "the network costs 10.2 GMACs, or 20.4 GFLOPs, where the paper counts 21.2."
    ),
)
