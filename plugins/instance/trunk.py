"""torchvision's ResNet and a feature pyramid on it, as the instance networks use them: He, Zhang, Ren, Sun: Deep
Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385; Lin, Dollár, Girshick, He, Hariharan, Belongie:
Feature Pyramid Networks for Object Detection, CVPR 2017, arXiv:1612.03144.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

DEPTHS = {50: [3, 4, 6, 3], 101: [3, 4, 23, 3]}
"""Number of blocks of the four stages."""

STAGE_CHANNELS = (256, 512, 1024, 2048)
"""Widths of the features of the four stages, a quarter to a 32nd of the input's size."""


class Affine(nn.Module):
    """A factor and a term for each channel: batch normalisation whose statistics went into them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * self.weight[:, None, None] + self.bias[:, None, None]


class Trunk(ResNet):
    """The stem and the four stages, under torchvision's names; `[N, 3, H, W]` to the features of all stages.

    With `as_caffe` the network of ResNet's authors: a stage's stride is on its first 1×1 convolution, and the
    normalisation is frozen into factors.
    """

    def __init__(self, depth: int, *, as_caffe: bool = False) -> None:
        super().__init__(Bottleneck, DEPTHS[depth], norm_layer=Affine if as_caffe else nn.BatchNorm2d)
        del self.fc
        if as_caffe:
            for stage in (self.layer2, self.layer3, self.layer4):
                stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)

    def forward(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        features = self.maxpool(self.relu(self.bn1(self.conv1(pixels))))
        found: list[torch.Tensor] = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            features = stage(features)
            found.append(features)
        return found


class NamedConv(nn.Sequential):
    """A convolution under the name `conv`; with `groups` normalised by groups, as `gn`, and rectified."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, *, groups: int = 0) -> None:
        layers = OrderedDict[str, nn.Module](
            conv=nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=not groups)
        )
        if groups:
            layers["gn"] = nn.GroupNorm(groups, outputs)
            layers["relu"] = nn.ReLU()
        super().__init__(layers)


class FeaturePyramid(nn.Module):
    """Features of all stages at one width, each added to by the coarser ones, and a fifth level of every other pixel.

    Tensor names are those of MMDetection.
    """

    def __init__(self, inputs: Sequence[int] = STAGE_CHANNELS, width: int = 256) -> None:
        super().__init__()
        self.lateral_convs = nn.ModuleList(NamedConv(channels, width, 1) for channels in inputs)
        self.fpn_convs = nn.ModuleList(NamedConv(width, width) for _ in inputs)

    def forward(self, stages: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        lateral = [conv(features) for conv, features in zip(self.lateral_convs, stages, strict=True)]
        for finer in range(len(lateral) - 2, -1, -1):
            coarser = F.interpolate(lateral[finer + 1], lateral[finer].shape[-2:], mode="nearest")
            lateral[finer] = lateral[finer] + coarser
        levels = [conv(features) for conv, features in zip(self.fpn_convs, lateral, strict=True)]
        return [*levels, levels[-1][..., ::2, ::2]]
