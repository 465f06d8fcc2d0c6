"""The cards of FastFCN; input convention and figures as in wuhuikai/FastFCN."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published


def _card(depth: int, *, ade20k: float, context: float, context_note: str, parameters: int, gmacs: float) -> ModelCard:
    return ModelCard(
        name=f"fastfcn-resnet{depth}",
        family="fastfcn",
        title=f"FastFCN (JPU), EncNet, ResNet-{depth}",
        task="semantic",
        paper=(
            "Wu, Zhang, Huang, Liang, Yu: FastFCN: Rethinking Dilated Convolution in the Backbone for Semantic "
            "Segmentation, arXiv:1903.11816"
        ),
        year=2019,
        licence="MIT",
        class_set="ade20k",
        preprocess=Preprocess(size_hw=(480, 480), resize="stretch"),
        input_size=(480, 480),
        parameters=parameters,
        gmacs=gmacs,
        published=(
            Published("ADE20K val", "mIoU", ade20k, "several scales, wuhuikai/FastFCN"),
            Published("PASCAL Context val", "mIoU", context, context_note),
        ),
        notes=(
            "The weights are on Google Drive: give the file that wuhuikai/FastFCN links to; files with 59 classes "
            "(PASCAL Context) load too. The variant with lateral connections and JPU_X is not here. Neither paper nor "
            "reference state parameters or multiply-accumulates; ours are without what only training needs."
        ),
    )


FASTFCN_50 = _card(
    50, ade20k=42.75, context=51.05, context_note="single scale, wuhuikai/FastFCN", parameters=45_036_214, gmacs=56.432
)
FASTFCN_101 = _card(
    101,
    ade20k=44.34,
    context=54.03,
    context_note="several scales, wuhuikai/FastFCN",
    parameters=64_028_342,
    gmacs=73.478,
)
