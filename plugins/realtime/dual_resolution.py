"""Building blocks that DDRNet and PIDNet share, under the names that both references give their tensors.

Hong, Pan, Sun, Jia: Deep Dual-resolution Networks for Real-time and Accurate Semantic Segmentation of Road Scenes,
2021, arXiv:2101.06085.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

POOLS = ((5, 2), (9, 4), (17, 8))
"""Kernel and stride of the average poolings of the pyramid; the fourth branch averages everything."""


def norm_conv(inputs: int, outputs: int, kernel: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return [nn.BatchNorm2d(inputs), nn.ReLU(), conv]


def conv_norm(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]


def resized(features: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(features, size, mode="bilinear", align_corners=False)


class Residual(nn.Module):
    """Convolutions with a shortcut; `kernels` says which. The sum is rectified unless `bare`."""

    def __init__(
        self, inputs: int, widths: tuple[int, ...], kernels: tuple[int, ...], *, stride: int, bare: bool
    ) -> None:
        super().__init__()
        strided = kernels.index(3)
        before = inputs
        for number, (width, kernel) in enumerate(zip(widths, kernels, strict=True), start=1):
            step = stride if number - 1 == strided else 1
            conv, norm = conv_norm(before, width, kernel, step)
            self.add_module(f"conv{number}", conv)
            self.add_module(f"bn{number}", norm)
            before = width
        self.depth = len(widths)
        changes = stride != 1 or inputs != widths[-1]
        self.downsample = nn.Sequential(*conv_norm(inputs, widths[-1], 1, stride)) if changes else nn.Identity()
        self.bare = bare

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = features
        for number in range(1, self.depth + 1):
            x = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(x))
            if number < self.depth:
                x = torch.relu(x)
        x = x + self.downsample(features)
        return x if self.bare else torch.relu(x)


def basic_stage(inputs: int, width: int, count: int, stride: int = 1) -> nn.Sequential:
    """Basic blocks of which the last one leaves its sum as it is."""
    blocks = [Residual(inputs, (width, width), (3, 3), stride=stride, bare=False)]
    blocks += [Residual(width, (width, width), (3, 3), stride=1, bare=i == count - 1) for i in range(1, count)]
    return nn.Sequential(*blocks)


def bottleneck_stage(inputs: int, width: int, stride: int = 1, *, count: int = 1) -> nn.Sequential:
    """Bottleneck blocks that leave their sums as they are."""
    blocks = [Residual(inputs, (width, width, 2 * width), (1, 3, 1), stride=stride, bare=True)]
    blocks += [Residual(2 * width, (width, width, 2 * width), (1, 3, 1), stride=1, bare=True) for _ in range(count - 1)]
    return nn.Sequential(*blocks)


class DAPPM(nn.Module):
    """Deep aggregation pyramid pooling: every scale is convolved on top of the one before (section 3.3)."""

    def __init__(self, inputs: int, inner: int, outputs: int) -> None:
        super().__init__()
        self.scale0 = nn.Sequential(*norm_conv(inputs, inner))
        for number, (kernel, stride) in enumerate(POOLS, start=1):
            pool = nn.AvgPool2d(kernel, stride, kernel // 2)
            self.add_module(f"scale{number}", nn.Sequential(pool, *norm_conv(inputs, inner)))
        self.scale4 = nn.Sequential(nn.AdaptiveAvgPool2d(1), *norm_conv(inputs, inner))
        for number in (1, 2, 3, 4):
            self.add_module(f"process{number}", nn.Sequential(*norm_conv(inner, inner, 3)))
        self.compression = nn.Sequential(*norm_conv(5 * inner, outputs))
        self.shortcut = nn.Sequential(*norm_conv(inputs, outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        size = (features.shape[-2], features.shape[-1])
        parts = [self.scale0(features)]
        for number in (1, 2, 3, 4):
            scaled = resized(self.get_submodule(f"scale{number}")(features), size)
            parts.append(self.get_submodule(f"process{number}")(scaled + parts[-1]))
        return self.compression(torch.cat(parts, dim=1)) + self.shortcut(features)


class Head(nn.Module):
    """From features to class scores."""

    def __init__(self, inputs: int, inner: int, num_classes: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, inner, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, num_classes, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv2(torch.relu(self.bn2(self.conv1(torch.relu(self.bn1(features))))))


def stem(planes: int) -> nn.Sequential:
    """Two strided convolutions: a quarter of the resolution."""
    first = [nn.Conv2d(3, planes, 3, 2, 1), nn.BatchNorm2d(planes), nn.ReLU()]
    return nn.Sequential(*first, nn.Conv2d(planes, planes, 3, 2, 1), nn.BatchNorm2d(planes), nn.ReLU())
