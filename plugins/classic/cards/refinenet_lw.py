"""The cards of Light-Weight RefineNet; input convention and figures as in DrSleep/light-weight-refinenet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Published


def _card(
    depth: int, *, voc: float, test: float, nyu: float, parameters: int, gmacs: float, millions: float
) -> ModelCard:
    return ModelCard(
        name=f"refinenet-lw-resnet{depth}",
        family="refinenet-lw",
        title=f"Light-Weight RefineNet, ResNet-{depth}",
        task="semantic",
        paper=(
            "Nekrasov, Shen, Reid: Light-Weight RefineNet for Real-Time Semantic Segmentation, BMVC 2018, "
            "arXiv:1810.03272"
        ),
        year=2018,
        licence="BSD-2-Clause text, headed as for non-commercial purposes (the reference and its weights)",
        class_set="voc",
        input_size=(512, 512),
        parameters=parameters,
        gmacs=gmacs,
        published=(
            Published("VOC 2012 val", "mIoU", voc, "DrSleep/light-weight-refinenet"),
            Published("VOC 2012 test", "mIoU", test, "paper"),
            Published("NYUv2", "mIoU", nyu, "DrSleep/light-weight-refinenet"),
            Published("VOC 2012", "parameters (M)", millions, "paper"),
        ),
        notes=(
            "The server that held the weights no longer exists: give a file of them, with any number of classes. "
            "Multiply-accumulates are counted at 512×512."
        ),
    )


REFINENET_LW_50 = _card(50, voc=78.5, test=81.1, nyu=41.7, parameters=27_357_525, gmacs=31.977, millions=27.0)
REFINENET_LW_101 = _card(101, voc=80.3, test=82.0, nyu=43.6, parameters=46_349_653, gmacs=51.372, millions=46.0)
REFINENET_LW_152 = _card(152, voc=82.1, test=82.7, nyu=44.4, parameters=61_993_301, gmacs=70.766, millions=62.0)
