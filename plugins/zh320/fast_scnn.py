"""Fast-SCNN: Poudel, Liwicki, Cipolla: Fast-SCNN: Fast Semantic Segmentation Network, BMVC 2019, arXiv:1902.04502.

Tensor names and deviations are those of zh320/realtime-semantic-segmentation-pytorch (models/fastscnn.py at 1a32d68):
pooling in 1, 2, 4 and 6 parts, an undilated depth-wise convolution in the fusion, normalisation and ReLU on the class
scores.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from .blocks import (
    Pyramid,
    bottlenecks,
    conv,
    depthwise,
    enlarged,
    mix,
    pointwise,
    separable,
)


class GlobalFeatures(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bottleneck1 = bottlenecks(64, 64, 3, stride=2)
        self.bottleneck2 = bottlenecks(64, 96, 2, stride=2)
        self.bottleneck3 = bottlenecks(96, 128, 3, stride=1)
        self.ppm = Pyramid(128, 128)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.ppm(self.bottleneck3(self.bottleneck2(self.bottleneck1(features))))


class Fusion(nn.Module):
    def __init__(self, fine: int, deep: int, outputs: int) -> None:
        super().__init__()
        self.higher_res_conv = mix(fine, outputs)
        self.lower_res_conv = nn.Sequential(depthwise(deep), mix(deep, outputs))
        self.non_linear = nn.Sequential(nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, fine: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
        return self.non_linear(self.higher_res_conv(fine) + self.lower_res_conv(enlarged(deep, fine)))


class FastSCNN(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.learning_to_downsample = nn.Sequential(
            conv(3, 32, stride=2), separable(32, 48, stride=2), separable(48, 64, stride=2)
        )
        self.global_feature_extractor = GlobalFeatures()
        self.feature_fusion = Fusion(64, 128, 128)
        self.classifier = nn.Sequential(separable(128, 128), separable(128, 128), pointwise(128, num_classes))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        fine = self.learning_to_downsample(pixels)
        fused = self.feature_fusion(fine, self.global_feature_extractor(fine))
        return enlarged(self.classifier(fused), pixels)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the heads that only training uses."""
        return {key: value for key, value in state.items() if not key.startswith("global_feature_extractor.aux_head")}


def build(num_classes: int | None = None) -> nn.Module:
    return FastSCNN(num_classes or 19)
