"""FC-DenseNet: Jégou, Drozdzal, Vazquez, Romero, Bengio: The One Hundred Layers Tiramisu: Fully Convolutional DenseNets
for Semantic Segmentation, CVPR Workshops 2017, arXiv:1611.09326.

Tensor names are those of bfortuner/pytorch_tiramisu (models/tiramisu.py). That reference ends in a log-softmax; this
network gives its argument.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

FIRST = 48
"""Channels of the first convolution."""

DROPOUT = 0.2


def _layer(inputs: int, growth: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, growth, 3, padding=1)
    return nn.Sequential(
        OrderedDict(norm=nn.BatchNorm2d(inputs), relu=nn.ReLU(), conv=conv, drop=nn.Dropout2d(DROPOUT))
    )


def _down(channels: int) -> nn.Sequential:
    parts = OrderedDict[str, nn.Module](norm=nn.BatchNorm2d(channels), relu=nn.ReLU())
    parts.update(conv=nn.Conv2d(channels, channels, 1), drop=nn.Dropout2d(DROPOUT), maxpool=nn.MaxPool2d(2))
    return nn.Sequential(parts)


class DenseBlock(nn.Module):
    """Every layer sees the input and what those before it gave; `keeps_input`: so does what follows the block."""

    def __init__(self, inputs: int, growth: int, count: int, *, keeps_input: bool) -> None:
        super().__init__()
        self.inputs = 0 if keeps_input else inputs
        self.layers = nn.ModuleList(_layer(inputs + number * growth, growth) for number in range(count))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            features = torch.cat((features, layer(features)), dim=1)
        return features[:, self.inputs :]


class TransitionUp(nn.Module):
    """Features at twice the size, cut to the skip's, beside it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convTrans = nn.ConvTranspose2d(channels, channels, 3, stride=2)

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        enlarged = self.convTrans(features)
        height, width = skip.shape[-2:]
        top, left = (enlarged.shape[-2] - height) // 2, (enlarged.shape[-1] - width) // 2
        return torch.cat((enlarged[..., top : top + height, left : left + width], skip), dim=1)


class FCDenseNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`; `counts` are the layers of the blocks on the way down, then of the
    bottleneck. The way up mirrors the way down.
    """

    def __init__(self, num_classes: int, counts: Sequence[int], growth: int) -> None:
        super().__init__()
        *down, middle = counts
        self.firstconv = nn.Conv2d(3, FIRST, 3, padding=1)
        self.denseBlocksDown = nn.ModuleList()
        self.transDownBlocks = nn.ModuleList()
        channels, skips = FIRST, []
        for count in down:
            self.denseBlocksDown.append(DenseBlock(channels, growth, count, keeps_input=True))
            channels += growth * count
            self.transDownBlocks.append(_down(channels))
            skips.append(channels)
        block = DenseBlock(channels, growth, middle, keeps_input=False)
        self.bottleneck = nn.Sequential(OrderedDict(bottleneck=block))
        self.transUpBlocks = nn.ModuleList()
        self.denseBlocksUp = nn.ModuleList()
        channels = growth * middle
        for number, (count, skip) in enumerate(zip(reversed(down), reversed(skips), strict=True), start=1):
            is_last = number == len(down)
            self.transUpBlocks.append(TransitionUp(channels))
            self.denseBlocksUp.append(DenseBlock(channels + skip, growth, count, keeps_input=is_last))
            channels = growth * count + (channels + skip if is_last else 0)
        self.finalConv = nn.Conv2d(channels, num_classes, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features, skips = self.firstconv(pixels), []
        for block, down in zip(self.denseBlocksDown, self.transDownBlocks, strict=True):
            skips.append(block(features))
            features = down(skips[-1])
        features = self.bottleneck(features)
        for up, block in zip(self.transUpBlocks, self.denseBlocksUp, strict=True):
            features = block(up(features, skips.pop()))
        return self.finalConv(features)


def build_56(num_classes: int | None = None) -> nn.Module:
    return FCDenseNet(num_classes or 12, [4] * 6, 12)


def build_67(num_classes: int | None = None) -> nn.Module:
    return FCDenseNet(num_classes or 12, [5] * 6, 16)


def build_103(num_classes: int | None = None) -> nn.Module:
    return FCDenseNet(num_classes or 12, [4, 5, 7, 10, 12, 15], 16)
