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


def _block(*parts: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=nn.Sequential(*parts)))


def _conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, stride, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def _depthwise(channels: int, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return [conv, nn.BatchNorm2d(channels), nn.ReLU()]


def _separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return _block(*_depthwise(inputs, stride), *_conv(inputs, outputs))


class Bottleneck(nn.Module):
    """The inverted residual block of MobileNetV2."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int = 6) -> None:
        super().__init__()
        inner = inputs * expansion
        self.block = nn.Sequential(
            _block(*_conv(inputs, inner)),
            _block(*_depthwise(inner, stride)),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.block(features) if self.shortcut else self.block(features)


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(Bottleneck(inputs, outputs, stride), *(Bottleneck(outputs, outputs, 1) for _ in range(2)))


class PyramidPooling(nn.Module):
    """Averages over 1, 2, 3 and 6 cells a side beside the features themselves."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        for number in (1, 2, 3, 4):
            self.add_module(f"conv{number}", _block(*_conv(channels, channels // 4)))
        self.out = _block(*_conv(2 * channels, outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        parts = [features]
        for number, cells in enumerate((1, 2, 3, 6), start=1):
            pooled = self.get_submodule(f"conv{number}")(F.adaptive_avg_pool2d(features, cells))
            parts.append(F.interpolate(pooled, features.shape[2:], mode="bilinear", align_corners=True))
        return self.out(torch.cat(parts, dim=1))


class Fusion(nn.Module):
    """Deep features, enlarged four times, added to the fine ones."""

    def __init__(self, fine: int, deep: int, outputs: int) -> None:
        super().__init__()
        self.dwconv = _block(*_depthwise(deep))
        self.conv_lower_res = nn.Sequential(nn.Conv2d(outputs, outputs, 1), nn.BatchNorm2d(outputs))
        self.conv_higher_res = nn.Sequential(nn.Conv2d(fine, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, fine: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
        enlarged = F.interpolate(deep, scale_factor=4, mode="bilinear", align_corners=True)
        return torch.relu(self.conv_higher_res(fine) + self.conv_lower_res(self.dwconv(enlarged)))


class FastSCNN(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`, H and W multiples of 32."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.learning_to_downsample = nn.Sequential(
            OrderedDict(conv=_block(*_conv(3, 32, 3, 2)), dsconv1=_separable(32, 48, 2), dsconv2=_separable(48, 64, 2))
        )
        self.global_feature_extractor = nn.Sequential(
            OrderedDict(
                bottleneck1=_stage(64, 64, 2),
                bottleneck2=_stage(64, 96, 2),
                bottleneck3=_stage(96, 128, 1),
                ppm=PyramidPooling(128, 128),
            )
        )
        self.feature_fusion = Fusion(64, 128, 128)
        self.classifier = nn.Sequential(
            OrderedDict(
                dsconv1=_separable(128, 128),
                dsconv2=_separable(128, 128),
                conv=nn.Sequential(nn.Dropout(0.1), nn.Conv2d(128, num_classes, 1)),
            )
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        fine = self.learning_to_downsample(pixels)
        scores = self.classifier(self.feature_fusion(fine, self.global_feature_extractor(fine)))
        return F.interpolate(scores, pixels.shape[2:], mode="bilinear", align_corners=True)

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out the auxiliary head that only training needs."""
        return {key: value for key, value in state.items() if not key.startswith("auxlayer.")}


def build(num_classes: int | None = None) -> nn.Module:
    return FastSCNN(num_classes or 19)
