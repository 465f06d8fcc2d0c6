"""The cards of FC-DenseNet; input convention as in bfortuner/pytorch_tiramisu, figures as in the paper."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, with_background


def _card(depth: int, *, miou: float, accuracy: float, millions: float, parameters: int, gmacs: float) -> ModelCard:
    return ModelCard(
        name=f"fc-densenet-{depth}",
        family="fc-densenet",
        title=f"FC-DenseNet{depth}",
        task="semantic",
        paper=(
            "Jégou, Drozdzal, Vazquez, Romero, Bengio: The One Hundred Layers Tiramisu: Fully Convolutional DenseNets "
            "for Semantic Segmentation, CVPR Workshops 2017, arXiv:1611.09326"
        ),
        year=2017,
        licence="MIT",
        class_set="camvid",
        channels=with_background(11),
        preprocess=Preprocess(
            mean=(0.41189490, 0.42513281, 0.43267071),
            std=(0.27413550, 0.28506257, 0.28284674),
            size_hw=(360, 480),
            resize="stretch",
        ),
        input_size=(360, 480),
        parameters=parameters,
        gmacs=gmacs,
        published=(
            Published("CamVid test", "mIoU", miou, "paper, batch statistics at test time"),
            Published("CamVid test", "pixel accuracy", accuracy, "paper, batch statistics at test time"),
            Published("CamVid", "parameters (M)", millions, "paper"),
        ),
        notes=(
            "No weights are published; those that bfortuner/pytorch_tiramisu trains load. The last of its 12 outputs "
            "is void, where the paper has 11. The authors' scores come from normalisation by the batch's own "
            "statistics, which no prediction here uses. The paper's parameter counts are rounded from a network of "
            "another library; multiply-accumulates are not stated."
        ),
    )


FC_DENSENET_56 = _card(56, miou=58.9, accuracy=88.9, millions=1.5, parameters=1_376_988, gmacs=30.736)
FC_DENSENET_67 = _card(67, miou=65.8, accuracy=90.8, millions=3.5, parameters=3_463_532, gmacs=72.017)
FC_DENSENET_103 = _card(103, miou=66.9, accuracy=91.5, millions=9.4, parameters=9_322_348, gmacs=69.112)
