"""ESPNetV2: Mehta, Rastegari, Shapiro, Hajishirzi: ESPNetv2: A Light-weight, Power Efficient, and General Purpose
Convolutional Neural Network, CVPR 2019, arXiv:1811.11431.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/espnetv2.py at 1a32d68):
a plain head behind pyramid pooling instead of the authors' decoder, dilations 1, 2, 4, 8.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import (
    Pyramid,
    conv,
    enlarged,
    mix,
    separable,
)

BRANCHES = 4


class EESP(nn.Module):
    """Grouped reduction, depth-wise dilated branches added up, grouped expansion, and a shortcut."""

    def __init__(self, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        width = channels // BRANCHES
        self.conv_init = nn.Conv2d(channels, width, 1, groups=BRANCHES, bias=False)
        self.layers = nn.ModuleList(
            separable(width, width, stride=stride, dilation=2**k, act="prelu") for k in range(BRANCHES)
        )
        self.conv_last = nn.Conv2d(channels, channels, 1, groups=BRANCHES, bias=False)

    def expanded(self, features: torch.Tensor) -> torch.Tensor:
        reduced = self.conv_init(features)
        sums: list[torch.Tensor] = []
        for branch in self.layers:
            convolved = branch(reduced)
            sums.append(convolved + sums[-1] if sums else convolved)
        return self.conv_last(torch.cat(sums, dim=1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.expanded(features)


class Down(EESP):
    """Half the size and twice the channels: the strided unit beside pooling, and the image added."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, stride=2)
        self.pool = nn.AvgPool2d(3, 2, 1)
        self.conv_stride = nn.Sequential(conv(3, 3), mix(3, 2 * channels))

    def forward(self, features: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        joined = torch.cat((self.expanded(features), self.pool(features)), dim=1)
        return joined + self.conv_stride(pixels)


class ESPNetV2(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 16."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(3, 2, 1)
        self.l1_block = conv(3, 32, stride=2, act="prelu")
        self.l2_block = Down(32)
        self.l3_block1 = Down(64)
        self.l3_block2 = nn.Sequential(*(EESP(128) for _ in range(3)))
        self.l4_block1 = Down(128)
        self.l4_block2 = nn.Sequential(*(EESP(256) for _ in range(7)))
        self.convl4_l3 = conv(256, 128, 1)
        self.ppm = Pyramid(256, 256, act="prelu")
        self.decoder = nn.Sequential(conv(256, 128, act="prelu"), mix(128, num_classes))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        quarter = self.pool(self.pool(pixels))
        eighth = self.pool(quarter)
        level2 = self.l2_block(self.l1_block(pixels), quarter)
        level3 = self.l3_block2(self.l3_block1(level2, eighth))
        level4 = self.l4_block2(self.l4_block1(level3, self.pool(eighth)))
        joined = torch.cat((self.convl4_l3(enlarged(level4, level3)), level3), dim=1)
        return enlarged(self.decoder(self.ppm(joined)), pixels)


def build(num_classes: int | None = None) -> nn.Module:
    return ESPNetV2(num_classes or 19)
