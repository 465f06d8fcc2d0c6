"""MobileNetV2 as the trunk of DeepLab v3 and v3+: Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted
Residuals and Linear Bottlenecks, CVPR 2018, arXiv:1801.04381. Output stride 16.

Tensor names are those of VainF/DeepLabV3Plus-Pytorch (network/backbone/mobilenetv2.py), which pads a block's input
before the first 1×1 convolution, so that the border becomes that layer's bias, and the first convolution not at all.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

STAGES = ((1, 16, 1, 1, 1), (6, 24, 2, 2, 1), (6, 32, 3, 2, 1), (6, 64, 4, 2, 1), (6, 96, 3, 1, 1), (6, 160, 3, 1, 2))
"""Expansion, width, number of blocks, stride and dilation; the first block of a stage has the former dilation."""

LAST_STAGE = (6, 320, 1, 1, 2)
FINE_BLOCKS = 4
"""How many modules belong to the fine features, a quarter of the input's size."""


def _conv(inputs: int, outputs: int, kernel: int, *, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, 0, dilation, groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU6())


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; added to the input where the shape stays."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, dilation: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.padding = dilation
        self.adds = stride == 1 and inputs == outputs
        expand = [_conv(inputs, inner, 1)] if expansion != 1 else []
        filter_each = _conv(inner, inner, 3, stride=stride, dilation=dilation, groups=inner)
        project = nn.Conv2d(inner, outputs, 1, bias=False)
        self.conv = nn.Sequential(*expand, filter_each, project, nn.BatchNorm2d(outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.conv(F.pad(features, (self.padding,) * 4))
        return features + found if self.adds else found


class MobileNetV2(nn.Module):
    """`[N, 3, H, W]` to features at a quarter (24 channels) and at a sixteenth (320) of the size."""

    fine_channels, deep_channels = 24, 320

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = [_conv(3, 32, 3, stride=2)]
        inputs, former = 32, 1
        for expansion, outputs, count, stride, dilation in (*STAGES, LAST_STAGE):
            for place in range(count):
                first = place == 0
                blocks.append(
                    InvertedResidual(
                        inputs,
                        outputs,
                        stride=stride if first else 1,
                        dilation=former if first else dilation,
                        expansion=expansion,
                    )
                )
                inputs = outputs
            former = dilation
        whole = nn.Sequential(*blocks)
        self.low_level_features = whole[:FINE_BLOCKS]
        self.high_level_features = whole[FINE_BLOCKS:]

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        fine = self.low_level_features(pixels)
        return fine, self.high_level_features(fine)
