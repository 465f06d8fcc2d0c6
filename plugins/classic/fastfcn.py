"""FastFCN: Wu, Zhang, Huang, Liang, Yu: FastFCN: Rethinking Dilated Convolution in the Backbone for Semantic
Segmentation, arXiv:1903.11816, with the head of Zhang et al.: Context Encoding for Semantic Segmentation, CVPR 2018,
arXiv:1803.08904.

Tensor names are those of the first author's wuhuikai/FastFCN (encoding/models/encnet.py with JPU), without what only
training needs.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

from .bottleneck_resnet import BottleneckResNet

CODES = 32


class Separable(nn.Module):
    """A dilated 3×3 convolution of every channel, then a 1×1 one over all."""

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, inputs, 3, 1, dilation, dilation, groups=inputs, bias=False)
        self.bn = nn.BatchNorm2d(inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.pointwise(self.bn(self.conv1(features)))


def _norm_relu(conv: nn.Module, channels: int) -> nn.Sequential:
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU())


class JointPyramidUpsampling(nn.Module):
    """From the features at strides 8, 16 and 32 to such as dilation would have given at stride 8 (section 3.3)."""

    def __init__(self, inputs: tuple[int, int, int], channels: int) -> None:
        super().__init__()
        for number, width in zip((5, 4, 3), reversed(inputs), strict=True):
            conv = nn.Conv2d(width, channels, 3, padding=1, bias=False)
            self.add_module(f"conv{number}", _norm_relu(conv, channels))
        for number in range(1, 5):
            dilated = Separable(3 * channels, channels, 1 << (number - 1))
            self.add_module(f"dilation{number}", _norm_relu(dilated, channels))

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        size = features[0].shape[-2:]
        reduced = [self.get_submodule(f"conv{3 + place}")(each) for place, each in enumerate(features)]
        enlarged = [F.interpolate(each, size, mode="bilinear", align_corners=True) for each in reduced[:0:-1]]
        joint = torch.cat([*enlarged, reduced[0]], dim=1)
        return torch.cat([self.get_submodule(f"dilation{number}")(joint) for number in range(1, 5)], dim=1)


class Encoding(nn.Module):
    """Residuals to learnt code words, each pixel's shared out by distance: `[N, D, H, W]` to `[N, codes, D]`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        bound = (CODES * channels) ** -0.5
        self.codewords = nn.Parameter(torch.empty(CODES, channels).uniform_(-bound, bound))
        self.scale = nn.Parameter(torch.empty(CODES).uniform_(-1, 0))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        flat = features.flatten(2).transpose(1, 2)
        distances = torch.cdist(flat, self.codewords[None], compute_mode="donot_use_mm_for_euclid_dist")
        shares = torch.softmax(self.scale * distances.square(), dim=2)
        return shares.transpose(1, 2) @ flat - shares.sum(dim=1)[:, :, None] * self.codewords


class ContextEncoding(nn.Module):
    """Channels weighted by what the image as a whole shows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        conv = nn.Conv2d(channels, channels, 1, bias=False)
        codes = (Encoding(channels), nn.BatchNorm1d(CODES), nn.ReLU())
        self.encoding = nn.Sequential(*_norm_relu(conv, channels), *codes)
        self.fc = nn.Sequential(nn.Linear(channels, channels), nn.Sigmoid())

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        weights = self.fc(self.encoding(features).mean(dim=1))
        return torch.relu(features + features * weights[:, :, None, None])


class Head(nn.Module):
    """The context encoding and the classifier."""

    def __init__(self, inputs: int, channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv5 = _norm_relu(nn.Conv2d(inputs, channels, 1, bias=False), channels)
        self.encmodule = ContextEncoding(channels)
        self.conv6 = nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(channels, num_classes, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv6(self.encmodule(self.conv5(features)))


class FastFCN(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`. `width` is that of the encoder's first stage."""

    def __init__(self, num_classes: int, depth: int, width: int = 64) -> None:
        super().__init__()
        self.pretrained = BottleneckResNet(depth, width=width, is_deep=True)
        self.jpu = JointPyramidUpsampling((8 * width, 16 * width, 32 * width), 8 * width)
        self.head = Head(32 * width, 8 * width, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits = self.head(self.jpu(self.pretrained.stages(pixels)[1:]))
        return F.interpolate(logits, pixels.shape[-2:], mode="bilinear", align_corners=True)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the auxiliary head, the classifier of whole images and that of the encoder."""
        left_out = ("auxlayer.", "head.encmodule.selayer.", "pretrained.fc.")
        return {key: value for key, value in state.items() if not key.startswith(left_out)}


def build_50(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return FastFCN(num_classes or 150, 50, width)


def build_101(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return FastFCN(num_classes or 150, 101, width)
