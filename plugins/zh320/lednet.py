"""LEDNet: Wang, Zhou, Liu, Xiong, Gao, Wu, Latecki: LEDNet: A Lightweight Encoder-Decoder Network for Real-Time
Semantic Segmentation, ICIP 2019, arXiv:1905.02423.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/lednet.py at 1a32d68):
no activation behind the shortcut, 3×3 convolutions throughout the attention pyramid, which also gives the class scores.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import PooledConv, conv, enlarged


def _branch(channels: int, dilation: int, *, upright_first: bool) -> nn.Sequential:
    """Two factorised convolutions, the second dilated; the first half of each has a bias and no normalisation."""
    first, second = ((3, 1), (1, 3)) if upright_first else ((1, 3), (3, 1))

    def bare(reach: int) -> nn.Conv2d:
        padding = (reach, 0) if upright_first else (0, reach)
        return nn.Conv2d(channels, channels, first, padding=padding, dilation=reach)

    return nn.Sequential(
        bare(1),
        nn.ReLU(),
        conv(channels, channels, second),
        bare(dilation),
        nn.ReLU(),
        conv(channels, channels, second, dilation=dilation),
    )


class SplitShuffle(nn.Module):
    """SS-nbt: one half of the channels goes through each branch, then they are shuffled."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.left_branch = _branch(channels // 2, dilation, upright_first=True)
        self.right_branch = _branch(channels // 2, dilation, upright_first=False)
        self.shuffle = nn.ChannelShuffle(2)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        left, right = features.chunk(2, dim=1)
        changed = torch.cat((self.left_branch(left), self.right_branch(right)), dim=1)
        return self.shuffle(features + changed)


def _encoder() -> nn.Sequential:
    return nn.Sequential(
        PooledConv(3, 32),
        *(SplitShuffle(32) for _ in range(3)),
        PooledConv(32, 64),
        *(SplitShuffle(64) for _ in range(2)),
        PooledConv(64, 128),
        *(SplitShuffle(128, dilation) for dilation in (1, 2, 5, 9, 2, 5, 9, 17)),
    )


class AttentionPyramid(nn.Module):
    """Scores from three smaller sizes weigh those of the features; the mean of the whole is added."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.left_conv1_1 = conv(channels, channels, stride=2)
        self.left_conv1_2 = conv(channels, num_classes)
        self.left_conv2_1 = conv(channels, channels, stride=2)
        self.left_conv2_2 = conv(channels, num_classes)
        self.left_conv3 = nn.Sequential(conv(channels, channels, stride=2), conv(channels, num_classes))
        self.mid_branch = conv(channels, num_classes)
        self.right_branch = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(channels, num_classes))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        half = self.left_conv1_1(features)
        quarter = self.left_conv2_1(half)
        deepest = self.left_conv2_2(quarter) + enlarged(self.left_conv3(quarter), quarter)
        attention = self.left_conv1_2(half) + enlarged(deepest, half)
        return enlarged(attention, features) * self.mid_branch(features) + self.right_branch(features)


class LEDNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 8."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.encoder = _encoder()
        self.apn = AttentionPyramid(128, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return enlarged(self.apn(self.encoder(pixels)), pixels)


def build(num_classes: int | None = None) -> nn.Module:
    return LEDNet(num_classes or 19)
