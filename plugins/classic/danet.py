"""DANet: Fu, Liu, Tian, Li, Bao, Fang, Lu: Dual Attention Network for Scene Segmentation, CVPR 2019, arXiv:1809.02983.

Tensor names are those of the first author's junfu1115/DANet (encoding/models/sseg/danet.py) with a multi-grid of 4, 8
and 16, without the two classifiers that only training needs.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

from .bottleneck_resnet import DEPTHS, BottleneckResNet

GRID = (4, 8, 16)


def _conv(inputs: int, outputs: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class PositionAttention(nn.Module):
    """Every pixel adds the average of all, weighted by similarity (section 3.2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query_conv = nn.Conv2d(channels, channels // 8, 1)
        self.key_conv = nn.Conv2d(channels, channels // 8, 1)
        self.value_conv = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        queries = self.query_conv(features).flatten(2).transpose(1, 2)
        attention = torch.softmax(queries @ self.key_conv(features).flatten(2), dim=-1)
        found = self.value_conv(features).flatten(2) @ attention.transpose(1, 2)
        return self.gamma * found.view_as(features) + features


class ChannelAttention(nn.Module):
    """Every channel adds the average of all, weighted by how little it resembles them (section 3.3)."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        flat = features.flatten(2)
        energy = flat @ flat.transpose(1, 2)
        attention = torch.softmax(energy.amax(dim=-1, keepdim=True) - energy, dim=-1)
        return self.gamma * (attention @ flat).view_as(features) + features


class Head(nn.Module):
    """Both attentions, added, and the classifier."""

    def __init__(self, inputs: int, num_classes: int) -> None:
        super().__init__()
        channels = inputs // 4
        self.conv5a = _conv(inputs, channels)
        self.conv5c = _conv(inputs, channels)
        self.sa = PositionAttention(channels)
        self.sc = ChannelAttention()
        self.conv51 = _conv(channels, channels)
        self.conv52 = _conv(channels, channels)
        self.conv8 = nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(channels, num_classes, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        by_position = self.conv51(self.sa(self.conv5a(features)))
        by_channel = self.conv52(self.sc(self.conv5c(features)))
        return self.conv8(by_position + by_channel)


class DANet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`. `width` is that of the encoder's first stage."""

    def __init__(self, num_classes: int, depth: int, width: int = 64) -> None:
        super().__init__()
        third, fourth = DEPTHS[depth][2:]
        dilations = ([1] + [2] * (third - 1), [GRID[place % len(GRID)] for place in range(fourth)])
        self.pretrained = BottleneckResNet(depth, width=width, dilations=dilations)
        self.head = Head(32 * width, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits = self.head(self.pretrained.stages(pixels)[-1])
        return F.interpolate(logits, pixels.shape[-2:], mode="bilinear", align_corners=True)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the classifiers of the single attentions and of the encoder."""
        left_out = ("head.conv6.", "head.conv7.", "pretrained.fc.")
        return {key: value for key, value in state.items() if not key.startswith(left_out)}


def build_101(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return DANet(num_classes or 19, 101, width)
