"""The trunks of the EdgeAI Lite networks: Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and
Linear Bottlenecks, CVPR 2018, arXiv:1801.04381; Radosavovic, Kosaraju, Girshick, He, Dollár: Designing Network Design
Spaces (RegNetX), CVPR 2020, arXiv:2003.13678.

Tensor names are those of TexasInstruments/edgeai-torchvision (references/edgeailite/xvision/models/backbone).
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from .layers import conv

MOBILENET_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2))
"""Expansion, width, number of blocks, stride."""

MOBILENET_LAST = (6, 320, 1, 1)

REGNETX = {
    "400mf": ((32, 64, 160, 384), (1, 2, 7, 12), 16),
    "800mf": ((64, 128, 288, 672), (1, 3, 7, 5), 16),
    "1.6gf": ((72, 168, 408, 912), (2, 4, 10, 2), 24),
    "3.2gf": ((96, 192, 432, 1008), (2, 6, 15, 2), 48),
}
"""Widths and depths of the four stages and channels of a group."""


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; added to the input where the shape stays."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.adds = stride == 1 and inputs == outputs
        expand = [conv(inputs, inner)] if expansion != 1 else []
        project = nn.Conv2d(inner, outputs, 1, bias=False)
        self.conv = nn.Sequential(
            *expand, conv(inner, inner, 3, stride=stride, groups=inner), project, nn.BatchNorm2d(outputs)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.conv(features)
        return features + found if self.adds else found


class MobileNetV2(nn.Module):
    """`[N, 3, H, W]` to features at a half … a 32nd of the size, or up to a sixteenth with a `last_stride` of 1."""

    channels = (16, 24, 32, 96, 320)
    group = 1

    def __init__(self, last_stride: int = 2) -> None:
        super().__init__()
        blocks: list[nn.Module] = [conv(3, 32, 3, stride=2)]
        inputs = 32
        self.ends: list[int] = []
        for expansion, outputs, count, stride in (*MOBILENET_STAGES, MOBILENET_LAST):
            for place in range(count):
                first = (last_stride if outputs == 160 else stride) if place == 0 else 1
                blocks.append(InvertedResidual(inputs, outputs, stride=first, expansion=expansion))
                inputs = outputs
            if outputs in self.channels:
                self.ends.append(len(blocks) - 1)
        self.features = nn.Sequential(*blocks)

    def forward(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        found: list[torch.Tensor] = []
        for place, block in enumerate(self.features):
            pixels = block(pixels)
            if place in self.ends:
                found.append(pixels)
        return found


class XBlock(nn.Module):
    """1×1, grouped 3×3 (which has the stride) and 1×1 convolution beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, group: int) -> None:
        super().__init__()
        self.f = nn.Sequential(
            OrderedDict(
                a=nn.Conv2d(inputs, outputs, 1, bias=False),
                a_bn=nn.BatchNorm2d(outputs),
                a_relu=nn.ReLU(),
                b=nn.Conv2d(outputs, outputs, 3, stride, 1, groups=outputs // group, bias=False),
                b_bn=nn.BatchNorm2d(outputs),
                b_relu=nn.ReLU(),
                c=nn.Conv2d(outputs, outputs, 1, bias=False),
                c_bn=nn.BatchNorm2d(outputs),
            )
        )
        self.proj: nn.Module = nn.Identity()
        self.bn: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.proj = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.bn = nn.BatchNorm2d(outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.f(features) + self.bn(self.proj(features)))


class RegNetX(nn.Module):
    """`[N, 3, H, W]` to features at a half … a 32nd of the size; of a `size` of `REGNETX`."""

    def __init__(self, size: str, last_stride: int = 2) -> None:
        super().__init__()
        widths, depths, self.group = REGNETX[size]
        self.channels = (32, *widths)
        stem = OrderedDict(conv=nn.Conv2d(3, 32, 3, 2, 1, bias=False), bn=nn.BatchNorm2d(32), relu1=nn.ReLU())
        stages = OrderedDict[str, nn.Module](stem=nn.Sequential(stem))
        inputs = 32
        for number, (outputs, depth) in enumerate(zip(widths, depths, strict=True), start=1):
            stride = last_stride if number == len(widths) else 2
            blocks = OrderedDict[str, nn.Module]()
            for place in range(1, depth + 1):
                blocks[f"b{place}"] = XBlock(inputs, outputs, stride=stride if place == 1 else 1, group=self.group)
                inputs = outputs
            stages[f"s{number}"] = nn.Sequential(blocks)
        self.features = nn.Sequential(stages)

    def forward(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        found: list[torch.Tensor] = []
        for stage in self.features:
            pixels = stage(pixels)
            found.append(pixels)
        return found
