"""The card of DANet; input convention and figures as in junfu1115/DANet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

DANET_101 = ModelCard(
    name="danet-resnet101",
    family="danet",
    title="DANet, ResNet-101",
    task="semantic",
    paper=(
        "Fu, Liu, Tian, Li, Bao, Fang, Lu: Dual Attention Network for Scene Segmentation, CVPR 2019, arXiv:1809.02983"
    ),
    year=2019,
    licence="MIT",
    class_set="cityscapes",
    preprocess=Preprocess(size_hw=(768, 1536), resize="stretch"),
    input_size=(768, 1536),
    parameters=66_435_285,
    gmacs=1444.05,
    published=(
        Published("Cityscapes val", "mIoU", 79.93, "single scale, junfu1115/DANet"),
        Published("Cityscapes test", "mIoU", 81.5, "paper"),
    ),
    notes=(
        "The weights are on Google Drive: give the file that junfu1115/DANet links to. The published figures slide a "
        "window of 768×768 over images of 2048×1024; here the image is shrunk to 1536×768, because position attention "
        "needs memory with the square of the pixels. Neither paper nor reference state parameters or "
        "multiply-accumulates; ours are without the two classifiers that only training needs."
    ),
)
