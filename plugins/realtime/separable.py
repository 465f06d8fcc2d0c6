"""Depth-wise separable blocks that ContextNet and Fast-SCNN, of the same authors, have in common.

The inverted residual is that of Sandler et al.: MobileNetV2, CVPR 2018, arXiv:1801.04381.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import nn


def block(parts: Iterable[nn.Module]) -> nn.Sequential:
    """The parts under the name `conv`, as the references nest them."""
    return nn.Sequential(OrderedDict(conv=nn.Sequential(*parts)))


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> list[nn.Module]:
    """A convolution without padding, normalised, with ReLU."""
    return [nn.Conv2d(inputs, outputs, kernel, stride, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def depthwise(channels: int, stride: int = 1) -> list[nn.Module]:
    """A 3×3 convolution of every channel by itself, normalised, with ReLU."""
    apart = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return [apart, nn.BatchNorm2d(channels), nn.ReLU()]


def separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Depth-wise, then point-wise."""
    return block([*depthwise(inputs, stride), *conv(inputs, outputs)])


class Bottleneck(nn.Module):
    """The inverted residual block of MobileNetV2."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.block = nn.Sequential(
            block(conv(inputs, inner)),
            block(depthwise(inner, stride)),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.block(features) if self.shortcut else self.block(features)


def bottlenecks(inputs: int, outputs: int, stride: int, *, count: int, expansion: int = 6) -> nn.Sequential:
    """As many blocks in a row, the first with the stride."""
    others = (Bottleneck(outputs, outputs, 1, expansion) for _ in range(count - 1))
    return nn.Sequential(Bottleneck(inputs, outputs, stride, expansion), *others)


class Fusion(nn.Module):
    """Deep features, enlarged to the size of the fine ones, added to them."""

    def __init__(self, fine: int, deep: int, outputs: int) -> None:
        super().__init__()
        self.dwconv = block(depthwise(deep))
        self.conv_lower_res = nn.Sequential(nn.Conv2d(deep, outputs, 1), nn.BatchNorm2d(outputs))
        self.conv_higher_res = nn.Sequential(nn.Conv2d(fine, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, fine: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
        enlarged = F.interpolate(deep, fine.shape[2:], mode="bilinear", align_corners=True)
        return torch.relu(self.conv_higher_res(fine) + self.conv_lower_res(self.dwconv(enlarged)))


def classifier(channels: int, num_classes: int) -> nn.Sequential:
    """Two separable convolutions and the scores."""
    return nn.Sequential(
        OrderedDict(
            dsconv1=separable(channels, channels),
            dsconv2=separable(channels, channels),
            conv=nn.Sequential(nn.Dropout(0.1), nn.Conv2d(channels, num_classes, 1)),
        )
    )
