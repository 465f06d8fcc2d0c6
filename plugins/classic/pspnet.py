"""PSPNet: Zhao, Shi, Qi, Wang, Jia: Pyramid Scene Parsing Network, CVPR 2017, arXiv:1612.01105.

Tensor names and the dilations (all blocks of a stage alike) are those of the first author's hszhao/semseg
(model/pspnet.py), without the auxiliary head that only training needs.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

from .bottleneck_resnet import DEPTHS, deep_stem, stage

BINS = (1, 2, 3, 6)


def _enlarged(features: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(features, size_hw, mode="bilinear", align_corners=True)


class PyramidPooling(nn.Module):
    """Averages over 1, 4, 9 and 36 cells beside the features themselves."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        outputs = inputs // len(BINS)
        self.features = nn.ModuleList(
            nn.Sequential(
                nn.AdaptiveAvgPool2d(cells),
                nn.Conv2d(inputs, outputs, 1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            )
            for cells in BINS
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        size = (features.shape[-2], features.shape[-1])
        return torch.cat([features, *(_enlarged(level(features), size) for level in self.features)], dim=1)


class PSPNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`; sides of 8·n + 1 pixels are those that the reference takes.

    `width` is that of the first stage's inner convolutions.
    """

    def __init__(self, num_classes: int, depth: int, width: int = 64) -> None:
        super().__init__()
        self.layer0 = nn.Sequential(*deep_stem(width), nn.BatchNorm2d(2 * width), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        first, second, third, fourth = DEPTHS[depth]
        self.layer1 = stage(2 * width, width, [1] * first)
        self.layer2 = stage(4 * width, 2 * width, [1] * second, stride=2)
        self.layer3 = stage(8 * width, 4 * width, [2] * third)
        self.layer4 = stage(16 * width, 8 * width, [4] * fourth)
        self.ppm = PyramidPooling(32 * width)
        self.cls = nn.Sequential(
            nn.Conv2d(64 * width, 8 * width, 3, padding=1, bias=False),
            nn.BatchNorm2d(8 * width),
            nn.ReLU(),
            nn.Dropout2d(0.1),
            nn.Conv2d(8 * width, num_classes, 1),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features = self.layer2(self.layer1(self.layer0(pixels)))
        features = self.ppm(self.layer4(self.layer3(features)))
        return _enlarged(self.cls(features), (pixels.shape[-2], pixels.shape[-1]))

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the auxiliary head."""
        return {key: value for key, value in state.items() if not key.startswith("aux.")}


def build_50(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return PSPNet(num_classes or 150, 50, width)


def build_101(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return PSPNet(num_classes or 150, 101, width)
