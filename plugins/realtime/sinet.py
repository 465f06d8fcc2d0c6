"""SINet: Park, Sjösund, Yoo, Monet, Bang, Kwak: SINet: Extreme Lightweight Portrait Segmentation Networks with Spatial
Squeeze Modules and Information Blocking Decoder, WACV 2020, arXiv:1911.09099.

Tensor names are those of clovaai/c3_sinet (models/SINet.py).
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

EPS = 1e-3
Squeeze = tuple[int, int]
"""Kernel size and average-pooling factor of one branch; factor 0 is a plain 3×3 branch, 1 does not pool."""

LEVEL3: tuple[tuple[Squeeze, Squeeze], ...] = (((3, 1), (5, 1)), ((3, 0), (3, 1)), ((3, 0), (3, 1)))
LEVEL4: tuple[tuple[Squeeze, Squeeze], ...] = (
    ((3, 1), (5, 1)),
    ((3, 0), (3, 1)),
    ((5, 1), (5, 4)),
    ((3, 2), (5, 8)),
    ((3, 1), (5, 1)),
    ((3, 1), (5, 1)),
    ((3, 0), (3, 1)),
    ((5, 1), (5, 8)),
    ((3, 2), (5, 4)),
    ((3, 0), (5, 2)),
)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPS)


def _norm_act(channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(bn=_norm(channels), act=nn.PReLU(channels)))


def _conv_norm_act(conv: nn.Module, channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=conv, bn=_norm(channels), act=nn.PReLU(channels)))


class ChannelGate(nn.Module):
    """Scales channels by two small dense layers of their averages (one layer where `divide` is 1)."""

    def __init__(self, channels: int, divide: int) -> None:
        super().__init__()
        inner = channels // divide
        layers: list[nn.Module] = [nn.Linear(channels, inner), nn.PReLU(inner)]
        if divide > 1:
            layers += [nn.Linear(inner, channels), nn.PReLU(channels)]
        self.dense = nn.Sequential(*layers)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * self.dense(features.mean(dim=(2, 3)))[:, :, None, None]


def _down(inputs: int, outputs: int, *, divide: int) -> nn.Sequential:
    """A gated depth-wise separable convolution at half the resolution."""
    separable = nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, 2, 1, groups=inputs, bias=False),
        ChannelGate(inputs, divide),
        nn.Conv2d(inputs, outputs, 1, bias=False),
    )
    return _conv_norm_act(separable, outputs)


class SqueezeBlock(nn.Module):
    """One branch: pooled, convolved along both axes, widened, brought back to its size (section 3.1)."""

    def __init__(self, inputs: int, outputs: int, squeeze: Squeeze) -> None:
        super().__init__()
        kernel, self.factor = squeeze
        if self.factor == 0:
            self.conv = nn.Sequential(nn.Conv2d(inputs, inputs, 3, 1, 1, groups=inputs, bias=False), _norm(inputs))
        else:
            half = kernel // 2
            self.vertical = nn.Conv2d(inputs, inputs, (kernel, 1), padding=(half, 0), groups=inputs, bias=False)
            self.horizontal = nn.Conv2d(inputs, inputs, (1, kernel), padding=(0, half), groups=inputs, bias=False)
            self.B_v = _norm(inputs)
            self.B_h = _norm(inputs)
        self.act_conv1x1 = nn.Sequential(nn.PReLU(inputs), nn.Conv2d(inputs, outputs, 1, bias=False))
        self.bn = _norm(outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if self.factor == 0:
            return self.bn(self.act_conv1x1(self.conv(features)))
        if self.factor > 1:
            features = F.avg_pool2d(features, self.factor)
        mixed = self.act_conv1x1(self.B_v(self.vertical(features)) + self.B_h(self.horizontal(features)))
        if self.factor > 1:
            mixed = F.interpolate(mixed, scale_factor=self.factor, mode="bilinear", align_corners=True)
        return self.bn(mixed)


class SqueezeModule(nn.Module):
    """Two squeeze blocks side by side behind a shuffled grouped reduction."""

    def __init__(self, inputs: int, outputs: int, squeezes: tuple[Squeeze, Squeeze]) -> None:
        super().__init__()
        width = outputs // 2
        self.c1 = nn.Sequential(OrderedDict(conv=nn.Conv2d(inputs, width, 1, groups=2, bias=False)))
        self.shuffle = nn.ChannelShuffle(2)
        self.d1 = SqueezeBlock(width, outputs - width, squeezes[0])
        self.d2 = SqueezeBlock(width, width, squeezes[1])
        self.BR = _norm_act(outputs)
        self.shortcut = inputs == outputs

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        reduced = self.shuffle(self.c1(features))
        merged = torch.cat((self.d1(reduced), self.d2(reduced)), dim=1)
        return self.BR(features + merged if self.shortcut else merged)


class Encoder(nn.Module):
    """Scores at a sixteenth of the input; its second level already has one channel per class."""

    def __init__(self, num_classes: int, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        dim1, dim2, dim3, dim4 = widths
        self.level1 = _conv_norm_act(nn.Conv2d(3, 16, 3, 2, 1, bias=False), 16)
        self.level2_0 = _down(16, num_classes, divide=1)
        self.level3_0 = _down(num_classes, dim1, divide=1)
        self.level3 = nn.Sequential(
            *(SqueezeModule(dim2 if i else dim1, dim2, squeezes) for i, squeezes in enumerate(LEVEL3))
        )
        self.BR3 = _norm_act(dim1 + dim2)
        self.level4_0 = _down(dim1 + dim2, dim2, divide=2)
        half = len(LEVEL4) // 2
        inputs = [dim2, *[dim3] * half, *[dim4] * (half - 1)]
        outputs = [*[dim3] * half, *[dim4] * half]
        self.level4 = nn.Sequential(*map(SqueezeModule, inputs, outputs, LEVEL4))
        self.BR4 = _norm_act(dim2 + dim4)
        self.classifier = nn.Sequential(OrderedDict(conv=nn.Conv2d(dim2 + dim4, num_classes, 1, bias=False)))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        level2 = self.level2_0(self.level1(pixels))
        down3 = self.level3_0(level2)
        level3 = self.level3(down3)
        down4 = self.level4_0(self.BR3(torch.cat((down3, level3), dim=1)))
        return level2, level3, self.classifier(self.BR4(torch.cat((down4, self.level4(down4)), dim=1)))


class SINet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 128 (sixteen times the largest pooling).

    The decoder lets finer features through only where the coarser scores are unsure (section 3.2). Its scores at half
    the resolution are enlarged as the reference's evaluation does.
    """

    def __init__(self, num_classes: int = 19, *, chnn: int = 4) -> None:
        super().__init__()
        more = 4 * (chnn - 1)
        self.encoder = Encoder(num_classes, (24, 48 + more, 72 + more, 96 + more))
        self.bn_4 = _norm(num_classes)
        self.level3_C = _conv_norm_act(nn.Conv2d(48 + more, num_classes, 1, bias=False), num_classes)
        self.bn_3 = _norm(num_classes)
        self.classifier = nn.ConvTranspose2d(num_classes, num_classes, 2, stride=2, bias=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        level2, level3, scores = self.encoder(pixels)
        coarse = self.bn_4(_doubled(scores))
        middle = self.bn_3(_doubled(self.level3_C(level3) * _doubt(coarse) + coarse))
        half = self.classifier(level2 * _doubt(middle) + middle)
        return F.interpolate(half, scale_factor=2, mode="bilinear", align_corners=True)


def _doubled(scores: torch.Tensor) -> torch.Tensor:
    return F.interpolate(scores, scale_factor=2, mode="bilinear", align_corners=False)


def _doubt(scores: torch.Tensor) -> torch.Tensor:
    return 1 - scores.softmax(dim=1).amax(dim=1, keepdim=True)


def build(num_classes: int | None = None) -> nn.Module:
    return SINet(num_classes or 19)
