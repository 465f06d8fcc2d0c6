"""ERFNet: Romera, Álvarez, Bergasa, Arroyo: ERFNet: Efficient Residual Factorized ConvNet for Real-Time Semantic
Segmentation, IEEE Transactions on Intelligent Transportation Systems 19(1), 2018.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/erfnet.py at 1a32d68):
every factorised convolution is normalised, none has a bias, and normalisation and ReLU follow the last transposed
convolution, that is on the class scores.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import Act, PooledConv, conv, up


class Block(nn.Module):
    """Non-bottleneck-1D: 3×3 convolutions factorised, the second pair dilated."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        last = nn.Conv2d(channels, channels, (1, 3), padding=(0, dilation), dilation=dilation, bias=False)
        self.conv = nn.Sequential(
            conv(channels, channels, (3, 1)),
            conv(channels, channels, (1, 3)),
            conv(channels, channels, (3, 1), dilation=dilation),
            last,
        )
        self.bn_act = nn.Sequential(nn.BatchNorm2d(channels), Act("relu"))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.bn_act(self.conv(features) + features)


def _blocks(channels: int, *dilations: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels, dilation) for dilation in dilations))


class ERFNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 8."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.layer1 = PooledConv(3, 16)
        self.layer2 = PooledConv(16, 64)
        self.layer3_7 = _blocks(64, 1, 1, 1, 1, 1)
        self.layer8 = PooledConv(64, 128)
        self.layer9_16 = _blocks(128, 2, 4, 8, 16, 2, 4, 8, 16)
        self.layer17 = up(128, 64)
        self.layer18_19 = _blocks(64, 1, 1)
        self.layer20 = up(64, 16)
        self.layer21_22 = _blocks(16, 1, 1)
        self.layer23 = up(16, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        deep = self.layer9_16(self.layer8(self.layer3_7(self.layer2(self.layer1(pixels)))))
        quarter = self.layer18_19(self.layer17(deep))
        return self.layer23(self.layer21_22(self.layer20(quarter)))


def build(num_classes: int | None = None) -> nn.Module:
    return ERFNet(num_classes or 19)
