"""SwiftNet: Oršić, Krešo, Bevandić, Šegvić: In Defense of Pre-trained ImageNet Architectures for Real-time Semantic
Segmentation of Road-driving Images, CVPR 2019, arXiv:1903.08469.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/swiftnet.py at 1a32d68):
convolution before normalisation everywhere, pooling in fixed parts, normalisation and ReLU on the class scores.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import (
    Pyramid,
    ResNet18,
    conv,
    enlarged,
    times,
)

WIDTH = 128


class Decoder(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.up_stage3 = conv(WIDTH, WIDTH)
        self.up_stage2 = conv(WIDTH, WIDTH)
        self.up_stage1 = conv(WIDTH, num_classes)

    def forward(self, deep: torch.Tensor, levels: list[torch.Tensor]) -> torch.Tensor:
        for level, stage in zip(levels, (self.up_stage3, self.up_stage2, self.up_stage1), strict=True):
            deep = stage(times(deep, 2) + level)
        return deep


class SwiftNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.backbone = ResNet18()
        self.connection1 = conv(64, WIDTH, 1)
        self.connection2 = conv(128, WIDTH, 1)
        self.connection3 = conv(256, WIDTH, 1)
        self.spp = Pyramid(512, WIDTH)
        self.decoder = Decoder(num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        first, second, third, deepest = self.backbone(pixels)
        lateral = [self.connection3(third), self.connection2(second), self.connection1(first)]
        return enlarged(self.decoder(self.spp(deepest), lateral), pixels)


def build(num_classes: int | None = None) -> nn.Module:
    return SwiftNet(num_classes or 19)
