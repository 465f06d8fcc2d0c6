"""FDDWNet: Liu, Zhou, Qiang, Kang, Wu, Zheng: FDDWNet: A Lightweight Convolutional Neural Network for Real-time
Semantic Segmentation, ICASSP 2020, arXiv:1911.00632.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/fddwnet.py at 1a32d68):
ReLU instead of ReLU6, one shortcut from the encoder instead of three, normalisation and ReLU behind the last transposed
convolution, that is on the class scores.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import PooledConv, up


def _across(channels: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels)]


def _along(channels: int, kernel: tuple[int, int], dilation: int) -> nn.Sequential:
    """A depth-wise convolution along one axis, normalised."""
    padding = (kernel[0] // 2 * dilation, kernel[1] // 2 * dilation)
    conv = nn.Conv2d(channels, channels, kernel, 1, padding, dilation, groups=channels, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(channels))


class Unit(nn.Module):
    """EERM: factorised depth-wise convolutions twice, the second time dilated, with a shortcut (section 2.1)."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            _along(channels, (3, 1), 1),
            _along(channels, (1, 3), 1),
            nn.Sequential(*_across(channels), nn.ReLU()),
            _along(channels, (3, 1), dilation),
            _along(channels, (1, 3), dilation),
            nn.Sequential(*_across(channels)),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.relu(features + self.conv(features))


def _units(channels: int, *dilations: int) -> nn.Sequential:
    return nn.Sequential(*(Unit(channels, dilation) for dilation in dilations))


class FDDWNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 8."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.layer1 = PooledConv(3, 16)
        self.layer2 = PooledConv(16, 64)
        self.layer3_7 = _units(64, 1, 1, 1, 1, 1)
        self.layer8 = PooledConv(64, 128)
        self.layer9_16 = _units(128, 1, 2, 5, 9, 1, 2, 5, 9)
        self.layer17_24 = _units(128, 2, 5, 9, 17, 2, 5, 9, 17)
        self.layer25 = up(128, 64)
        self.layer26_27 = _units(64, 1, 1)
        self.layer28 = up(64, 16)
        self.layer29_30 = _units(16, 1, 1)
        self.layer31 = up(16, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        quarter = self.layer3_7(self.layer2(self.layer1(pixels)))
        deep = self.layer17_24(self.layer9_16(self.layer8(quarter)))
        x = self.layer26_27(self.layer25(deep)) + quarter
        return self.layer31(self.layer29_30(self.layer28(x)))


def build(num_classes: int | None = None) -> nn.Module:
    return FDDWNet(num_classes or 19)
