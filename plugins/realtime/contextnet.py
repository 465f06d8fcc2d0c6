"""ContextNet: Poudel, Bonde, Liwicki, Zach: ContextNet: Exploring Context and Detail for Semantic Segmentation in
Real-time, BMVC 2018, arXiv:1805.04554.

Tensor names and deviations are those of xiaoyufenfei/Efficient-Segmentation-Networks (model/ContextNet.py): no padding
in the first convolutions, no dilation in the fusion, depth-wise convolutions in the classifier.
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

# Expansion, output channels, blocks and stride of the deep branch's stages (table 2 of the paper).
STAGES = ((1, 32, 1, 1), (6, 32, 1, 1), (6, 48, 3, 2), (6, 64, 3, 2), (6, 96, 2, 1), (6, 128, 2, 1))


def _deep_branch() -> nn.Sequential:
    parts: OrderedDict[str, nn.Module] = OrderedDict(conv_=block(conv(3, 32, 3, 2)))
    inputs = 32
    for number, (expansion, outputs, count, stride) in enumerate(STAGES, start=1):
        parts[f"bottleneck{number}"] = bottlenecks(inputs, outputs, stride, count=count, expansion=expansion)
        inputs = outputs
    return nn.Sequential(parts)


def _shallow_branch() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv=block(conv(3, 32, 3, 2)),
            dsconv1=separable(32, 64, 2),
            dsconv2=separable(64, 128, 2),
            dsconv3=separable(128, 128),
        )
    )


class ContextNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`; the deep branch (cn14) sees a quarter of the resolution."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.spatial_detail = _shallow_branch()
        self.context_feature_extractor = _deep_branch()
        self.feature_fusion = Fusion(128, 128, 128)
        self.classifier = classifier(128, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        size = pixels.shape[2:]
        small = F.interpolate(pixels, (size[0] // 4, size[1] // 4), mode="bilinear", align_corners=True)
        fused = self.feature_fusion(self.spatial_detail(pixels), self.context_feature_extractor(small))
        return F.interpolate(self.classifier(fused), size, mode="bilinear", align_corners=True)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the auxiliary head that only training needs."""
        return {key: value for key, value in state.items() if not key.startswith("auxlayer.")}


def build(num_classes: int | None = None) -> nn.Module:
    return ContextNet(num_classes or 19)
