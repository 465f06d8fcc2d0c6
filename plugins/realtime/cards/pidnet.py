"""The cards of PIDNet; input convention and figures as in XuJiacong/PIDNet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published


def _card(letter: str, *, miou: float, parameters: int, gmacs: float | None) -> ModelCard:
    return ModelCard(
        name=f"pidnet-{letter.lower()}",
        family="pidnet",
        title=f"PIDNet-{letter}",
        task="semantic",
        paper=(
            "Xu, Xiong, Bhattacharyya: PIDNet: A Real-time Semantic Segmentation Network Inspired by PID Controllers, "
            "CVPR 2023, arXiv:2206.02066"
        ),
        year=2023,
        licence="MIT",
        class_set="cityscapes",
        preprocess=Preprocess(size_hw=(1024, 2048), resize="stretch", multiple=64),
        input_size=(1024, 2048),
        parameters=parameters,
        gmacs=gmacs,
        published=(Published("Cityscapes val", "mIoU", miou),),
        notes="The weights are on Google Drive: give the file that XuJiacong/PIDNet links to.",
    )


PIDNET_S = _card("S", miou=78.8, parameters=7_625_715, gmacs=47.194)
PIDNET_M = _card("M", miou=79.9, parameters=28_538_515, gmacs=177.329)
PIDNET_L = _card("L", miou=80.9, parameters=36_939_571, gmacs=274.933)
