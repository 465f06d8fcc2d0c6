"""RefineNet: Lin, Milan, Shen, Reid: RefineNet: Multi-Path Refinement Networks for High-Resolution Semantic
Segmentation, CVPR 2017, arXiv:1611.06612.

Tensor names are those of DrSleep/refinenet-pytorch (models/resnet.py), which enlarges the scores from a quarter of the
input with OpenCV's cubic interpolation, as is done here.
"""

from __future__ import annotations

import torch
from torch import nn

from .refinenet_lw import LightWeightRefineNet


class ResidualUnits(nn.Module):
    """Residual convolution units: each rectifies and convolves twice beside a shortcut."""

    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        self.count = count
        for number in range(1, count + 1):
            self.add_module(f"{number}_conv", nn.Conv2d(channels, channels, 3, padding=1))
            second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.add_module(f"{number}_conv_relu_varout_dimred", second)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        for number in range(1, self.count + 1):
            added = self.get_submodule(f"{number}_conv")(torch.relu(features))
            features = features + self.get_submodule(f"{number}_conv_relu_varout_dimred")(torch.relu(added))
        return features


class RefineNet(LightWeightRefineNet):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`: as its light version, with 3×3 convolutions and residual units."""

    def __init__(self, num_classes: int, depth: int, width: int = 64) -> None:
        super().__init__(num_classes, depth, width, kernel=3)

    def units(self, channels: int, count: int) -> nn.Module:
        """The residual units before and after the pooling of a level."""
        return nn.Sequential(ResidualUnits(channels, count))


def build_101(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return RefineNet(num_classes or 21, 101, width)
