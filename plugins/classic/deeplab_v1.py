"""DeepLab v1: Chen, Papandreou, Kokkinos, Murphy, Yuille: Semantic Image Segmentation with Deep Convolutional Nets and
Fully Connected CRFs, ICLR 2015, arXiv:1412.7062; the variant LargeFOV.

Tensor names are those of wangleihitcs/DeepLab-V1-PyTorch (nets/vgg.py), which follows the authors' Caffe network.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .vgg_large_fov import SCORES_FACTOR, large_fov


class DeepLabV1(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`. `width` is that of the first convolution."""

    def __init__(self, num_classes: int, width: int = 64) -> None:
        super().__init__()
        scores = nn.Conv2d(SCORES_FACTOR * width, num_classes, 1)
        self.features = nn.Sequential(*large_fov(width, average_pool=True), scores)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return F.interpolate(self.features(pixels), pixels.shape[-2:], mode="bilinear", align_corners=True)


def build(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return DeepLabV1(num_classes or 21, width)
