"""BiSeNet: Yu, Wang, Peng, Gao, Yu, Sang: BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation,
ECCV 2018, arXiv:1808.00897.

Tensor names and deviations are those of CoinCheung/BiSeNet (lib/models/bisenetv1.py, with ResNet-18): one convolution
and a normalisation in the fusion's attention where the paper has two convolutions.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

from .residual_net import ResNet18  # noqa: TID252 - a plugin's modules know each other by their folder only


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(outputs), relu=nn.ReLU()))


class AttentionRefinement(nn.Module):
    """Features weighted by what their mean over the image says (figure 2b)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = _conv(inputs, outputs)
        self.conv_atten = nn.Conv2d(outputs, outputs, 1, bias=False)
        self.bn_atten = nn.BatchNorm2d(outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        refined = self.conv(features)
        return refined * torch.sigmoid(self.bn_atten(self.conv_atten(refined.mean(dim=(2, 3), keepdim=True))))


class ContextPath(nn.Module):
    """ResNet-18 with a global mean, refined on the way back to an eighth of the input."""

    def __init__(self, channels: int = 128) -> None:
        super().__init__()
        self.resnet = ResNet18()
        self.arm16 = AttentionRefinement(256, channels)
        self.arm32 = AttentionRefinement(512, channels)
        self.conv_head32 = _conv(channels, channels)
        self.conv_head16 = _conv(channels, channels)
        self.conv_avg = _conv(512, channels, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        deeper, deepest = self.resnet.stages(self.resnet.stem(pixels))[2:]
        context = self.conv_avg(deepest.mean(dim=(2, 3), keepdim=True))
        coarse = self.conv_head32(F.interpolate(self.arm32(deepest) + context, scale_factor=2))
        return self.conv_head16(F.interpolate(self.arm16(deeper) + coarse, scale_factor=2))


def _spatial_path() -> nn.Sequential:
    """Three strided convolutions keep the detail at an eighth of the input."""
    return nn.Sequential(
        OrderedDict(
            conv1=_conv(3, 64, 7, 2), conv2=_conv(64, 64, 3, 2), conv3=_conv(64, 64, 3, 2), conv_out=_conv(64, 128, 1)
        )
    )


class FeatureFusion(nn.Module):
    """Both paths together, weighted by their own mean (figure 2c)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convblk = _conv(channels, channels, 1)
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, detail: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        fused = self.convblk(torch.cat((detail, context), dim=1))
        return fused + fused * torch.sigmoid(self.bn(self.conv(fused.mean(dim=(2, 3), keepdim=True))))


class BiSeNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.cp = ContextPath()
        self.sp = _spatial_path()
        self.ffm = FeatureFusion(256)
        self.conv_out = nn.Sequential(OrderedDict(conv=_conv(256, 256), conv_out=nn.Conv2d(256, num_classes, 1)))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        scores = self.conv_out(self.ffm(self.sp(pixels), self.cp(pixels)))
        return F.interpolate(scores, pixels.shape[2:], mode="bilinear", align_corners=False)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the heads that only training needs."""
        return {key: value for key, value in state.items() if not key.startswith(("conv_out16.", "conv_out32."))}


def build(num_classes: int | None = None) -> nn.Module:
    return BiSeNet(num_classes or 19)
