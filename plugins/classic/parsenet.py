"""ParseNet: Liu, Rabinovich, Berg: ParseNet: Looking Wider to See Better, ICLR Workshops 2016, arXiv:1506.04579, on the
VGG-16 of DeepLab-LargeFOV.

Tensor names and deviations are those of gitE0Z9/pytorch-implementations (torchlake): all poolings are 3×3 ones.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from .vgg_large_fov import SCORES_FACTOR, large_fov

EPSILON = 1e-10


class UnitLength(nn.Module):
    """Features of every pixel divided by their Euclidean norm, then scaled by channel (section 3.3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((1, channels, 1, 1), 10.0))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.weight * features / (features.norm(dim=1, keepdim=True) + EPSILON)


class GlobalContext(nn.Module):
    """Scores of the features and, added, of their average over the image."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.norm = nn.Sequential(UnitLength(channels), nn.Conv2d(channels, num_classes, 1))
        average = nn.AdaptiveAvgPool2d(1)
        self.pool = nn.Sequential(average, UnitLength(channels), nn.Dropout(0.3), nn.Conv2d(channels, num_classes, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.norm(features) + self.pool(features)


class ParseNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`. `width` is that of the first convolution."""

    def __init__(self, num_classes: int, width: int = 64) -> None:
        super().__init__()
        self.foot = nn.Sequential(OrderedDict(feature_extractor=nn.Sequential(*large_fov(width, average_pool=False))))
        self.neck = nn.Sequential(GlobalContext(SCORES_FACTOR * width, num_classes))
        enlarge = nn.ConvTranspose2d(num_classes, num_classes, 16, 8, 4, groups=num_classes, bias=False)
        self.head = nn.Sequential(enlarge)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        height, width = pixels.shape[-2:]
        padded = F.pad(pixels, (0, -width % 8, 0, -height % 8))
        return self.head(self.neck(self.foot(padded)))[..., :height, :width]


def build(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return ParseNet(num_classes or 21, width)
