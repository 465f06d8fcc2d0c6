"""BiSeNet V2: Yu, Gao, Wang, Yu, Shen, Sang: BiSeNet V2: Bilateral Network with Guided Aggregation for Real-time
Semantic Segmentation, International Journal of Computer Vision 129, 2021, arXiv:2004.02147.

Tensor names and additions to the paper (normalised global context, ReLU after the depth-wise expansion and after the
aggregation) are those of CoinCheung/BiSeNet (lib/models/bisenetv2.py).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(outputs), relu=nn.ReLU()))


def _depthwise(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride, 1, groups=inputs, bias=False), nn.BatchNorm2d(outputs)]


def _pointwise(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]


def _detail_branch() -> nn.Sequential:
    """Shallow and wide, at an eighth of the input (table 1, left)."""
    return nn.Sequential(
        OrderedDict(
            S1=nn.Sequential(_conv(3, 64, stride=2), _conv(64, 64)),
            S2=nn.Sequential(_conv(64, 64, stride=2), _conv(64, 64), _conv(64, 64)),
            S3=nn.Sequential(_conv(64, 128, stride=2), _conv(128, 128), _conv(128, 128)),
        )
    )


class Stem(nn.Module):
    """To a quarter of the input, by a convolution beside pooling (figure 4a)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = _conv(3, 16, stride=2)
        self.left = nn.Sequential(_conv(16, 8, 1), _conv(8, 16, stride=2))
        self.fuse = _conv(32, 16)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features = self.conv(pixels)
        return self.fuse(torch.cat((self.left(features), F.max_pool2d(features, 3, 2, 1)), dim=1))


class GatherExpand(nn.Module):
    """Gather, expand six times, project, with a shortcut (figure 5b)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = 6 * channels
        self.conv1 = _conv(channels, channels)
        self.dwconv = nn.Sequential(*_depthwise(channels, inner), nn.ReLU())
        self.conv2 = nn.Sequential(*_pointwise(inner, channels))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv2(self.dwconv(self.conv1(features))) + features)


class GatherExpandDown(nn.Module):
    """The same to half the size: two depth-wise convolutions, and a separable one in the shortcut (figure 5c)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = 6 * inputs
        self.conv1 = _conv(inputs, inputs)
        self.dwconv1 = nn.Sequential(*_depthwise(inputs, inner, 2))
        self.dwconv2 = nn.Sequential(*_depthwise(inner, inner), nn.ReLU())
        self.conv2 = nn.Sequential(*_pointwise(inner, outputs))
        self.shortcut = nn.Sequential(*_depthwise(inputs, inputs, 2), *_pointwise(inputs, outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        projected = self.conv2(self.dwconv2(self.dwconv1(self.conv1(features))))
        return torch.relu(projected + self.shortcut(features))


class ContextEmbedding(nn.Module):
    """The mean over the whole image, added at every place (figure 4b)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)
        self.conv_gap = _conv(channels, channels, 1)
        self.conv_last = _conv(channels, channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        context = self.conv_gap(self.bn(features.mean(dim=(2, 3), keepdim=True)))
        return self.conv_last(features + context)


def _semantic_branch() -> nn.Sequential:
    """Deep and narrow, at a 32nd of the input (table 1, right)."""
    return nn.Sequential(
        OrderedDict(
            S1S2=Stem(),
            S3=nn.Sequential(GatherExpandDown(16, 32), GatherExpand(32)),
            S4=nn.Sequential(GatherExpandDown(32, 64), GatherExpand(64)),
            S5_4=nn.Sequential(GatherExpandDown(64, 128), *(GatherExpand(128) for _ in range(3))),
            S5_5=ContextEmbedding(128),
        )
    )


class GuidedAggregation(nn.Module):
    """Each branch gates the other, at both sizes, and the two are added (figure 6)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        conv = nn.Conv2d
        self.left1 = nn.Sequential(*_depthwise(channels, channels), conv(channels, channels, 1, bias=False))
        self.left2 = nn.Sequential(
            conv(channels, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.AvgPool2d(3, 2, 1)
        )
        self.right1 = nn.Sequential(conv(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))
        self.right2 = nn.Sequential(*_depthwise(channels, channels), conv(channels, channels, 1, bias=False))
        self.conv = nn.Sequential(
            conv(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()
        )

    def forward(self, detail: torch.Tensor, semantic: torch.Tensor) -> torch.Tensor:
        fine = self.left1(detail) * torch.sigmoid(F.interpolate(self.right1(semantic), scale_factor=4))
        coarse = self.left2(detail) * torch.sigmoid(self.right2(semantic))
        return self.conv(fine + F.interpolate(coarse, scale_factor=4))


def _head(channels: int, inner: int, num_classes: int) -> nn.Sequential:
    scores = nn.Sequential(nn.Identity(), nn.Conv2d(inner, num_classes, 1))
    return nn.Sequential(OrderedDict(conv=_conv(channels, inner), drop=nn.Dropout(0.1), conv_out=scores))


class BiSeNetV2(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.detail = _detail_branch()
        self.segment = _semantic_branch()
        self.bga = GuidedAggregation(128)
        self.head = _head(128, 1024, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        scores = self.head(self.bga(self.detail(pixels), self.segment(pixels)))
        return F.interpolate(scores, pixels.shape[2:], mode="bilinear", align_corners=False)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the heads that only training needs."""
        return {key: value for key, value in state.items() if not key.startswith("aux")}


def build(num_classes: int | None = None) -> nn.Module:
    return BiSeNetV2(num_classes or 19)
