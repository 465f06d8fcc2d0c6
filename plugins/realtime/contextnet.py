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

# Expansion, output channels, blocks and stride of the deep branch's stages (table 2 of the paper).
STAGES = ((1, 32, 1, 1), (6, 32, 1, 1), (6, 48, 3, 2), (6, 64, 3, 2), (6, 96, 2, 1), (6, 128, 2, 1))


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

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
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


def _deep_branch() -> nn.Sequential:
    parts: OrderedDict[str, nn.Module] = OrderedDict(conv_=_block(*_conv(3, 32, 3, 2)))
    inputs = 32
    for number, (expansion, outputs, blocks, stride) in enumerate(STAGES, start=1):
        others = (Bottleneck(outputs, outputs, 1, expansion) for _ in range(blocks - 1))
        parts[f"bottleneck{number}"] = nn.Sequential(Bottleneck(inputs, outputs, stride, expansion), *others)
        inputs = outputs
    return nn.Sequential(parts)


def _shallow_branch() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv=_block(*_conv(3, 32, 3, 2)),
            dsconv1=_separable(32, 64, 2),
            dsconv2=_separable(64, 128, 2),
            dsconv3=_separable(128, 128),
        )
    )


class Fusion(nn.Module):
    """Context, enlarged to the size of the detail, added to it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = _block(*_depthwise(channels))
        self.conv_lower_res = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))
        self.conv_higher_res = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, detail: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        enlarged = F.interpolate(context, detail.shape[2:], mode="bilinear", align_corners=True)
        return torch.relu(self.conv_higher_res(detail) + self.conv_lower_res(self.dwconv(enlarged)))


class ContextNet(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`; the deep branch (cn14) sees a quarter of the resolution."""

    def __init__(self, num_classes: int = 19) -> None:
        super().__init__()
        self.spatial_detail = _shallow_branch()
        self.context_feature_extractor = _deep_branch()
        self.feature_fusion = Fusion(128)
        self.classifier = nn.Sequential(
            OrderedDict(
                dsconv1=_separable(128, 128),
                dsconv2=_separable(128, 128),
                conv=nn.Sequential(nn.Dropout(0.1), nn.Conv2d(128, num_classes, 1)),
            )
        )

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
