"""PSPNet as PaddleSeg has it: Zhao, Shi, Qi, Wang, Jia: Pyramid Scene Parsing Network, CVPR 2017, arXiv:1612.01105,
on ResNet-50-D: He, Zhang, Zhang, Zhang, Xie, Li: Bag of Tricks for Image Classification, CVPR 2019, arXiv:1812.01187.
It is the network of the pre-training on pseudo labels: Li, Xiong, Liu, Zhou, Chen, Wang, Dou: Distilling Ensemble of
Explanations for Weakly-Supervised Pre-Training of Image Segmentation Models (PSSL), 2022, arXiv:2207.03335.

Tensor names are those of PaddlePaddle/PaddleSeg (paddleseg/models/pspnet.py, backbones/resnet_vd.py), with PyTorch's
names of the statistics, and without the auxiliary head that only training needs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

DEPTHS = (3, 4, 6, 3)
DILATIONS = (1, 1, 2, 4)
BINS = (1, 2, 3, 6)
STATISTICS = {"._mean": ".running_mean", "._variance": ".running_var"}


def _conv(
    inputs: int, outputs: int, kernel: int = 1, *, stride: int = 1, dilation: int = 1, bias: bool = False
) -> OrderedDict[str, nn.Module]:
    padding = dilation * (kernel // 2)
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=bias)
    return OrderedDict[str, nn.Module](_conv=conv, _batch_norm=nn.BatchNorm2d(outputs))


def _rectified(inputs: int, outputs: int, kernel: int = 1, **options: int | bool) -> nn.Sequential:
    return nn.Sequential(_conv(inputs, outputs, kernel, **options) | {"relu": nn.ReLU()})


class Bottleneck(nn.Module):
    """1×1, 3×3 (which has the stride) and 1×1 convolution beside a shortcut that averages where it halves."""

    def __init__(self, inputs: int, width: int, *, stride: int, dilation: int, is_first: bool) -> None:
        super().__init__()
        self.conv0 = _rectified(inputs, width)
        self.conv1 = _rectified(width, width, 3, stride=stride, dilation=dilation)
        self.conv2 = nn.Sequential(_conv(width, 4 * width))
        self.short: nn.Module = nn.Identity()
        if is_first:
            average = {"pool": nn.AvgPool2d(2, 2, ceil_mode=True)} if stride > 1 else {}
            self.short = nn.Sequential(OrderedDict[str, nn.Module](average) | _conv(inputs, 4 * width))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv2(self.conv1(self.conv0(features))) + self.short(features))


class ResNetD(nn.Module):
    """ResNet-50-D whose last two stages dilate: `[N, 3, H, W]` to features at an eighth of the size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1_1 = _rectified(3, width // 2, 3, stride=2)
        self.conv1_2 = _rectified(width // 2, width // 2, 3)
        self.conv1_3 = _rectified(width // 2, width, 3)
        inputs = width
        self.blocks: list[str] = []
        for stage, (depth, dilation) in enumerate(zip(DEPTHS, DILATIONS, strict=True)):
            for place in range(depth):
                stride = 2 if place == 0 and stage == 1 else 1
                block = Bottleneck(inputs, width << stage, stride=stride, dilation=dilation, is_first=place == 0)
                self.blocks.append(f"bb_{stage}_{place}")
                self.add_module(self.blocks[-1], block)
                inputs = 4 * (width << stage)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features = F.max_pool2d(self.conv1_3(self.conv1_2(self.conv1_1(pixels))), 3, 2, 1)
        for name in self.blocks:
            features = self.get_submodule(name)(features)
        return features


class PyramidPooling(nn.Module):
    """Averages over 36, 9, 4 and 1 cells behind the features themselves, merged."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = inputs // len(BINS)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(cells), _rectified(inputs, inner, bias=True)) for cells in BINS
        )
        self.conv_bn_relu2 = _rectified(2 * inputs, outputs, 3, bias=True)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        size = features.shape[-2:]
        levels = [F.interpolate(s(features), size, mode="bilinear", align_corners=False) for s in self.stages]
        return self.conv_bn_relu2(torch.cat([features, *levels[::-1]], dim=1))


class Head(nn.Module):
    """The pyramid and the classifier."""

    def __init__(self, inputs: int, num_classes: int) -> None:
        super().__init__()
        self.psp_module = PyramidPooling(inputs, inputs // 2)
        self.conv = nn.Conv2d(inputs // 2, num_classes, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv(self.psp_module(features))


class PSPNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`. `width` is that of the first stage's inner convolutions."""

    def __init__(self, num_classes: int, width: int = 64) -> None:
        super().__init__()
        self.backbone = ResNetD(width)
        self.head = Head(32 * width, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits = self.head(self.backbone(pixels))
        return F.interpolate(logits, pixels.shape[-2:], mode="bilinear", align_corners=False)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the auxiliary head, and name the statistics of normalisations as PyTorch does."""
        renamed = {}
        for key, value in state.items():
            if key.startswith("head.auxlayer."):
                continue
            for theirs, ours in STATISTICS.items():
                if key.endswith(theirs):
                    key = key.removesuffix(theirs) + ours
            renamed[key] = value
        return renamed


def build_50(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return PSPNet(num_classes or 19, width)
