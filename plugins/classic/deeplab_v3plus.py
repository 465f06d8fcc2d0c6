"""DeepLab v3+: Chen, Zhu, Papandreou, Schroff, Adam: Encoder-Decoder with Atrous Separable Convolution for Semantic
Image Segmentation, ECCV 2018, arXiv:1802.02611; and DeepLab v3 (arXiv:1706.05587), which has no decoder.

Tensor names are those of VainF/DeepLabV3Plus-Pytorch (network/_deeplab.py), whose pyramid and decoder convolve densely
where the paper's separate; on the aligned Xception those of jfzhang95/pytorch-deeplab-xception (modeling), which aligns
corners. Output stride 16.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from .aligned_xception import AlignedXception
from .bottleneck_resnet import BottleneckResNet
from .mobilenet_v2 import MobileNetV2
from .xception import Xception

RATES = (6, 12, 18)
WIDTH = 256
FINE_WIDTH = 48
"""Widths of the pyramid's branches and of the fine features beside them."""


class ResNet(BottleneckResNet):
    """A ResNet whose last stage dilates; gives the features of its first and of its last stage."""

    def __init__(self, depth: int, width: int = 64) -> None:
        super().__init__(depth, width=width, dilations=(None, (1, 2, 2)))
        self.fine_channels, self.deep_channels = 4 * width, 32 * width

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        stages = self.stages(pixels)
        return stages[0], stages[-1]


def _conv(inputs: int, outputs: int, kernel: int = 1, dilation: int = 1) -> list[nn.Module]:
    padding = dilation * (kernel // 2)
    conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=False)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU()]


class AtrousPyramid(nn.Module):
    """A 1×1 and three dilated convolutions and the mean of the image, merged (section 3.3 of DeepLab v3)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        branches = [nn.Sequential(*_conv(inputs, WIDTH))]
        branches += [nn.Sequential(*_conv(inputs, WIDTH, 3, rate)) for rate in RATES]
        branches.append(nn.Sequential(nn.AdaptiveAvgPool2d(1), *_conv(inputs, WIDTH)))
        self.convs = nn.ModuleList(branches)
        self.project = nn.Sequential(*_conv(len(branches) * WIDTH, WIDTH), nn.Dropout(0.1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        found = [branch(features) for branch in self.convs]
        found[-1] = found[-1].expand_as(found[0])
        return self.project(torch.cat(found, dim=1))


class Decoder(nn.Module):
    """The pyramid's features beside fine ones, classified (section 3.1)."""

    def __init__(self, fine: int, deep: int, num_classes: int) -> None:
        super().__init__()
        self.project = nn.Sequential(*_conv(fine, FINE_WIDTH))
        self.aspp = AtrousPyramid(deep)
        self.classifier = nn.Sequential(*_conv(FINE_WIDTH + WIDTH, WIDTH, 3), nn.Conv2d(WIDTH, num_classes, 1))

    def forward(self, fine: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
        edges = self.project(fine)
        context = F.interpolate(self.aspp(deep), edges.shape[-2:], mode="bilinear", align_corners=False)
        return self.classifier(torch.cat((edges, context), dim=1))


class PlainHead(nn.Module):
    """DeepLab v3's: the pyramid's features, classified."""

    def __init__(self, fine: int, deep: int, num_classes: int) -> None:
        super().__init__()
        self.classifier = nn.Sequential(AtrousPyramid(deep), *_conv(WIDTH, WIDTH, 3), nn.Conv2d(WIDTH, num_classes, 1))

    def forward(self, fine: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
        return self.classifier(deep)


class DeepLab(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`: a trunk that gives fine and deep features, and a head on them."""

    def __init__(
        self, trunk: MobileNetV2 | ResNet | Xception, num_classes: int, head: type[Decoder | PlainHead] = Decoder
    ) -> None:
        super().__init__()
        self.backbone = trunk
        self.classifier = head(trunk.fine_channels, trunk.deep_channels, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits = self.classifier(*self.backbone(pixels))
        return F.interpolate(logits, pixels.shape[-2:], mode="bilinear", align_corners=False)


class AlignedPyramid(nn.Module):
    """The pyramid by the names of jfzhang95/pytorch-deeplab-xception."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        for number, rate in enumerate((1, *RATES), start=1):
            conv, norm, relu = _conv(inputs, WIDTH, 1 if number == 1 else 3, rate)
            self.add_module(f"aspp{number}", nn.Sequential(OrderedDict(atrous_conv=conv, bn=norm, relu=relu)))
        self.global_avg_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_conv(inputs, WIDTH))
        self.conv1, self.bn1, self.relu = _conv(5 * WIDTH, WIDTH)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        found = [self.get_submodule(f"aspp{number}")(features) for number in range(1, 5)]
        found.append(self.global_avg_pool(features).expand_as(found[0]))
        return self.relu(self.bn1(self.conv1(torch.cat(found, dim=1))))


class AlignedDecoder(nn.Module):
    """The decoder by the names of jfzhang95/pytorch-deeplab-xception; context first, one convolution more."""

    def __init__(self, fine: int, num_classes: int) -> None:
        super().__init__()
        self.conv1, self.bn1, self.relu = _conv(fine, FINE_WIDTH)
        first = [*_conv(FINE_WIDTH + WIDTH, WIDTH, 3), nn.Dropout(0.5)]
        second = [*_conv(WIDTH, WIDTH, 3), nn.Dropout(0.1)]
        self.last_conv = nn.Sequential(*first, *second, nn.Conv2d(WIDTH, num_classes, 1))

    def forward(self, context: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:
        edges = self.relu(self.bn1(self.conv1(fine)))
        context = F.interpolate(context, edges.shape[-2:], mode="bilinear", align_corners=True)
        return self.last_conv(torch.cat((context, edges), dim=1))


class AlignedDeepLab(nn.Module):
    """`[N, 3, H, W]` to logits `[N, C, H, W]` on the aligned Xception."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.backbone = AlignedXception()
        self.aspp = AlignedPyramid(self.backbone.deep_channels)
        self.decoder = AlignedDecoder(self.backbone.fine_channels, num_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        fine, deep = self.backbone(pixels)
        logits = self.decoder(self.aspp(deep), fine)
        return F.interpolate(logits, pixels.shape[-2:], mode="bilinear", align_corners=True)


def build_resnet50(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return DeepLab(ResNet(50, width), num_classes or 21)


def build_resnet101(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return DeepLab(ResNet(101, width), num_classes or 21)


def build_mobilenet_v2(num_classes: int | None = None) -> nn.Module:
    return DeepLab(MobileNetV2(), num_classes or 21)


def build_xception(num_classes: int | None = None) -> nn.Module:
    return DeepLab(Xception(), num_classes or 21)


def build_xception65(num_classes: int | None = None) -> nn.Module:
    return AlignedDeepLab(num_classes or 21)


def build_v3_mobilenet_v2(num_classes: int | None = None) -> nn.Module:
    return DeepLab(MobileNetV2(), num_classes or 21, PlainHead)
