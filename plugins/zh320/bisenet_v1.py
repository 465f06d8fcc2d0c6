"""BiSeNet: Yu, Wang, Peng, Gao, Yu, Sang: BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation,
ECCV 2018, arXiv:1808.00897.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/bisenetv1.py at 1a32d68):
three 3×3 convolutions make the spatial path, attention keeps the trunk's width, no auxiliary heads.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import (
    ResNet18,
    conv,
    enlarged,
    head,
    mix,
    times,
)


def _mean(features: torch.Tensor) -> torch.Tensor:
    return features.mean(dim=(2, 3), keepdim=True)


class Attention(nn.Module):
    """Channels weighted by the mean of the image."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = conv(channels, channels, 1, act="sigmoid")

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * self.conv(_mean(features))


class ContextPath(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.backbone = ResNet18()
        self.arm_16 = Attention(256)
        self.arm_32 = Attention(512)
        self.conv_16 = mix(256, outputs)
        self.conv_32 = mix(512, outputs)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        _, _, sixteenth, deepest = self.backbone(pixels)
        deep = times(self.conv_32(self.arm_32(deepest) + _mean(deepest)), 2)
        return times(self.conv_16(self.arm_16(sixteenth)) + deep, 2)


class Fusion(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = conv(inputs, outputs)
        self.conv2 = nn.Sequential(mix(outputs, outputs), nn.ReLU(), mix(outputs, outputs), nn.Sigmoid())

    def forward(self, spatial: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        features = self.conv1(torch.cat((spatial, context), dim=1))
        return features + features * self.conv2(_mean(features))


class BiSeNetV1(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.spatial_path = nn.Sequential(conv(3, 128, stride=2), conv(128, 128, stride=2), conv(128, 128, stride=2))
        self.context_path = ContextPath(256)
        self.ffm = Fusion(384, 256)
        self.seg_head = head(256, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        fused = self.ffm(self.spatial_path(pixels), self.context_path(pixels))
        return enlarged(self.seg_head(fused), pixels)


def build(num_classes: int | None = None) -> nn.Module:
    return BiSeNetV1(num_classes or 19)
