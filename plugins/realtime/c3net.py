"""C3Net: Park, Yoo, Seo, Han, Yun, Kwak: C3: Concentrated-Comprehensive Convolution and its Application to Semantic
Segmentation, 2018, arXiv:1812.04920.

Tensor names are those of clovaai/c3_sinet (models/C3.py and models/C3_V2.py).
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

EPS = 1e-3
RATES = (2, 3, 7, 13)
"""Dilations of the reference's published weights ("setting 2")."""
RATES_V2 = (2, 4, 8, 16)


def _conv(inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=False)))


def _norm_act(channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(bn=nn.BatchNorm2d(channels, eps=EPS), act=nn.PReLU(channels)))


def _conv_norm_act(inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=False),
            bn=nn.BatchNorm2d(outputs, eps=EPS),
            act=nn.PReLU(outputs),
        )
    )


def _double(channels: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels, channels, 2, stride=2, bias=False)


def _concentrated(inputs: int, outputs: int, rate: int) -> nn.Sequential:
    """Gather the neighbourhood by two long depth-wise convolutions, then look at it with a dilated one (section 3)."""
    if rate == 1:
        return _conv(inputs, outputs, 3)
    reach = 2 * rate - 1
    return nn.Sequential(
        OrderedDict(
            conv=nn.Sequential(
                nn.Conv2d(inputs, inputs, (reach, 1), padding=(rate - 1, 0), groups=inputs, bias=False),
                nn.BatchNorm2d(inputs),
                nn.PReLU(inputs),
                nn.Conv2d(inputs, inputs, (1, reach), padding=(0, rate - 1), groups=inputs, bias=False),
                nn.BatchNorm2d(inputs),
                nn.Conv2d(inputs, inputs, 3, padding=rate, dilation=rate, groups=inputs, bias=False),
                nn.Conv2d(inputs, outputs, 1, bias=False),
            )
        )
    )


class Pyramid(nn.Module):
    """Four concentrated-comprehensive branches of a reduced map, concatenated."""

    def __init__(self, inputs: int, outputs: int, rates: tuple[int, ...], *, stride: int) -> None:
        super().__init__()
        branch = outputs // 4
        self.c1 = _conv(inputs, branch, 3, stride=2) if stride == 2 else _conv(inputs, branch, 1)
        for number, rate in enumerate(rates, start=1):
            width = outputs - 3 * branch if number == 1 else branch
            self.add_module(f"d{number}", _concentrated(branch, width, rate))

    def pyramid(self, features: torch.Tensor) -> torch.Tensor:
        reduced = self.c1(features)
        return torch.cat([self.get_submodule(f"d{number}")(reduced) for number in (1, 2, 3, 4)], dim=1)


class DownSampler(Pyramid):
    """The pyramid at half the resolution."""

    def __init__(self, inputs: int, outputs: int, rates: tuple[int, ...]) -> None:
        super().__init__(inputs, outputs, rates, stride=2)
        self.bn = nn.BatchNorm2d(outputs, eps=EPS)
        self.act = nn.PReLU(outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.act(self.bn(self.pyramid(features)))


class Block(Pyramid):
    """The pyramid with a shortcut where the width stays."""

    def __init__(self, inputs: int, outputs: int, rates: tuple[int, ...]) -> None:
        super().__init__(inputs, outputs, rates, stride=1)
        self.bn = _norm_act(outputs)
        self.shortcut = inputs == outputs

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        merged = self.pyramid(features)
        return self.bn(features + merged if self.shortcut else merged)


class Encoder(nn.Module):
    """Three levels, each fed with the image at its own size; scores at an eighth of the input."""

    def __init__(self, num_classes: int, p: int, q: int, rates: tuple[int, ...], *, width: int = 16) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(2)
        self.level1 = _conv_norm_act(3, width, 3, stride=2)
        self.b1 = _norm_act(width + 3)
        self.level2_0 = DownSampler(width + 3, 64, rates)
        self.level2 = nn.Sequential(*(Block(64, 64, rates) for _ in range(p)))
        self.b2 = _norm_act(131)
        self.level3_0 = DownSampler(131, 128, rates)
        self.level3 = nn.Sequential(*(Block(128, 128, rates) for _ in range(q)))
        self.b3 = _norm_act(256)
        self.classifier = _conv(256, num_classes, 1)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The first two levels, each with the image, and scores at an eighth."""
        _, level1, _, level2, scores = self.levels(pixels)
        return level1, level2, scores

    def levels(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The first two levels, each alone and with the image, and scores at an eighth."""
        half = self.pool(pixels)
        alone1 = self.level1(pixels)
        level1 = self.b1(torch.cat((alone1, half), dim=1))
        down2 = self.level2_0(level1)
        alone2 = self.level2(down2)
        level2 = self.b2(torch.cat((alone2, down2, self.pool(half)), dim=1))
        down3 = self.level3_0(level2)
        scores = self.classifier(self.b3(torch.cat((down3, self.level3(down3)), dim=1)))
        return alone1, level1, alone2, level2, scores


class C3Net(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 8."""

    def __init__(self, num_classes: int = 20, *, p: int = 2, q: int = 8, rates: tuple[int, ...] = RATES) -> None:
        super().__init__()
        self.encoder = Encoder(num_classes, p, q, rates)
        self.level3_C = _conv(131, num_classes, 1)
        self.br = nn.BatchNorm2d(num_classes, eps=EPS)
        self.conv = _conv_norm_act(19 + num_classes, num_classes, 3)
        self.up_l3 = nn.Sequential(_double(num_classes))
        self.combine_l2_l3 = nn.Sequential(_norm_act(2 * num_classes), Block(2 * num_classes, num_classes, rates))
        self.up_l2 = nn.Sequential(_double(num_classes), _norm_act(num_classes))
        self.classifier = _double(num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        level1, level2, scores = self.encoder(pixels)
        deep = self.up_l3(self.br(scores))
        middle = self.up_l2(self.combine_l2_l3(torch.cat((self.level3_C(level2), deep), dim=1)))
        return self.classifier(self.conv(torch.cat((middle, level1), dim=1)))


def _separable(inputs: int, outputs: int) -> nn.Sequential:
    depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
    both = nn.Sequential(depthwise, nn.Conv2d(inputs, outputs, 1, bias=False))
    return nn.Sequential(OrderedDict(conv=both, bn=nn.BatchNorm2d(outputs, eps=EPS), act=nn.PReLU(outputs)))


class C3NetV2(nn.Module):
    """The same trunk with a decoder that enlarges bilinearly: `[N, 3, H, W]` to logits `[N, C, H, W]`."""

    def __init__(self, num_classes: int = 20, *, p: int = 2, q: int = 8, rates: tuple[int, ...] = RATES_V2) -> None:
        super().__init__()
        self.encoder = Encoder(num_classes, p, q, rates, width=num_classes)
        self.bn = nn.BatchNorm2d(num_classes, eps=EPS)
        self.up = nn.UpsamplingBilinear2d(scale_factor=2)
        self.conv_l2 = _separable(num_classes + 64, num_classes)
        self.conv_l1 = _separable(2 * num_classes, num_classes)
        self.classifier = nn.Sequential(nn.UpsamplingBilinear2d(scale_factor=2), _conv(num_classes, num_classes, 1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        level1, _, level2, _, scores = self.encoder.levels(pixels)
        middle = self.conv_l2(torch.cat((self.up(self.bn(scores)), level2), dim=1))
        return self.classifier(self.conv_l1(torch.cat((self.up(middle), level1), dim=1)))


def build(num_classes: int | None = None) -> nn.Module:
    return C3Net(num_classes or 20)


def build_v2(num_classes: int | None = None) -> nn.Module:
    return C3NetV2(num_classes or 20)
