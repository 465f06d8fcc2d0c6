"""SwiftNet: Oršić, Krešo, Bevandić, Šegvić: In Defense of Pre-trained ImageNet Architectures for Real-time Semantic
Segmentation of Road-driving Images, CVPR 2019, arXiv:1903.08469.

Tensor names are those of the authors' orsic/swiftnet (single scale, ResNet-18). The paper takes the skips before the
ReLU; in the reference that ReLU works in place, so that they come after it, and so they do here.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from .residual_net import WIDTHS, ResNet18  # noqa: TID252 - a plugin's modules know each other by their folder only

MEAN = (73.15, 82.90, 72.3)
STD = (47.67, 48.49, 47.73)
GRIDS = (8, 4, 2)


def _conv(inputs: int, outputs: int, kernel: int = 1, *, bias: bool = False) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
    return nn.Sequential(OrderedDict(norm=nn.BatchNorm2d(inputs), relu=nn.ReLU(), conv=conv))


def _enlarged(features: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(features, size_hw, mode="bilinear", align_corners=False)


class PyramidPooling(nn.Module):
    """Averages over 8, 4 and 2 rows of about square cells beside the features themselves (section 3.1)."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        level = channels // len(GRIDS)
        self.spp = nn.Sequential(OrderedDict(spp_bn=_conv(inputs, channels)))
        for number in range(len(GRIDS)):
            self.spp.add_module(f"spp{number}", _conv(channels, level))
        self.spp.add_module("spp_fuse", _conv(channels + level * len(GRIDS), channels))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        reduce, *levels, fuse = self.spp
        height, width = features.shape[-2:]
        features = reduce(features)
        parts = [features]
        for rows, level in zip(GRIDS, levels, strict=True):
            pooled = F.adaptive_avg_pool2d(features, (rows, max(1, round(width / height * rows))))
            parts.append(_enlarged(level(pooled), (height, width)))
        return fuse(torch.cat(parts, dim=1))


class Up(nn.Module):
    """Deeper features, enlarged, added to the encoder's and blended."""

    def __init__(self, skip: int, channels: int) -> None:
        super().__init__()
        self.bottleneck = _conv(skip, channels)
        self.blend_conv = _conv(channels, channels, 3)

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        enlarged = _enlarged(features, (skip.shape[-2], skip.shape[-1]))
        return self.blend_conv(enlarged + self.bottleneck(skip))


class Backbone(ResNet18):
    """Pixels 0…255 to features at a quarter of the input."""

    img_mean: torch.Tensor
    img_std: torch.Tensor

    def __init__(self, channels: int = 128) -> None:
        super().__init__()
        self.register_buffer("img_mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("img_std", torch.tensor(STD).view(1, 3, 1, 1))
        self.spp = PyramidPooling(WIDTHS[-1], channels)
        self.upsample = nn.ModuleList(Up(skip, channels) for skip in reversed(WIDTHS[:-1]))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        *skips, deepest = self.stages(self.stem((pixels - self.img_mean) / self.img_std))
        features = self.spp(deepest)
        for up, skip in zip(self.upsample, reversed(skips), strict=True):
            features = up(features, skip)
        return features


class SwiftNet(nn.Module):
    """`[N, 3, H, W]`, values 0…255, to logits `[N, C, H, W]`; the mean and the deviation are part of the weights."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.logits = _conv(128, num_classes, bias=True)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return _enlarged(self.logits(self.backbone(pixels)), (pixels.shape[-2], pixels.shape[-1]))


def build_rn18(num_classes: int | None = None) -> nn.Module:
    return SwiftNet(num_classes or 19)
