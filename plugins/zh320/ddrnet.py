"""DDRNet: Hong, Pan, Sun, Jia: Deep Dual-resolution Networks for Real-time and Accurate Semantic Segmentation of Road
Scenes, 2021, arXiv:2101.06085.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/ddrnet.py at 1a32d68): one
exchange between the branches less, pooled maps without normalisation before their 1×1 convolution, corners aligned.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from .blocks import (
    conv,
    enlarged,
    head,
    mix,
)


class Residual(nn.Module):
    """Convolutions with a shortcut, which has one of its own where the shape changes."""

    def __init__(self, layers: dict[str, nn.Module], shortcut: nn.Module | None) -> None:
        super().__init__()
        self.names = tuple(layers)
        for name, layer in layers.items():
            self.add_module(name, layer)
        if shortcut is not None:
            self.conv_down = shortcut

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        changed = features
        for name in self.names:
            changed = self.get_submodule(name)(changed)
        return torch.relu(changed + (self.conv_down(features) if hasattr(self, "conv_down") else features))


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module | None:
    return conv(inputs, outputs, 1, stride=stride, act="none") if stride > 1 or inputs != outputs else None


def _basic(inputs: int, outputs: int, stride: int = 1) -> Residual:
    layers = {"conv1": conv(inputs, outputs, stride=stride), "conv2": conv(outputs, outputs, act="none")}
    return Residual(layers, _shortcut(inputs, outputs, stride))


def _bottleneck(inputs: int, outputs: int, stride: int = 1) -> Residual:
    layers = {
        "conv1": conv(inputs, inputs, 1),
        "conv2": conv(inputs, inputs, stride=stride),
        "conv3": conv(inputs, outputs, 1, act="none"),
    }
    return Residual(layers, _shortcut(inputs, outputs, stride))


def _pair(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_basic(inputs, outputs, stride), _basic(outputs, outputs))


class Exchange(nn.Module):
    """Each branch is added to the other, at that one's size."""

    def __init__(self, low: int, high: int, stride: int) -> None:
        super().__init__()
        self.conv_low = conv(low, high, 1, act="none")
        self.conv_high = conv(high, low, stride=stride, act="none")

    def forward(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.relu(low + self.conv_high(high)), torch.relu(high + enlarged(self.conv_low(low), high))


class ContextPool(nn.Module):
    """DAPPM: the deepest features at ever coarser sizes, each added to the one before (figure 5)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = inputs // 4
        self.conv0 = conv(inputs, outputs, 1)
        self.conv1 = conv(inputs, inner, 1)
        pools = [nn.AvgPool2d(2 * stride + 1, stride, stride) for stride in (2, 4, 8)]
        for number, pool in enumerate([*pools, nn.AdaptiveAvgPool2d(1)], start=2):
            self.add_module(f"pool{number}", nn.Sequential(pool, mix(inputs, inner)))
            self.add_module(f"conv{number}", conv(inner, inner))
        self.conv_last = conv(5 * inner, outputs, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        parts = [self.conv1(features)]
        for number in (2, 3, 4, 5):
            pooled = enlarged(self.get_submodule(f"pool{number}")(features), features)
            parts.append(self.get_submodule(f"conv{number}")(parts[-1] + pooled))
        return self.conv_last(torch.cat(parts, dim=1)) + self.conv0(features)


class Fourth(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.low_conv1 = _pair(2 * width, 4 * width, 2)
        self.high_conv1 = _pair(2 * width, 2 * width)
        self.bilateral_fusion1 = Exchange(4 * width, 2 * width, 2)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.bilateral_fusion1(self.low_conv1(features), self.high_conv1(features))


class Fifth(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.low_conv1 = _pair(4 * width, 8 * width, 2)
        self.high_conv1 = _pair(2 * width, 2 * width)
        self.bilateral_fusion = Exchange(8 * width, 2 * width, 4)
        self.low_conv2 = nn.Sequential(_bottleneck(8 * width, 16 * width, 2))
        self.high_conv2 = nn.Sequential(_bottleneck(2 * width, 4 * width))
        self.dappm = ContextPool(16 * width, 4 * width)

    def forward(self, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        low, high = self.bilateral_fusion(self.low_conv1(low), self.high_conv1(high))
        high = self.high_conv2(high)
        return high + enlarged(self.dappm(self.low_conv2(low)), high)


class Level(nn.Module):
    """Layers under the name that the reference gives them."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Sequential(*layers)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv(features)


class DDRNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 64."""

    def __init__(self, num_classes: int = 19, *, width: int = 32) -> None:
        super().__init__()
        self.conv1 = conv(3, width, stride=2)
        self.conv2 = Level(conv(width, width, stride=2), _basic(width, width), _basic(width, width))
        self.conv3 = Level(*_pair(width, 2 * width, 2))
        self.conv4 = Fourth(width)
        self.conv5 = Fifth(width)
        self.seg_head = head(4 * width, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        low, high = self.conv4(self.conv3(self.conv2(self.conv1(pixels))))
        return enlarged(self.seg_head(self.conv5(low, high)), pixels)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the head that only training uses."""
        return {key: value for key, value in state.items() if not key.startswith("aux_head.")}


def build(num_classes: int | None = None) -> nn.Module:
    return DDRNet(num_classes or 19)
