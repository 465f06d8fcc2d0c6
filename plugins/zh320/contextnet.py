"""ContextNet: Poudel, Bonde, Liwicki, Zach: ContextNet: Exploring Context and Detail for Semantic Segmentation in
Real-time, BMVC 2018, arXiv:1805.04554.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/contextnet.py at 1a32d68):
normalisation and ReLU on the class scores, which a 1×1 convolution gives.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import (
    bottlenecks,
    conv,
    depthwise,
    enlarged,
    mix,
    pointwise,
    separable,
)

STAGES = ((32, 1, 1, 1), (32, 1, 1, 6), (48, 3, 2, 6), (64, 3, 2, 6), (96, 2, 1, 6), (128, 2, 1, 6))
"""Channels, blocks, stride, expansion of the deep branch (table 1)."""


class Deep(nn.Module):
    """The branch that sees the image at a quarter of its size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_init = conv(3, 32, stride=2)
        inputs = 32
        for number, (outputs, count, stride, expansion) in enumerate(STAGES):
            stage = bottlenecks(inputs, outputs, count, stride=stride, expansion=expansion)
            self.add_module(f"bottleneck{number}", stage)
            inputs = outputs
        self.conv_last = conv(128, 128)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features = self.conv_init(pixels)
        for number in range(len(STAGES)):
            features = self.get_submodule(f"bottleneck{number}")(features)
        return self.conv_last(features)


def _detail() -> nn.Sequential:
    return nn.Sequential(
        conv(3, 32, stride=2),
        depthwise(32, act="none"),
        pointwise(32, 64),
        depthwise(64, act="none"),
        pointwise(64, 128),
        depthwise(128, act="none"),
        pointwise(128, 128),
    )


class Fusion(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch_1_conv = mix(channels, channels)
        self.branch_4_conv = nn.Sequential(
            separable(channels, channels, dilation=4, act="none"), mix(channels, channels)
        )

    def forward(self, detail: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.branch_1_conv(detail) + self.branch_4_conv(enlarged(deep, detail)))


class ContextNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.full_res_branch = _detail()
        self.lower_res_branch = Deep()
        self.feature_fusion = Fusion(128)
        self.classifier = conv(128, num_classes, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        small = F.interpolate(pixels, scale_factor=0.25, mode="bilinear", align_corners=True)
        fused = self.feature_fusion(self.full_res_branch(pixels), self.lower_res_branch(small))
        return enlarged(self.classifier(fused), pixels)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the heads that only training uses."""
        return {key: value for key, value in state.items() if not key.startswith("lower_res_branch.aux_head")}


def build(num_classes: int | None = None) -> nn.Module:
    return ContextNet(num_classes or 19)
