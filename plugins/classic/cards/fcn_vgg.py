"""The cards of the FCNs on VGG-16; input convention and figures as in wkentaro/pytorch-fcn."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published

_CAFFE = Preprocess(
    mean=(104.00698793, 116.66876762, 122.67891434), std=(1.0, 1.0, 1.0), order="bgr", scale=1.0, scale_last=True
)


def _card(stride: int, *, converted: float, own: float, parameters: int, gmacs: float | None) -> ModelCard:
    return ModelCard(
        name=f"fcn-{stride}s",
        family="fcn",
        title=f"FCN-{stride}s, VGG-16",
        task="semantic",
        paper=(
            "Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation, CVPR 2015, "
            "arXiv:1411.4038"
        ),
        year=2015,
        licence="MIT",
        class_set="voc",
        preprocess=_CAFFE,
        input_size=(500, 500),
        parameters=parameters,
        gmacs=gmacs,
        published=(
            Published("VOC 2011 seg11valid", "mIoU", converted, "the authors' weights, converted"),
            Published("VOC 2011 seg11valid", "mIoU", own, "trained by wkentaro/pytorch-fcn"),
        ),
        notes=(
            "The original with a margin of 100 pixels and crops. Its weights are on Google Drive, which cannot be "
            "fetched from here: give the file that wkentaro/pytorch-fcn links to."
        ),
    )


FCN_32S = _card(32, converted=63.63, own=62.84, parameters=136_152_917, gmacs=181.366)
FCN_16S = _card(16, converted=65.01, own=64.91, parameters=134_815_994, gmacs=181.448)
FCN_8S = _card(8, converted=65.51, own=65.49, parameters=134_489_759, gmacs=181.529)
