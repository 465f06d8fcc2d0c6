"""LinkNet: Chaurasia, Culurciello: LinkNet: Exploiting Encoder Representations for Efficient Semantic Segmentation,
VCIP 2017, arXiv:1707.03718.

Tensor names are those of the authors' e-lab/pytorch-linknet (models/linknet.py); its last log-softmax is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from .residual_net import ResNet18  # noqa: TID252 - a plugin's modules know each other by their folder only


def _normalised(conv: nn.Module, channels: int) -> nn.Sequential:
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU())


class Decoder(nn.Module):
    """A full convolution between two that narrow to a quarter and widen again (figure 3)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 2) -> None:
        super().__init__()
        inner = inputs // 4
        transposed = nn.ConvTranspose2d(inner, inner, 3, stride, padding=1, output_padding=stride - 1, bias=False)
        self.conv1 = _normalised(nn.Conv2d(inputs, inner, 1, bias=False), inner)
        self.tp_conv = _normalised(transposed, inner)
        self.conv2 = _normalised(nn.Conv2d(inner, outputs, 1, bias=False), outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv2(self.tp_conv(self.conv1(features)))


class LinkNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 20) -> None:
        super().__init__()
        self.encoder = ResNet18()
        self.decoder1 = Decoder(64, 64, stride=1)
        self.decoder2 = Decoder(128, 64)
        self.decoder3 = Decoder(256, 128)
        self.decoder4 = Decoder(512, 256)
        self.tp_conv1 = _normalised(nn.ConvTranspose2d(64, 32, 3, 2, padding=1, output_padding=1), 32)
        self.conv2 = _normalised(nn.Conv2d(32, 32, 3, padding=1), 32)
        self.tp_conv2 = nn.ConvTranspose2d(32, num_classes, 2, 2)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        stem = self.encoder.stem(pixels)
        first, second, third, deepest = self.encoder.stages(stem)
        features = third + self.decoder4(deepest)
        features = second + self.decoder3(features)
        features = first + self.decoder2(features)
        features = stem + self.decoder1(features)
        return self.tp_conv2(self.conv2(self.tp_conv1(features)))

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Bring the reference's names of the encoder to ResNet's."""
        renamed = {"in_block.0.": "encoder.conv1.", "in_block.1.": "encoder.bn1."}
        renamed |= {f"encoder{number}.": f"encoder.layer{number}." for number in range(1, 5)}
        return {_with_prefix(key, renamed): value for key, value in state.items()}


def _with_prefix(key: str, renamed: Mapping[str, str]) -> str:
    for old, new in renamed.items():
        if key.startswith(old):
            return new + key.removeprefix(old)
    return key


def build(num_classes: int | None = None) -> nn.Module:
    return LinkNet(num_classes or 20)
