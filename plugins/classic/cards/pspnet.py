"""The cards of PSPNet; input convention and figures as in hszhao/semseg."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published


def _card(depth: int, *, ade20k: float, voc: float, cityscapes: float, parameters: int, gmacs: float) -> ModelCard:
    return ModelCard(
        name=f"pspnet-resnet{depth}",
        family="pspnet",
        title=f"PSPNet, ResNet-{depth}",
        task="semantic",
        paper="Zhao, Shi, Qi, Wang, Jia: Pyramid Scene Parsing Network, CVPR 2017, arXiv:1612.01105",
        year=2017,
        licence="MIT",
        class_set="ade20k",
        preprocess=Preprocess(size_hw=(473, 473), resize="stretch"),
        input_size=(473, 473),
        parameters=parameters,
        gmacs=gmacs,
        published=(
            Published("ADE20K val", "mIoU", ade20k, "single scale, hszhao/semseg"),
            Published("VOC 2012 val", "mIoU", voc, "single scale, hszhao/semseg"),
            Published("Cityscapes val", "mIoU", cityscapes, "single scale, hszhao/semseg"),
        ),
        notes=(
            "The weights are on Google Drive: give the file that hszhao/semseg links to; files with 21 (VOC) or 19 "
            "(Cityscapes) classes load too. The published figures slide a window of 473×473 (713×713 on Cityscapes) "
            "over the image, which is stretched to one window here. Neither paper nor reference state parameters or "
            "multiply-accumulates; ours are without the auxiliary head."
        ),
    )


PSPNET_50 = _card(50, ade20k=41.89, voc=77.05, cityscapes=77.30, parameters=46_782_550, gmacs=161.875)
PSPNET_101 = _card(101, ade20k=43.10, voc=79.07, cityscapes=78.63, parameters=65_774_678, gmacs=230.058)
PSPNET_50_VD = ModelCard(
    name="pspnet-resnet50-vd",
    family="pspnet",
    title="PSPNet, ResNet-50-D (PaddleSeg, PSSL)",
    task="semantic",
    paper=(
        "Zhao, Shi, Qi, Wang, Jia: Pyramid Scene Parsing Network, CVPR 2017, arXiv:1612.01105; pre-training: Li, "
        "Xiong, Liu, Zhou, Chen, Wang, Dou: Distilling Ensemble of Explanations for Weakly-Supervised Pre-Training of "
        "Image Segmentation Models (PSSL), 2022, arXiv:2207.03335"
    ),
    year=2022,
    licence="Apache-2.0",
    class_set="cityscapes",
    preprocess=Preprocess(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    input_size=(512, 1024),
    parameters=65_498_995,
    gmacs=511.292,
    published=(
        Published("Cityscapes val", "mIoU", 78.83, "PaddleSeg, whole images, without PSSL"),
        Published("VOC 2012 val", "mIoU", 80.76, "PaddleSeg, without PSSL"),
    ),
    notes=(
        "Takes weights pre-trained on pseudo labels (PSSL, 1001 outputs) and ones fine-tuned from them, under the "
        "names of PaddleSeg. Its files (.pdparams) are pickles, which are never opened here: save their tensors with "
        "safetensors. The page of PSSL links to networks on STDC2 only; those on ResNet-50 are asked of the authors. "
        "Neither papers nor reference state parameters or multiply-accumulates; ours are without the auxiliary head."
    ),
)
