"""LEDNet: Wang, Zhou, Liu, Xiong, Gao, Wu, Latecki: LEDNet: A Lightweight Encoder-Decoder Network for Real-Time
Semantic Segmentation, ICIP 2019, arXiv:1905.02423.

Tensor names are those of xiaoyufenfei/LEDNet (train/lednet.py).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

EPS = 1e-3
DEEP_DILATIONS = (1, 2, 5, 9, 2, 5, 9, 17)


class Down(nn.Module):
    """A strided convolution beside pooling, normalised together."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs - inputs, 3, stride=2, padding=1)
        self.bn = nn.BatchNorm2d(outputs, eps=EPS)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.bn(torch.cat((self.conv(features), F.max_pool2d(features, 2)), dim=1)))


class SplitShuffle(nn.Module):
    """Either half of the channels through factorised convolutions in opposite order, then shuffled (figure 2d)."""

    def __init__(self, channels: int, dropout: float, dilation: int = 1) -> None:
        super().__init__()
        half = channels // 2
        for side in ("l", "r"):
            for step, spacing in ((1, 1), (2, dilation)):
                tall = nn.Conv2d(half, half, (3, 1), padding=(spacing, 0), dilation=(spacing, 1))
                wide = nn.Conv2d(half, half, (1, 3), padding=(0, spacing), dilation=(1, spacing))
                self.add_module(f"conv3x1_{step}_{side}", tall)
                self.add_module(f"conv1x3_{step}_{side}", wide)
                self.add_module(f"bn{step}_{side}", nn.BatchNorm2d(half, eps=EPS))
        self.dropout = nn.Dropout2d(dropout)

    def _branch(self, features: torch.Tensor, side: str, kernels: tuple[str, str]) -> torch.Tensor:
        for step in (1, 2):
            first, second = (self.get_submodule(f"conv{kernel}_{step}_{side}") for kernel in kernels)
            features = self.get_submodule(f"bn{step}_{side}")(second(torch.relu(first(features))))
            if step == 1:
                features = torch.relu(features)
        return self.dropout(features)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        left, right = features.chunk(2, dim=1)
        both = torch.cat((self._branch(left, "l", ("3x1", "1x3")), self._branch(right, "r", ("1x3", "3x1"))), dim=1)
        return F.channel_shuffle(torch.relu(features + both), 2)


class Encoder(nn.Module):
    """Features at an eighth of the input. Its own scores (`output_conv`) serve only the encoder's pre-training."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.initial_block = Down(3, 32)
        self.layers = nn.Sequential(
            *(SplitShuffle(32, 0.03) for _ in range(3)),
            Down(32, 64),
            *(SplitShuffle(64, 0.03) for _ in range(2)),
            Down(64, 128),
            *(SplitShuffle(128, 0.3, dilation) for dilation in DEEP_DILATIONS),
        )
        self.output_conv = nn.Conv2d(128, num_classes, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.layers(self.initial_block(pixels))


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    return nn.Sequential(OrderedDict(conv=nn.Sequential(conv, nn.BatchNorm2d(outputs, eps=EPS), nn.ReLU())))


def _enlarged(features: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(features, size_hw, mode="bilinear", align_corners=True)


class AttentionPyramid(nn.Module):
    """Scores weighted by a one-channel pyramid of larger surroundings, plus those of the whole image (figure 3)."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.branch1 = nn.Sequential(nn.AdaptiveAvgPool2d(1), _conv(channels, num_classes, 1))
        self.mid = nn.Sequential(_conv(channels, num_classes, 1))
        self.down1 = _conv(channels, 1, 7, 2)
        self.down2 = _conv(1, 1, 5, 2)
        self.down3 = nn.Sequential(_conv(1, 1, 3, 2), _conv(1, 1, 3))
        self.conv2 = _conv(1, 1, 5)
        self.conv1 = _conv(1, 1, 7)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        height, width = features.shape[2:]
        half = self.down1(features)
        quarter = self.down2(half)
        weights = self.conv2(quarter) + _enlarged(self.down3(quarter), (height // 4, width // 4))
        weights = self.conv1(half) + _enlarged(weights, (height // 2, width // 2))
        return self.mid(features) * _enlarged(weights, (height, width)) + self.branch1(features)


class LEDNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 20) -> None:
        super().__init__()
        self.encoder = Encoder(num_classes)
        self.decoder = nn.Sequential(OrderedDict(apn=AttentionPyramid(128, num_classes)))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return _enlarged(self.decoder(self.encoder(pixels)), (pixels.shape[-2], pixels.shape[-1]))

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Give weights without the encoder's own scores those of this network: they are never used."""
        own = {key: value for key, value in self.state_dict().items() if key.startswith("encoder.output_conv.")}
        return {**own, **state}


def build(num_classes: int | None = None) -> nn.Module:
    return LEDNet(num_classes or 20)
