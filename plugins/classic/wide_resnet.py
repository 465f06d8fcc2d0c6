"""The trunk WiderResNet-38 (A2) with dilation: Rota Bulò, Porzi, Kontschieder: In-Place Activated BatchNorm for
Memory-Optimized Training of DNNs, CVPR 2018, arXiv:1712.02616; after Wu, Shen, van den Hengel: Wider or Deeper,
arXiv:1611.10080.

Tensor names are those of mapillary/inplace_abn, as nv-tlabs/GSCNN (network/wider_resnet.py) has them.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

MODULES = (
    (3, (2, 2), 1, 1),
    (3, (4, 4), 1, 1),
    (6, (8, 8), 2, 1),
    (3, (8, 16), 1, 2),
    (1, (8, 16, 32), 1, 4),
    (1, (16, 32, 64), 1, 4),
)
"""Blocks, their convolutions' widths in multiples of the first, stride and dilation of mod2 to mod7."""


def _norm_relu(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())


class IdentityBlock(nn.Module):
    """Two 3×3 convolutions, or a 1×1, a 3×3 and a 1×1 one, each after normalisation, beside a shortcut."""

    def __init__(self, inputs: int, widths: tuple[int, ...], *, stride: int, dilation: int) -> None:
        super().__init__()
        self.bn1 = _norm_relu(inputs)
        kernels = (3, 3) if len(widths) == 2 else (1, 3, 1)
        parts = OrderedDict[str, nn.Module]()
        channels = inputs
        for number, (kernel, width) in enumerate(zip(kernels, widths, strict=True), start=1):
            if number > 1:
                parts[f"bn{number}"] = _norm_relu(channels)
            spread = dilation if kernel == 3 else 1
            step = stride if number == 1 else 1
            parts[f"conv{number}"] = nn.Conv2d(
                channels, width, kernel, step, spread * (kernel // 2), spread, bias=False
            )
            channels = width
        self.convs = nn.Sequential(parts)
        if stride != 1 or inputs != channels:
            self.proj_conv = nn.Conv2d(inputs, channels, 1, stride, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        normed = self.bn1(features)
        shortcut = self.proj_conv(normed) if hasattr(self, "proj_conv") else features
        return self.convs(normed) + shortcut


class WideResNet38(nn.Module):
    """The first convolution and six modules; `width` is that of the former, the last gives 64 times as many."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.mod1 = nn.Sequential(OrderedDict(conv1=nn.Conv2d(3, width, 3, padding=1, bias=False)))
        inputs = width
        for number, (count, factors, stride, dilation) in enumerate(MODULES, start=2):
            widths = tuple(factor * width for factor in factors)
            blocks = OrderedDict[str, nn.Module]()
            for place in range(1, count + 1):
                step = stride if place == 1 else 1
                blocks[f"block{place}"] = IdentityBlock(inputs, widths, stride=step, dilation=dilation)
                inputs = widths[-1]
            self.add_module(f"mod{number}", nn.Sequential(blocks))

    def stages(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """The features of all seven modules, at strides 1, 2, 4 and then 8."""
        found = [self.mod1(pixels)]
        for number in range(2, len(MODULES) + 2):
            features = F.max_pool2d(found[-1], 3, 2, 1) if number < 4 else found[-1]
            found.append(self.get_submodule(f"mod{number}")(features))
        return found
