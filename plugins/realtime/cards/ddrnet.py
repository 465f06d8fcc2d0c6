"""The cards of DDRNet; input convention and figures as in ydhongHIT/DDRNet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published


def _card(
    name: str, title: str, *, published: tuple[Published, ...], parameters: int, gmacs: float | None
) -> ModelCard:
    return ModelCard(
        name=name,
        family="ddrnet",
        title=title,
        task="semantic",
        paper=(
            "Hong, Pan, Sun, Jia: Deep Dual-resolution Networks for Real-time and Accurate Semantic Segmentation of "
            "Road Scenes, 2021, arXiv:2101.06085"
        ),
        year=2021,
        licence="MIT",
        class_set="cityscapes",
        preprocess=Preprocess(size_hw=(1024, 2048), resize="stretch", multiple=64),
        input_size=(1024, 2048),
        parameters=parameters,
        gmacs=gmacs,
        published=published,
        notes="The weights are on Google Drive: give the file that ydhongHIT/DDRNet links to.",
    )


DDRNET_23_SLIM = _card(
    "ddrnet-23-slim",
    "DDRNet-23-slim",
    published=(Published("Cityscapes val", "mIoU", 77.8), Published("Cityscapes test", "mIoU", 77.4)),
    parameters=5_695_987,
    gmacs=36.281,
)
DDRNET_23 = _card(
    "ddrnet-23",
    "DDRNet-23",
    published=(Published("Cityscapes val", "mIoU", 79.5),),
    parameters=20_148_947,
    gmacs=143.061,
)
