"""The convolutions of the EdgeAI Lite networks, named by place as in TexasInstruments/edgeai-torchvision
(torchvision/xnn/layers).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def conv(
    inputs: int, outputs: int, kernel: int = 1, *, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Sequential:
    """A convolution, normalised and rectified."""
    padding = dilation * (kernel // 2)
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU())


def separable(inputs: int, outputs: int, *, group: int = 1, dilation: int = 1) -> nn.Sequential:
    """A 3×3 convolution over `group` channels each, then a 1×1 one."""
    return nn.Sequential(conv(inputs, inputs, 3, dilation=dilation, groups=inputs // group), conv(inputs, outputs))


def scores(inputs: int, num_classes: int, *, group: int = 1) -> nn.Sequential:
    """The classifier: separable too, without an activation."""
    first = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs // group, bias=False)
    last = nn.Conv2d(inputs, num_classes, 1, bias=False)
    return nn.Sequential(nn.Sequential(first, nn.BatchNorm2d(inputs)), nn.Sequential(last))


def enlarged(features: torch.Tensor, factor: int) -> torch.Tensor:
    """Features at `factor` times their size."""
    return F.interpolate(features, scale_factor=factor, mode="bilinear", align_corners=False)
