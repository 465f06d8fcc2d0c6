"""BiSeNet V2: Yu, Gao, Wang, Yu, Shen, Sang: BiSeNet V2: Bilateral Network with Guided Aggregation for Real-time
Semantic Segmentation, IJCV 2021, arXiv:2004.02147.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/bisenetv2.py at 1a32d68):
the expansion has no activation, point-wise convolutions have biases, enlarging is bilinear with corners aligned, a 1×1
convolution gives the class scores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import nn

from .blocks import (
    conv,
    depthwise,
    enlarged,
    head,
    mix,
    pointwise,
)

_TRAINING_ONLY = re.compile(r"semantic_branch\.seg_head[2-5]\.")


def _detail() -> nn.Sequential:
    widths = ((3, 64, 2), (64, 64, 1), (64, 64, 2), (64, 64, 1), (64, 128, 1), (128, 128, 2), (128, 128, 1))
    return nn.Sequential(*(conv(a, b, stride=s) for a, b, s in widths), conv(128, 128))


class Stem(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_init = conv(3, channels, stride=2)
        self.left_branch = nn.Sequential(conv(channels, channels // 2, 1), conv(channels // 2, channels, stride=2))
        self.right_branch = nn.MaxPool2d(3, 2, 1)
        self.conv_last = conv(2 * channels, channels)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        half = self.conv_init(pixels)
        return self.conv_last(torch.cat((self.left_branch(half), self.right_branch(half)), dim=1))


class GatherExpand(nn.Module):
    """A 3×3 convolution, a depth-wise one that widens six times, and back (section 4.2)."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        inner = 6 * inputs
        layers = [conv(inputs, inputs), depthwise(inputs, inner, stride=stride, act="none")]
        if stride == 2:
            layers.append(depthwise(inner, act="none"))
            self.right_branch: nn.Module = nn.Sequential(
                depthwise(inputs, stride=2, act="none"), pointwise(inputs, outputs, act="none")
            )
        else:
            self.right_branch = nn.Identity()
        self.left_branch = nn.Sequential(*layers, pointwise(inner, outputs, act="none"))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.right_branch(features) + self.left_branch(features))


class ContextEmbedding(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(channels))
        self.conv_mid = conv(channels, channels, 1)
        self.conv_last = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv_last(features + self.conv_mid(self.pool(features)))


class SemanticBranch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stage1to2 = Stem(16)
        self.stage3 = nn.Sequential(GatherExpand(16, 32, stride=2), GatherExpand(32, 32))
        self.stage4 = nn.Sequential(GatherExpand(32, 64, stride=2), GatherExpand(64, 64))
        self.stage5_1to4 = nn.Sequential(GatherExpand(64, 128, stride=2), *(GatherExpand(128, 128) for _ in range(3)))
        self.stage5_5 = ContextEmbedding(128)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.stage5_5(self.stage5_1to4(self.stage4(self.stage3(self.stage1to2(pixels)))))


class GuidedAggregation(nn.Module):
    """Each branch weighs the other at its own size (section 4.3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.detail_high = nn.Sequential(depthwise(channels), mix(channels, channels))
        self.detail_low = nn.Sequential(depthwise(channels, stride=2), nn.AvgPool2d(3, 2, 1))
        enlarge = nn.Upsample(scale_factor=4, mode="bilinear", align_corners=True)
        self.semantic_high = nn.Sequential(conv(channels, channels), enlarge, nn.Sigmoid())
        self.semantic_low = nn.Sequential(depthwise(channels), mix(channels, channels), nn.Sigmoid())
        self.conv_last = conv(channels, channels)

    def forward(self, detail: torch.Tensor, semantic: torch.Tensor) -> torch.Tensor:
        high = self.detail_high(detail) * self.semantic_high(semantic)
        low = self.detail_low(detail) * self.semantic_low(semantic)
        return self.conv_last(high + enlarged(low, high))


class BiSeNetV2(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.detail_branch = _detail()
        self.semantic_branch = SemanticBranch()
        self.bga_layer = GuidedAggregation(128)
        self.seg_head = head(128, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        joined = self.bga_layer(self.detail_branch(pixels), self.semantic_branch(pixels))
        return enlarged(self.seg_head(joined), pixels)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the heads that only training uses."""
        return {key: value for key, value in state.items() if not _TRAINING_ONLY.match(key)}


def build(num_classes: int | None = None) -> nn.Module:
    return BiSeNetV2(num_classes or 19)
