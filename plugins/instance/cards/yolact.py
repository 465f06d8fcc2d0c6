"""The cards of YOLACT; input convention, figures and weights as in dbolya/yolact."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

_HOME = "https://huggingface.co/dbolya/yolact-{0}/resolve/main/yolact_{1}_54_800000.pth?download=true"


def _card(depth: int, *, file: str, ap: float, fps: float, parameters: int, gmacs: float) -> ModelCard:
    source = _HOME.format(file, file)
    return ModelCard(
        name=f"yolact-resnet{depth}",
        family="yolact",
        title=f"YOLACT, ResNet-{depth}",
        task="instance",
        paper="Bolya, Zhou, Xiao, Lee: YOLACT: Real-time Instance Segmentation, ICCV 2019, arXiv:1904.02689",
        year=2019,
        licence="MIT",
        class_set="coco",
        preprocess=Preprocess(
            mean=(123.68, 116.78, 103.94),
            std=(58.40, 57.12, 57.38),
            scale=1.0,
            size_hw=(550, 550),
            resize="stretch",
        ),
        input_size=(550, 550),
        parameters=parameters,
        gmacs=gmacs,
        published=(
            Published("COCO test-dev", "mask AP", ap),
            Published("550×550", "FPS", fps, "Titan Xp"),
        ),
        weights=(WeightsEntry("coco-550", "COCO train2017", source, "MIT"),),
        notes=(
            "Neither paper nor reference state parameters or multiply-accumulates; ours are without the classifier "
            "that only training needs and without the masks, whose number depends on the image."
        ),
    )


YOLACT_50 = _card(50, file="resnet50", ap=28.2, fps=42.5, parameters=31_144_383, gmacs=59.141)
YOLACT_101 = _card(101, file="base", ap=29.8, fps=33.5, parameters=50_136_511, gmacs=82.342)
