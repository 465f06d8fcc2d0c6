"""Fast-SCNN: Poudel, Liwicki, Cipolla: Fast-SCNN: Fast Semantic Segmentation Network, BMVC 2019, arXiv:1902.04502.

Tensor names and deviations are those of Tramac/Fast-SCNN-pytorch (models/fast_scnn.py): no padding in the first
convolution, and no dilation in the depth-wise one of the fusion, where the paper has 4.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

from .separable import (  # noqa: TID252 - a plugin's modules know each other by their folder only
    Fusion,
    block,
    bottlenecks,
    classifier,
    conv,
    separable,
)


class PyramidPooling(nn.Module):
    """Averages over 1, 2, 3 and 6 cells a side beside the features themselves."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        for number in (1, 2, 3, 4):
            self.add_module(f"conv{number}", block(conv(channels, channels // 4)))
        self.out = block(conv(2 * channels, outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        parts = [features]
        for number, cells in enumerate((1, 2, 3, 6), start=1):
            pooled = self.get_submodule(f"conv{number}")(F.adaptive_avg_pool2d(features, cells))
            parts.append(F.interpolate(pooled, features.shape[2:], mode="bilinear", align_corners=True))
        return self.out(torch.cat(parts, dim=1))


class FastSCNN(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.learning_to_downsample = nn.Sequential(
            OrderedDict(conv=block(conv(3, 32, 3, 2)), dsconv1=separable(32, 48, 2), dsconv2=separable(48, 64, 2))
        )
        self.global_feature_extractor = nn.Sequential(
            OrderedDict(
                bottleneck1=bottlenecks(64, 64, 2, count=3),
                bottleneck2=bottlenecks(64, 96, 2, count=3),
                bottleneck3=bottlenecks(96, 128, 1, count=3),
                ppm=PyramidPooling(128, 128),
            )
        )
        self.feature_fusion = Fusion(64, 128, 128)
        self.classifier = classifier(128, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        fine = self.learning_to_downsample(pixels)
        scores = self.classifier(self.feature_fusion(fine, self.global_feature_extractor(fine)))
        return F.interpolate(scores, pixels.shape[2:], mode="bilinear", align_corners=True)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the auxiliary head that only training needs."""
        return {key: value for key, value in state.items() if not key.startswith("auxlayer.")}


def build(num_classes: int | None = None) -> nn.Module:
    return FastSCNN(num_classes or 19)
