"""Gated-SCNN: Takikawa, Acuna, Jampani, Fidler: Gated-SCNN: Gated Shape CNNs for Semantic Segmentation, ICCV 2019,
arXiv:1907.05740.

Tensor names and deviations are those of the authors' nv-tlabs/GSCNN (network/gscnn.py): Canny's edges are looked for in
the normalised image, cut to whole numbers of eight bits, where small negative values become large.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .wide_resnet import WideResNet38

RATES = (12, 24, 36)
SHAPE_WIDTHS = (32, 16, 8)
GUIDES = (3, 4, 7)
"""The modules of the trunk whose features open the gates."""

FINE = 48
CANNY = (10, 100)


def canny_edges(pixels: torch.Tensor) -> torch.Tensor:
    """`[N, 3, H, W]` to `[N, 1, H, W]`: 255 on an edge, else 0."""
    count, _, height, width = pixels.shape
    if pixels.is_meta:
        return pixels.new_empty((count, 1, height, width))
    images = pixels.detach().float().cpu().permute(0, 2, 3, 1).numpy().astype(np.int32).astype(np.uint8)
    edges = [cv2.Canny(np.ascontiguousarray(image), *CANNY) for image in images]
    return torch.from_numpy(np.stack(edges)[:, None]).to(pixels)


def _enlarged(features: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return F.interpolate(features, like.shape[-2:], mode="bilinear", align_corners=True)


def _conv(inputs: int, outputs: int, *, rate: int = 0) -> nn.Sequential:
    kernel = 3 if rate else 1
    conv = nn.Conv2d(inputs, outputs, kernel, padding=rate, dilation=rate or 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class BasicBlock(nn.Module):
    """Two 3×3 convolutions beside the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        added = torch.relu(self.bn1(self.conv1(features)))
        return torch.relu(self.bn2(self.conv2(added)) + features)


class GatedConv(nn.Module):
    """A 1×1 convolution of features that a guide from the trunk has weighted (section 3.1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels, 1, 1))
        nn.init.xavier_normal_(self.weight)
        self._gate_conv = nn.Sequential(
            nn.BatchNorm2d(channels + 1),
            nn.Conv2d(channels + 1, channels + 1, 1),
            nn.ReLU(),
            nn.Conv2d(channels + 1, 1, 1),
            nn.BatchNorm2d(1),
            nn.Sigmoid(),
        )

    def forward(self, features: torch.Tensor, guide: torch.Tensor) -> torch.Tensor:
        gate = self._gate_conv(torch.cat((features, guide), dim=1))
        return F.conv2d(features * (gate + 1), self.weight)


class EdgeAwarePyramid(nn.Module):
    """Dilated convolutions, the image's average and the edges side by side."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.features = nn.ModuleList(_conv(inputs, channels, rate=rate) for rate in (0, *RATES))
        self.img_conv = _conv(inputs, channels)
        self.edge_conv = _conv(1, channels)

    def forward(self, features: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        average = _enlarged(self.img_conv(F.adaptive_avg_pool2d(features, 1)), features)
        edge = self.edge_conv(_enlarged(edges, features))
        return torch.cat([average, edge, *(branch(features) for branch in self.features)], dim=1)


class GatedSCNN(WideResNet38):
    """`[N, 3, H, W]` to logits `[N, C, H, W]`. `width` is that of the trunk's first convolution."""

    def __init__(self, num_classes: int, width: int = 64) -> None:
        super().__init__(width)
        for number, factor in zip(GUIDES, (4, 8, 64), strict=True):
            self.add_module(f"dsn{number}", nn.Conv2d(factor * width, 1, 1))
        inputs = width
        for number, outputs in enumerate(SHAPE_WIDTHS, start=1):
            self.add_module(f"res{number}", BasicBlock(inputs))
            self.add_module(f"d{number}", nn.Conv2d(inputs, outputs, 1))
            self.add_module(f"gate{number}", GatedConv(outputs))
            inputs = outputs
        self.fuse = nn.Conv2d(inputs, 1, 1, bias=False)
        self.cw = nn.Conv2d(2, 1, 1, bias=False)
        channels = 4 * width
        self.aspp = EdgeAwarePyramid(64 * width, channels)
        self.bot_fine = nn.Conv2d(2 * width, FINE, 1, bias=False)
        self.bot_aspp = nn.Conv2d(6 * channels, channels, 1, bias=False)
        self.final_seg = nn.Sequential(
            *_conv(channels + FINE, channels, rate=1),
            *_conv(channels, channels, rate=1),
            nn.Conv2d(channels, num_classes, 1, bias=False),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        stages = self.stages(pixels)
        shape = torch.cat((self._boundaries(stages, pixels), canny_edges(pixels)), dim=1)
        deep = self.bot_aspp(self.aspp(stages[-1], torch.sigmoid(self.cw(shape))))
        fine = self.bot_fine(stages[1])
        logits = self.final_seg(torch.cat((fine, _enlarged(deep, fine)), dim=1))
        return F.interpolate(logits, pixels.shape[-2:], mode="bilinear", align_corners=False)

    def _boundaries(self, stages: list[torch.Tensor], pixels: torch.Tensor) -> torch.Tensor:
        """How likely each pixel lies on a boundary between classes, from the shape stream."""
        features = stages[0]
        for number, module in enumerate(GUIDES, start=1):
            guide = _enlarged(self.get_submodule(f"dsn{module}")(stages[module - 1]), pixels)
            features = self.get_submodule(f"d{number}")(self.get_submodule(f"res{number}")(features))
            features = self.get_submodule(f"gate{number}")(features, guide)
        return torch.sigmoid(self.fuse(features))

    def adapt_to(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Leave out a convolution that the reference has and never uses."""
        return {key: value for key, value in state.items() if not key.startswith("dsn1.")}


def build(num_classes: int | None = None, *, width: int = 64) -> nn.Module:
    return GatedSCNN(num_classes or 19, width)
