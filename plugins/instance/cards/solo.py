"""The cards of SOLO and SOLOv2; input convention, figures and weights as in WXinlong/SOLO."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

_SOLO = "Wang, Kong, Shen, Jiang, Li: SOLO: Segmenting Objects by Locations, ECCV 2020, arXiv:1912.04488"
_SOLO_V2 = "Wang, Zhang, Kong, Li, Shen: SOLOv2: Dynamic and Fast Instance Segmentation, NeurIPS 2020, arXiv:2003.10152"
_LICENCE = "BSD-2-Clause, headed: for non-commercial purposes"
_HOME = "https://huggingface.co/xinlongwang/SOLO/resolve/main/"


def _card(version: str, depth: int, *, ap: float, milliseconds: int, parameters: int, gmacs: float) -> ModelCard:
    second = version == "v2"
    title = "SOLOv2" if second else "SOLO"
    return ModelCard(
        name=f"{'solo-v2' if second else 'solo'}-resnet{depth}",
        family="solo",
        title=f"{title}, ResNet-{depth}",
        task="instance",
        paper=_SOLO_V2 if second else _SOLO,
        year=2020,
        licence=_LICENCE,
        class_set="coco",
        preprocess=Preprocess(size_hw=(800, 1333), resize="short", multiple=32),
        input_size=(800, 1344),
        parameters=parameters,
        gmacs=gmacs,
        published=(
            Published("COCO minival", "mask AP", ap, "WXinlong/SOLO, three times the schedule, several scales"),
            Published("COCO minival", "ms per image", milliseconds, "WXinlong/SOLO, V100"),
        ),
        weights=(WeightsEntry("coco-3x", "COCO train2017", f"{_HOME}{title}_R{depth}_3x.pth?download=true", _LICENCE),),
        notes=(
            "Neither paper nor reference state parameters or multiply-accumulates; ours are without the masks, whose "
            "number depends on the image. "
            if second
            else "Neither paper nor reference state parameters or multiply-accumulates."
        ).strip(),
    )


SOLO_50 = _card("v1", 50, ap=35.8, milliseconds=77, parameters=36_301_232, gmacs=382.831)
SOLO_101 = _card("v1", 101, ap=37.1, milliseconds=86, parameters=55_293_360, gmacs=462.378)
SOLO_V2_50 = _card("v2", 50, ap=37.5, milliseconds=54, parameters=46_592_912, gmacs=252.557)
SOLO_V2_101 = _card("v2", 101, ap=39.1, milliseconds=66, parameters=65_585_040, gmacs=332.105)
